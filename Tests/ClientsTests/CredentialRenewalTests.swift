import Basics
import Foundation
import JSON
import TestSupport
import XCTest

@testable import Clients

/// Tests of the renewal of `aws sso login` tokens and `aws login` sessions, and of their caches.
final class CredentialRenewalTests: XCTestCase {
    private static let config = """
        [profile sso]
        sso_session = work
        sso_account_id = 123456789012
        sso_role_name = r
        [profile legacy]
        sso_start_url = https://old.example/start
        sso_region = eu-west-1
        sso_account_id = 123456789012
        sso_role_name = r
        [sso-session work]
        sso_region = eu-west-1
        sso_start_url = https://work.example/start
        [profile login]
        region = eu-west-1
        login_session = arn:aws:iam::123456789012:user/me
        """

    private func start() throws -> CredentialServer {
        let server = try CredentialServer()
        try server.home.write(Self.config, to: ".aws/config")
        return server
    }

    private func token(
        expiresAt: String, refreshToken: String? = "sso-refresh-1", registration: String = "2027-01-01T00:00:00Z"
    ) -> String {
        JSONValue.object(ofPresent: [
            ("startUrl", "https://work.example/start"), ("region", "eu-west-1"), ("accessToken", "sso-token-1"),
            ("expiresAt", .string(expiresAt)), ("clientId", "client-1"), ("clientSecret", "secret-of-client"),
            ("registrationExpiresAt", .string(registration)), ("refreshToken", refreshToken.map { .string($0) }),
        ]).text
    }

    private func mode(of file: URL) throws -> Int {
        try XCTUnwrap(FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int)
    }

    func testExpiredSSOTokenIsRenewedAndStored() async throws {
        // Expired, and about to expire: the clock shows 12:00.
        for end in ["2026-11-24T11:00:00Z", "2026-11-24T12:14:59Z"] {
            let server = try start()
            try server.writeToken(token(expiresAt: end), for: "work")
            let found = await server.outcome(server.variables(), AWSEnvironment.Options(profile: "sso"))
            XCTAssertEqual(found, "AKIDSSO", end)
            let requests = try await server.requests()
            XCTAssertEqual(requests.map { $0["path"]?.string?.prefix(11) }, ["/token", "/federation"])
            XCTAssertNil(requests[0]["headers"]?["authorization"])
            XCTAssertEqual(requests[0]["headers"]?["content-type"]?.string, "application/json")
            let body = try JSONValue(parsing: Array((requests[0]["body"]?.string ?? "").utf8))
            XCTAssertEqual(
                body,
                [
                    "grantType": "refresh_token", "clientId": "client-1", "clientSecret": "secret-of-client",
                    "refreshToken": "sso-refresh-1",
                ])
            XCTAssertEqual(requests[1]["headers"]?["x-amz-sso_bearer_token"]?.string, "sso-token-2")
            let file = server.tokenFile(for: "work")
            XCTAssertEqual(
                try JSONValue(parsing: Array(try Data(contentsOf: file))),
                [
                    "startUrl": "https://work.example/start", "region": "eu-west-1", "accessToken": "sso-token-2",
                    "expiresAt": "2026-11-24T20:00:00Z", "clientId": "client-1", "clientSecret": "secret-of-client",
                    "registrationExpiresAt": "2027-01-01T00:00:00Z", "refreshToken": "sso-refresh-2",
                ])
            XCTAssertEqual(try mode(of: file), 0o600)
            let folder = file.deletingLastPathComponent().path
            XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder), [file.lastPathComponent])
        }
    }

    func testValidTokenIsNotRenewed() async throws {
        let server = try start()
        try server.writeToken(token(expiresAt: "2026-11-24T12:15:01Z"), for: "work")
        let found = await server.outcome(server.variables(), AWSEnvironment.Options(profile: "sso"))
        XCTAssertEqual(found, "AKIDSSO")
        let requests = try await server.requests()
        XCTAssertEqual(requests.map { $0["headers"]?["x-amz-sso_bearer_token"]?.string }, ["sso-token-1"])
    }

    func testErrorOfFailedRenewalNamesTheLoginCommand() async throws {
        let server = try start()
        for mode in ["denied", "no", "broken", "page", "empty", "null", "types", "cut"] {
            let text = token(expiresAt: "2026-11-24T11:00:00Z")
            try server.writeToken(text, for: "work")
            let found = await server.outcome(server.variables(mode), AWSEnvironment.Options(profile: "sso"))
            XCTAssertTrue(found.hasPrefix("profile \"sso\" (SSO): "), "\(mode): \(found)")
            XCTAssertTrue(found.hasSuffix("; run aws sso login --profile sso"), "\(mode): \(found)")
            for secret in ["sso-refresh", "secret-of", "sso-token"] where mode != "denied" || secret != "secret-of" {
                XCTAssertFalse(found.contains(secret), "\(mode): \(found)")
            }
            let file = server.tokenFile(for: "work")
            XCTAssertEqual(try String(contentsOf: file, encoding: .utf8), text, "the cache is kept: \(mode)")
            let folder = file.deletingLastPathComponent().path
            XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder), [file.lastPathComponent])
            let requests = try await server.requests().filter { $0["mode"]?.string == mode }
            XCTAssertEqual(requests.map { $0["path"]?.string }, ["/token"], mode)
            if mode == "denied" { XCTAssertTrue(found.contains("sso-oidc CreateToken: invalid_grant: "), found) }
        }
    }

    func testValidTokenIsUsedIfItsRenewalFails() async throws {
        let server = try start()
        try server.writeToken(token(expiresAt: "2026-11-24T12:10:00Z"), for: "work")
        let variables = server.variables().merging(["AWS_ENDPOINT_URL_SSO_OIDC": server.url("denied")]) { $1 }
        let found = await server.outcome(variables, AWSEnvironment.Options(profile: "sso"))
        XCTAssertEqual(found, "AKIDSSO")
        let requests = try await server.requests()
        XCTAssertEqual(requests.last?["headers"]?["x-amz-sso_bearer_token"]?.string, "sso-token-1")
    }

    func testTokenWithoutRenewalDataIsNotRenewed() async throws {
        let expired = "2026-11-24T11:00:00Z"
        let server = try start()
        for (text, profile) in [
            (token(expiresAt: expired, refreshToken: nil), "sso"), (token(expiresAt: expired, refreshToken: ""), "sso"),
            (token(expiresAt: expired, registration: "2026-11-24T11:59:59Z"), "sso"),
            (token(expiresAt: expired, registration: "soon"), "sso"), (token(expiresAt: expired), "legacy"),
        ] {
            for key in ["work", "https://old.example/start"] { try server.writeToken(text, for: key) }
            let found = await server.outcome(server.variables(), AWSEnvironment.Options(profile: profile))
            XCTAssertEqual(
                found,
                "profile \"\(profile)\" (SSO): the cached token has expired; run aws sso login --profile \(profile)",
                text)
        }
        let requests = try await server.requests()
        XCTAssertEqual(requests, [])
    }

    func testUnwritableCacheKeepsItsRefreshToken() async throws {
        let server = try start()
        try server.writeToken(token(expiresAt: "2026-11-24T11:00:00Z"), for: "work")
        let session = try JSONValue(parsing: Array(token(expiresAt: "2026-11-24T11:00:00Z").utf8))
        let cached = CachedToken(path: "/proc/self/nothing/x.json")
        XCTAssertNil(CachedToken.Replacement(of: cached.path))
        XCTAssertNil(cached.read())
        // A missing folder has the same effect as a read-only one, which root could write to.
        let replacement = try XCTUnwrap(CachedToken.Replacement(of: server.tokenFile(for: "work").path))
        try FileManager.default.removeItem(at: server.tokenFile(for: "work").deletingLastPathComponent())
        XCTAssertFalse(replacement.commit(try XCTUnwrap(session.object)))
    }
}

/// Sessions of `aws login`.
extension CredentialRenewalTests {
    private func openssl(_ arguments: String...) throws -> String {
        let run = try RunningProgram(
            URL(filePath: "/usr/bin/env"), ["openssl"] + arguments,
            environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
        ).finish()
        XCTAssertEqual(run.status, 0, run.notes)
        return run.output
    }

    private func loginFile(_ server: CredentialServer) -> URL {
        let name = SHA256.digest(of: Array("arn:aws:iam::123456789012:user/me".utf8)).hexadecimal
        return server.home.url.appending(path: ".aws/login/cache/\(name).json")
    }

    private func writeSession(_ server: CredentialServer, expiresAt: String, key: String?) throws {
        let session = JSONValue.object(ofPresent: [
            (
                "accessToken",
                [
                    "accessKeyId": "AKIDCACHED", "secretAccessKey": "secret-of-AKIDCACHED",
                    "sessionToken": "token-of-AKIDCACHED", "accountId": "123456789012",
                    "expiresAt": .string(expiresAt),
                ]
            ),
            ("tokenType", "aws_sigv4"), ("clientId", "arn:aws:signin:::devtools/same-device"),
            ("refreshToken", "login-refresh-1"), ("idToken", "id-1"), ("dpopKey", key.map { .string($0) }),
        ])
        let file = loginFile(server)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(session.bytes).write(to: file)
    }

    func testValidSessionIsUsed() async throws {
        let server = try start()
        try writeSession(server, expiresAt: "2026-11-24T12:05:01Z", key: nil)
        let found = await server.outcome(server.variables().merging(["AWS_PROFILE": "login"]) { $1 })
        XCTAssertEqual(found, "AKIDCACHED")
        let moved = try start()
        try writeSession(moved, expiresAt: "2026-11-24T13:00:00Z", key: nil)
        let folder = moved.home.url.appending(path: "elsewhere")
        try FileManager.default.moveItem(at: loginFile(moved).deletingLastPathComponent(), to: folder)
        for path in [folder.path, "~/elsewhere"] {
            let elsewhere = ["AWS_PROFILE": "login", "AWS_LOGIN_CACHE_DIRECTORY": path]
            let other = await moved.outcome(moved.variables().merging(elsewhere) { $1 })
            XCTAssertEqual(other, "AKIDCACHED", path)
        }
        let requests = try await server.requests() + moved.requests()
        XCTAssertEqual(requests, [])
    }

    func testExpiredSessionIsRenewedWithProofOfKey() async throws {
        let pem = try openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")
        let server = try start()
        try writeSession(server, expiresAt: "2026-11-24T12:04:59Z", key: pem)
        let found = await server.outcome(server.variables().merging(["AWS_PROFILE": "login"]) { $1 })
        XCTAssertEqual(found, "AKIDLOGIN")
        let requests = try await server.requests()
        XCTAssertEqual(requests.map { $0["path"]?.string }, ["/v1/token"])
        XCTAssertNil(requests[0]["headers"]?["authorization"])
        XCTAssertEqual(
            try JSONValue(parsing: Array((requests[0]["body"]?.string ?? "").utf8)),
            [
                "clientId": "arn:aws:signin:::devtools/same-device", "grantType": "refresh_token",
                "refreshToken": "login-refresh-1",
            ])
        try check(
            requests[0]["headers"]?["dpop"]?.string ?? "", url: server.url() + "/v1/token", pem: pem,
            now: server.clock.time.millisecondsSinceEpoch / 1000)
        let file = loginFile(server)
        let cached = try JSONValue(parsing: Array(try Data(contentsOf: file)))
        XCTAssertEqual(
            cached["accessToken"],
            [
                "accessKeyId": "AKIDLOGIN", "secretAccessKey": "secret-of-AKIDLOGIN",
                "sessionToken": "token-of-AKIDLOGIN", "accountId": "123456789012",
                "expiresAt": "2026-11-24T12:15:00Z",
            ])
        XCTAssertEqual(cached["refreshToken"], "login-refresh-2")
        XCTAssertEqual(cached["dpopKey"]?.string, pem)
        XCTAssertEqual(cached["idToken"], "id-1")
        XCTAssertEqual(try mode(of: file), 0o600)
    }

    /// Checks the parts of a proof, and its signature with the OpenSSL command.
    private func check(_ proof: String, url: String, pem: String, now: Int64) throws {
        let parts = proof.split(separator: ".").map { part in
            let standard = part.replacing("-", with: "+").replacing("_", with: "/")
            return Data(base64Encoded: standard + String(repeating: "=", count: (4 - part.count % 4) % 4)) ?? Data()
        }
        XCTAssertEqual(parts.count, 3, proof)
        let header = try JSONValue(parsing: Array(parts[0]))
        XCTAssertEqual(header["typ"], "dpop+jwt")
        XCTAssertEqual(header["alg"], "ES256")
        XCTAssertEqual(header["jwk"]?.object?.names, ["kty", "x", "y", "crv"])
        let payload = try JSONValue(parsing: Array(parts[1]))
        XCTAssertEqual(payload["htm"], "POST")
        XCTAssertEqual(payload["htu"]?.string, url)
        XCTAssertEqual(payload["iat"]?.integer, Int(now))
        XCTAssertFalse(payload["jti"]?.string?.isEmpty ?? true)
        XCTAssertEqual(parts[2].count, 64)
        let folder = try TemporaryFolder()
        let key = try folder.write(pem, to: "key.pem")
        let publicKey = try folder.write(try openssl("ec", "-in", key, "-pubout"), to: "verification.pem")
        let text = try folder.write(proof.split(separator: ".").prefix(2).joined(separator: "."), to: "text")
        let signature = folder.url.appending(path: "signature")
        try Data(Self.der(Array(parts[2]))).write(to: signature)
        let verdict = try openssl("dgst", "-sha256", "-verify", publicKey, "-signature", signature.path, text)
        XCTAssertTrue(verdict.contains("Verified OK"), verdict)
        // The key in the proof is the public one.
        let der = Array(
            try XCTUnwrap(
                Data(
                    base64Encoded: try String(contentsOfFile: publicKey, encoding: .utf8).split(separator: "\n")
                        .filter { !$0.hasPrefix("-----") }.joined())))
        let point = ["x", "y"].compactMap { header["jwk"]?[$0]?.string }.flatMap { part in
            let standard = part.replacing("-", with: "+").replacing("_", with: "/")
            return Array(Data(base64Encoded: standard + "=") ?? Data())
        }
        XCTAssertEqual(Array(der.suffix(64)), point)
    }

    /// Two integers as a DER sequence.
    private static func der(_ numbers: [UInt8]) -> [UInt8] {
        let integers = [numbers[..<32], numbers[32...]].flatMap { number -> [UInt8] in
            let short = Array(number.drop { $0 == 0 })
            let content = (short.first ?? 0x80) >= 0x80 ? [0] + short : short
            return [2, UInt8(content.count)] + content
        }
        return [0x30, UInt8(integers.count)] + integers
    }

    func testErrorOfUnusableSessionNamesTheLoginCommand() async throws {
        let pem = try openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")
        let other = try openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout")
        let server = try start()
        for key in [nil, "", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "\u{0}", other] {
            try writeSession(server, expiresAt: "2026-11-24T11:00:00Z", key: key)
            let found = await server.outcome(server.variables().merging(["AWS_PROFILE": "login"]) { $1 })
            XCTAssertEqual(
                found,
                "profile \"login\" (aws login): the session has expired, and its cache lacks the data to renew it; "
                    + "run aws login --profile login", key ?? "none")
        }
        for mode in ["denied", "no", "broken", "page", "empty", "null", "types", "cut", "expired"] {
            try writeSession(server, expiresAt: "2026-11-24T11:00:00Z", key: pem)
            let before = try Data(contentsOf: loginFile(server))
            let found = await server.outcome(server.variables(mode).merging(["AWS_PROFILE": "login"]) { $1 })
            XCTAssertTrue(found.hasPrefix("profile \"login\" (aws login): "), "\(mode): \(found)")
            XCTAssertTrue(found.hasSuffix("; run aws login --profile login"), "\(mode): \(found)")
            XCTAssertFalse(found.contains("login-refresh"), "\(mode): \(found)")
            XCTAssertEqual(try Data(contentsOf: loginFile(server)), before, mode)
        }
        for text in ["", "{}", "[]", #"{"accessToken":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":""}}"#] {
            try Data(text.utf8).write(to: loginFile(server))
            let found = await server.outcome(server.variables().merging(["AWS_PROFILE": "login"]) { $1 })
            XCTAssertTrue(found.hasSuffix("; run aws login --profile login"), "\(text): \(found)")
        }
    }
}
