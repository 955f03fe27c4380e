import JSON
import Telemetry
import Transport

/// Credentials for a role of IAM Identity Center, by the token that `aws sso login` left in its cache.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>
struct SSOCredentials: Sendable {
    let region: String
    private let profileName: String
    private let account: String
    private let role: String
    /// The file that holds the token.
    private let cachePath: String

    private var origin: String { "profile \"\(profileName)\" (SSO)" }

    init(_ profile: SharedConfiguration.Profile, _ shared: SharedConfiguration) throws(CredentialError) {
        profileName = profile.name
        let origin = "profile \"\(profile.name)\" (SSO)"
        var settings = profile
        var cacheKey = profile["sso_start_url"]
        if let name = profile["sso_session"] {
            guard let session = shared.ssoSession(name) else {
                throw .unusable(origin: origin, reason: "there is no section [sso-session \(name)]")
            }
            (settings, cacheKey) = (session, name)
        }
        guard let region = settings["sso_region"], let account = profile["sso_account_id"],
            let role = profile["sso_role_name"], let cacheKey
        else {
            let needed = [
                ("sso_region", settings["sso_region"]), ("sso_account_id", profile["sso_account_id"]),
                ("sso_role_name", profile["sso_role_name"]),
            ]
            let missing = needed.filter { $0.1 == nil }.map(\.0).joined(separator: " and ")
            throw .unusable(origin: origin, reason: "\(missing) is missing")
        }
        guard let folder = shared.folder else {
            throw .unusable(origin: origin, reason: "HOME is not set, and so the token's cache cannot be found")
        }
        (self.region, self.account, self.role) = (region, account, role)
        cachePath = "\(folder)/sso/cache/\(SHA1.digest(of: Array(cacheKey.utf8)).hexadecimal).json"
    }

    func credentials(from client: AWSClient, now: WallClock) async throws -> AWSCredentials {
        var request = AWSRequest(
            service: .sso, operation: "GetRoleCredentials", method: "GET", path: ["federation", "credentials"])
        request.query = [AWSRequest.QueryItem("account_id", account), AWSRequest.QueryItem("role_name", role)]
        let token = try token(now: now)
        request.headers = [HTTPHeader("x-amz-sso_bearer_token", token)]
        request.secrets = [token]
        request.isSigned = false
        request.timeout = .seconds(15)
        let answer: JSONValue
        do { answer = try await client.send(request).json() } catch let error as AWSError
            where error.code == "UnauthorizedException"
        {
            throw CredentialError.unusable(origin: origin, reason: "the session is over; \(advice)")
        } catch let error as AWSError { throw CredentialError.failed(origin: origin, error) }
        let found = answer["roleCredentials"]
        guard let key = found?["accessKeyId"]?.string, let secret = found?["secretAccessKey"]?.string,
            let expiration = found?["expiration"]?.integer
        else { throw CredentialError.unusable(origin: origin, reason: "the answer holds no credentials") }
        return AWSCredentials(
            accessKeyID: key, secretAccessKey: secret, sessionToken: found?["sessionToken"]?.string,
            expiration: WallClock(millisecondsSinceEpoch: Int64(expiration)))
    }

    private var advice: String { "run aws sso login --profile \(profileName)" }

    private func token(now: WallClock) throws(CredentialError) -> String {
        guard case .bytes(let bytes) = LocalFile.read(cachePath), let cache = try? JSONValue(parsing: bytes),
            let token = cache["accessToken"]?.string, !token.isEmpty, !token.utf8.contains(where: { $0 < 0x20 })
        else { throw .unusable(origin: origin, reason: "there is no cached token; \(advice)") }
        guard let expiration = cache["expiresAt"]?.string.flatMap(WallClock.init(iso8601:)), expiration > now else {
            throw .unusable(origin: origin, reason: "the cached token has expired; \(advice)")
        }
        return token
    }
}
