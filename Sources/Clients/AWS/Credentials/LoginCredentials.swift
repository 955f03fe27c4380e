import Basics
import JSON
import Telemetry
import Transport

/// Credentials of a console session from the cache of `aws login`.
///
/// They are valid for 15 minutes and are renewed with the session's refresh token, as by the AWS CLI.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-login-credentials.html>
struct LoginCredentials: Sendable {
    let origin: String
    private let profileName: String
    private let cache: CachedToken

    /// The time before the expiration at which credentials are renewed, in ms.
    private static let renewalMargin: Int64 = 300_000

    /// - Parameter session: The profile's `login_session`.
    init(
        _ session: String, profileName: String, _ variables: Variables, folder: String?
    ) throws(CredentialError) {
        self.profileName = profileName
        origin = "profile \"\(profileName)\" (aws login)"
        var cacheFolder = variables["AWS_LOGIN_CACHE_DIRECTORY"] ?? folder.map { $0 + "/login/cache" }
        if let home = variables["HOME"], let path = cacheFolder, path.utf8.starts(with: "~/".utf8) {
            cacheFolder = home + path.dropFirst()
        }
        guard let cacheFolder else {
            throw .unusable(origin: origin, reason: "HOME is not set, so the session's cache cannot be found")
        }
        cache = CachedToken(path: "\(cacheFolder)/\(SHA256.digest(of: Array(session.utf8)).hexadecimal).json")
    }

    private var advice: String { "run aws login --profile \(profileName)" }

    private func unusable(_ reason: String) -> CredentialError {
        .unusable(origin: origin, reason: "\(reason); \(advice)")
    }

    /// - Parameter client: A client for the profile's Region.
    func credentials(from client: AWSClient, now: WallClock) async throws -> AWSCredentials {
        guard let cached = cache.read() else { throw unusable("no session is cached") }
        guard let current = credentials(in: cached) else { throw unusable("the cached session is incomplete") }
        if Self.isValid(current, for: Self.renewalMargin, now) { return current }
        do { return try await renewed(cached, client, now: now) } catch let error as CancellationError {
            throw error
        } catch {
            // Another process may have renewed the credentials in the meantime.
            if let other = cache.read().flatMap({ credentials(in: $0) }), Self.isValid(other, for: 0, now) {
                return other
            }
            throw error
        }
    }

    private static func isValid(_ credentials: AWSCredentials, for milliseconds: Int64, _ now: WallClock) -> Bool {
        guard let expiration = credentials.expiration else { return false }
        return expiration.millisecondsSinceEpoch - now.millisecondsSinceEpoch > milliseconds
    }

    private func credentials(in cached: JSONObject) -> AWSCredentials? {
        guard let token = cached["accessToken"]?.object, let key = token.token("accessKeyId"),
            let secret = token.token("secretAccessKey"), let session = token.token("sessionToken"),
            let expiration = token.token("expiresAt").flatMap(WallClock.init(iso8601:))
        else { return nil }
        return AWSCredentials(
            accessKeyID: key, secretAccessKey: secret, sessionToken: session, expiration: expiration)
    }

    /// Renews the credentials and stores them.
    private func renewed(_ cached: JSONObject, _ client: AWSClient, now: WallClock) async throws -> AWSCredentials {
        guard let clientID = cached.token("clientId"), let refreshToken = cached.token("refreshToken"),
            let key = cached["dpopKey"]?.string.flatMap(SigningKey.init(pem:))
        else { throw unusable("the session has expired, and its cache lacks the data to renew it") }
        var request = AWSRequest(
            service: .signIn, operation: "CreateOAuth2Token", method: "POST", path: ["v1", "token"])
        let url = request.url(at: try client.endpoint(of: .signIn))
        guard let proof = DPoPProof(method: request.method, url: url, now: now).text(signedWith: key) else {
            throw unusable("the session has expired, and its cached key cannot sign")
        }
        request.headers = [HTTPHeader("Content-Type", "application/json"), HTTPHeader("DPoP", proof)]
        request.body =
            JSONValue.object(ofPresent: [
                ("clientId", .string(clientID)), ("grantType", "refresh_token"),
                ("refreshToken", .string(refreshToken)),
            ]).bytes
        request.secrets = [refreshToken, proof]
        request.isSigned = false
        // A proof is accepted only once, and the new refresh token must not be lost.
        request.maxAttempts = 1
        request.isAbandonedOnCancel = false
        request.timeout = .seconds(15)
        return try await exchange(request, for: cached, client, now: now)
    }

    private func exchange(
        _ request: AWSRequest, for cached: JSONObject, _ client: AWSClient, now: WallClock
    ) async throws -> AWSCredentials {
        guard let file = CachedToken.Replacement(of: cache.path) else {
            throw unusable("the session has expired, and its cache cannot be written")
        }
        let answer: JSONObject
        do { answer = try await client.send(request).json().object ?? JSONObject() } catch {
            file.discard()
            guard let error = error as? AWSError else { throw error }
            throw CredentialError.notRenewed(origin: origin, error, advice: advice)
        }
        guard let token = answer["accessToken"]?.object, let refreshToken = answer.token("refreshToken"),
            let seconds = answer["expiresIn"]?.integer, (1...86_400).contains(seconds),
            var access = cached["accessToken"]?.object
        else {
            file.discard()
            throw unusable("the response to the session's renewal contains no credentials")
        }
        let end = WallClock(millisecondsSinceEpoch: now.millisecondsSinceEpoch + Int64(seconds) * 1000)
        for name in ["accessKeyId", "secretAccessKey", "sessionToken"] { access[name] = token[name] ?? .null }
        access["expiresAt"] = .string(end.iso8601.prefix(19) + "Z")
        var renewed = cached
        renewed["accessToken"] = .object(access)
        renewed["refreshToken"] = .string(refreshToken)
        guard let credentials = credentials(in: renewed) else {
            file.discard()
            throw unusable("the response to the session's renewal contains no credentials")
        }
        guard file.commit(renewed) else { throw unusable("the renewed session cannot be written") }
        return credentials
    }
}

/// A proof that the sender of a request has the session's key.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9449#section-4.2>
struct DPoPProof: Sendable {
    var method: String
    var url: String
    var now: WallClock
    /// A unique ID of the proof.
    var id = (0..<16).map { _ in UInt8.random(in: 0...255) }.hexadecimal

    /// Returns the signed proof, or nil if the key cannot sign.
    func text(signedWith key: SigningKey) -> String? {
        guard let point = key.publicPoint() else { return nil }
        let jwk = JSONValue.object(ofPresent: [
            ("kty", "EC"), ("x", .string(Self.encoded(point.x))), ("y", .string(Self.encoded(point.y))),
            ("crv", "P-256"),
        ])
        let header = JSONValue.object(ofPresent: [("typ", "dpop+jwt"), ("alg", "ES256"), ("jwk", jwk)])
        let payload = JSONValue.object(ofPresent: [
            ("htm", .string(method)), ("htu", .string(url)),
            ("iat", .number(String(now.millisecondsSinceEpoch / 1000))), ("jti", .string(id)),
        ])
        let text = "\(Self.encoded(header.bytes)).\(Self.encoded(payload.bytes))"
        return key.signature(of: Array(text.utf8)).map { "\(text).\(Self.encoded($0))" }
    }

    private static func encoded(_ bytes: [UInt8]) -> String { Base64Text.encode(bytes.span, .urlWithoutPadding) }
}
