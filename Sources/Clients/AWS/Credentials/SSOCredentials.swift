import Basics
import JSON
import Telemetry
import Transport

/// Credentials of an IAM Identity Center role, with the token that `aws sso login` has cached.
///
/// The token of an `sso-session` is renewed with its refresh token, as by the AWS CLI.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>
struct SSOCredentials: Sendable {
    let region: String
    private let profileName: String
    private let account: String
    private let role: String
    private let cache: CachedToken
    /// The start URL that the session and the cache must share; nil for a profile without a session, whose token is not
    /// renewed.
    private let startURL: String?

    /// The time before the expiration at which a token is renewed, in ms.
    private static let renewalMargin: Int64 = 900_000

    private var origin: String { "profile \"\(profileName)\" (SSO)" }

    init(_ profile: SharedConfiguration.Profile, _ shared: SharedConfiguration) throws(CredentialError) {
        profileName = profile.name
        let origin = "profile \"\(profile.name)\" (SSO)"
        var settings = profile
        var cacheKey = profile["sso_start_url"]
        if let name = profile["sso_session"] {
            guard let session = try Self.session(name, shared, origin) else {
                throw .unusable(
                    origin: origin,
                    reason:
                        "the section [sso-session \(name)] is missing; run aws configure sso --profile \(profile.name)")
            }
            (settings, cacheKey) = (session, name)
        }
        startURL = profile["sso_session"] == nil ? nil : settings["sso_start_url"] ?? ""
        guard let region = settings["sso_region"], let account = profile["sso_account_id"],
            let role = profile["sso_role_name"], let cacheKey
        else {
            let needed = [
                ("sso_session or sso_start_url", cacheKey), ("sso_region", settings["sso_region"]),
                ("sso_account_id", profile["sso_account_id"]), ("sso_role_name", profile["sso_role_name"]),
            ]
            let missing = needed.filter { $0.1 == nil }.map(\.0)
            throw .unusable(
                origin: origin,
                reason: "\(missing.joined(separator: " and ")) \(missing.count == 1 ? "is" : "are") missing; "
                    + "run aws configure sso --profile \(profile.name)")
        }
        guard let folder = shared.folder else {
            throw .unusable(origin: origin, reason: "HOME is not set, so the token's cache cannot be found")
        }
        (self.region, self.account, self.role) = (region, account, role)
        cache = CachedToken(
            path: "\(folder)/sso/cache/\(SHA1.digest(of: Array(cacheKey.utf8)).hexadecimal).json")
    }

    private static func session(
        _ name: String, _ shared: SharedConfiguration, _ origin: String
    ) throws(CredentialError) -> SharedConfiguration.Profile? {
        do { return try shared.ssoSession(name) } catch {
            throw .unusable(origin: origin, reason: "\(error)")
        }
    }

    /// - Parameter client: A client for the session's Region.
    func credentials(from client: AWSClient, now: WallClock) async throws -> AWSCredentials {
        var request = AWSRequest(
            service: .sso, operation: "GetRoleCredentials", method: "GET", path: ["federation", "credentials"])
        request.query = [AWSRequest.QueryItem("account_id", account), AWSRequest.QueryItem("role_name", role)]
        let token = try await token(client, now: now)
        request.headers = [HTTPHeader("x-amz-sso_bearer_token", token)]
        request.secrets = [token]
        request.isSigned = false
        request.timeout = .seconds(15)
        let answer: JSONValue
        do { answer = try await client.send(request).json() } catch let error as AWSError
            where error.code == "UnauthorizedException"
        {
            throw CredentialError.unusable(origin: origin, reason: "the session has ended; \(advice)")
        } catch let error as AWSError { throw CredentialError.failed(origin: origin, error) }
        let found = answer["roleCredentials"]
        guard let key = found?["accessKeyId"]?.string, let secret = found?["secretAccessKey"]?.string,
            let expiration = found?["expiration"]?.integer
        else { throw CredentialError.unusable(origin: origin, reason: "the response contains no credentials") }
        return AWSCredentials(
            accessKeyID: key, secretAccessKey: secret, sessionToken: found?["sessionToken"]?.string,
            expiration: WallClock(millisecondsSinceEpoch: Int64(expiration)))
    }

    private var advice: String { "run aws sso login --profile \(profileName)" }

}

/// The access token.
extension SSOCredentials {
    /// Returns the cached token, renewed if it is about to expire.
    private func token(_ client: AWSClient, now: WallClock) async throws -> String {
        let cached = cache.read()
        guard let cached, let token = cached.token("accessToken") else {
            throw CredentialError.unusable(origin: origin, reason: "no token is cached; \(advice)")
        }
        let expiration = Self.time("expiresAt", in: cached)
        let isValid = expiration.map { $0 > now } ?? false
        if let expiration, expiration.millisecondsSinceEpoch - now.millisecondsSinceEpoch > Self.renewalMargin {
            return token
        }
        guard let grant = Grant(cached, now: now), let startURL else {
            if isValid { return token }
            throw CredentialError.unusable(origin: origin, reason: "the cached token has expired; \(advice)")
        }
        do { return try await renewed(grant, startURL, client, now: now) } catch let error as CancellationError {
            throw error
        } catch {
            // Another process may have renewed the token, with the same refresh token, in the meantime.
            if let other = cache.read(), let token = other.token("accessToken"),
                let expiration = Self.time("expiresAt", in: other), expiration > now
            {
                return token
            }
            throw error
        }
    }

    /// The data that renews a token.
    private struct Grant {
        let clientID: String
        let clientSecret: String
        let refreshToken: String
        let registrationExpiresAt: String

        /// Fails if a part is missing or the registration has expired.
        init?(_ cached: JSONObject, now: WallClock) {
            guard let clientID = cached.token("clientId"), let clientSecret = cached.token("clientSecret"),
                let refreshToken = cached.token("refreshToken"),
                let registration = cached.token("registrationExpiresAt"),
                let end = SSOCredentials.time("registrationExpiresAt", in: cached), end > now
            else { return nil }
            (self.clientID, self.clientSecret, self.refreshToken) = (clientID, clientSecret, refreshToken)
            registrationExpiresAt = registration
        }
    }

    /// Renews the token, stores it in the cache, and returns it.
    ///
    /// Source: <https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html>
    private func renewed(
        _ grant: Grant, _ startURL: String, _ client: AWSClient, now: WallClock
    ) async throws -> String {
        guard let file = CachedToken.Replacement(of: cache.path) else {
            throw CredentialError.unusable(
                origin: origin, reason: "the cached token has expired and its folder cannot be written; \(advice)")
        }
        let answer: JSONObject
        do {
            answer = try await client.send(Self.request(grant)).json().object ?? JSONObject()
        } catch {
            file.discard()
            guard let error = error as? AWSError else { throw error }
            throw CredentialError.notRenewed(origin: origin, error, advice: advice)
        }
        guard let token = answer.token("accessToken"), let seconds = answer["expiresIn"]?.integer,
            (1...31_536_000).contains(seconds)
        else {
            file.discard()
            throw CredentialError.unusable(
                origin: origin, reason: "the response to the token's renewal contains no token; \(advice)")
        }
        let end = WallClock(millisecondsSinceEpoch: now.millisecondsSinceEpoch + Int64(seconds) * 1000)
        var members: [(String, JSONValue?)] = [
            ("startUrl", .string(startURL)), ("region", .string(region)), ("accessToken", .string(token)),
            ("expiresAt", .string(end.iso8601.prefix(19) + "Z")), ("clientId", .string(grant.clientID)),
            ("clientSecret", .string(grant.clientSecret)),
            ("registrationExpiresAt", .string(grant.registrationExpiresAt)),
        ]
        members.append(("refreshToken", answer.token("refreshToken").map { .string($0) }))
        guard file.commit(JSONValue.object(ofPresent: members).object ?? JSONObject()) else {
            throw CredentialError.unusable(origin: origin, reason: "the renewed token cannot be written; \(advice)")
        }
        return token
    }

    private static func request(_ grant: Grant) -> AWSRequest {
        var request = AWSRequest(service: .ssoOIDC, operation: "CreateToken", method: "POST", path: ["token"])
        request.headers = [HTTPHeader("Content-Type", "application/json")]
        request.body =
            JSONValue.object(ofPresent: [
                ("grantType", "refresh_token"), ("clientId", .string(grant.clientID)),
                ("clientSecret", .string(grant.clientSecret)), ("refreshToken", .string(grant.refreshToken)),
            ]).bytes
        request.secrets = [grant.clientSecret, grant.refreshToken]
        request.isSigned = false
        // The new refresh token must not be lost.
        request.isAbandonedOnCancel = false
        request.timeout = .seconds(15)
        return request
    }

    private static func time(_ name: String, in cached: JSONObject) -> WallClock? {
        cached[name]?.string.flatMap(WallClock.init(iso8601:))
    }
}
