import JSON
import XCTest

@testable import Clients

/// Tests of valid and invalid responses of the endpoints that provide credentials.
final class CredentialEndpointTests: XCTestCase {
    private static let hostile = [
        "page", "empty", "null", "list", "types", "blank", "dateless", "no", "broken", "redirect", "cut", "huge",
    ]

    /// Returns the variables that select each endpoint.
    private func endpoints(_ server: CredentialServer, _ mode: String) throws -> [(name: String, [String: String])] {
        try server.home.write(
            """
            [profile role]
            role_arn = arn:r
            source_profile = keys
            [profile keys]
            aws_access_key_id = AKIDKEYS
            aws_secret_access_key = secret-of-keys
            [profile sso]
            sso_session = work
            sso_account_id = 123456789012
            sso_role_name = r e
            [profile legacy]
            sso_start_url = https://old.example/start
            sso_region = eu-west-1
            sso_account_id = 123456789012
            sso_role_name = r
            [sso-session work]
            sso_region = eu-west-1
            sso_start_url = https://work.example/start
            """, to: ".aws/config")
        for key in ["work", "https://old.example/start"] {
            try server.writeToken(#"{"accessToken":"sso-token","expiresAt":"2026-11-24T20:00:00Z"}"#, for: key)
        }
        let all = server.variables(mode)
        let file = try server.home.write("container-token\n", to: "container-token")
        let token = try server.home.write("web-token", to: "web-token")
        let container = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url(mode) + "/container"]
        return [
            ("profile \"role\"", all.merging(["AWS_PROFILE": "role"]) { $1 }),
            ("profile \"sso\" (SSO)", all.merging(["AWS_PROFILE": "sso"]) { $1 }),
            ("profile \"legacy\" (SSO)", all.merging(["AWS_PROFILE": "legacy"]) { $1 }),
            (
                "the environment's web identity",
                all.merging(["AWS_ROLE_ARN": "arn:r", "AWS_WEB_IDENTITY_TOKEN_FILE": token]) { $1 }
            ),
            (
                "the container's endpoint",
                all.merging(container) { $1 }.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file]) { $1 }
            ),
            (
                "the container's endpoint",
                all.merging(container) { $1 }.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN": "plain-token"]) { $1 }
            ),
            ("instance metadata", all),
        ]
    }

    func testValidResponsesAreUsed() async throws {
        let server = try CredentialServer()
        for ((origin, variables), key) in zip(
            try endpoints(server, "fine"),
            ["AKIDSTS1", "AKIDSSO", "AKIDSSO", "AKIDSTS2", "AKIDCONTAINER", "AKIDCONTAINER", "AKIDINSTANCE"])
        {
            let chain = try server.chain(variables)
            let credentials = try await chain.credentials()
            XCTAssertEqual(credentials.accessKeyID, key, origin)
            XCTAssertEqual(credentials.secretAccessKey, "secret-of-" + key, origin)
            XCTAssertEqual(credentials.sessionToken, "token-of-" + key, origin)
            XCTAssertEqual(credentials.expiration, server.clock.later(3600), origin)
            let found = await chain.origin
            XCTAssertEqual(found, origin)
        }
        let requests = try await server.requests()
        let sso = requests.filter { $0["path"]?.string?.hasPrefix("/federation") == true }
        XCTAssertEqual(
            sso.map { $0["path"]?.string },
            [
                "/federation/credentials?account_id=123456789012&role_name=r%20e",
                "/federation/credentials?account_id=123456789012&role_name=r",
            ])
        XCTAssertEqual(sso.map { $0["headers"]?["x-amz-sso_bearer_token"]?.string }, ["sso-token", "sso-token"])
        XCTAssertEqual(sso.compactMap { $0["headers"]?["authorization"] }, [])
        let container = requests.filter { $0["path"]?.string == "/container" }
        XCTAssertEqual(container.map { $0["headers"]?["authorization"]?.string }, ["container-token", "plain-token"])
        let instance = requests.suffix(3)
        XCTAssertEqual(instance.map { $0["method"]?.string }, ["PUT", "GET", "GET"])
        XCTAssertEqual(
            instance.last?["path"]?.string, "/latest/meta-data/iam/security-credentials/role%20name")
    }

    func testInvalidResponsesAreRejected() async throws {
        let server = try CredentialServer()
        for mode in Self.hostile {
            for (origin, variables) in try endpoints(server, mode) {
                let chain = try server.chain(variables)
                do {
                    let credentials = try await chain.credentials()
                    XCTFail("\(mode), \(origin): \(credentials)")
                } catch {
                    let text = "\(error)"
                    XCTAssertTrue(error is CredentialError, "\(mode), \(origin): \(text)")
                    XCTAssertTrue(text.contains(origin), "\(mode), \(origin): \(text)")
                    for secret in ["secret-of", "AKIDLEAK", "-token", "xxxx"] {
                        XCTAssertFalse(text.contains(secret), "\(mode), \(origin): \(text)")
                    }
                    XCTAssertLessThan(text.count, 600, "\(mode), \(origin)")
                }
            }
        }
        let requests = try await server.requests()
        XCTAssertFalse(requests.contains { $0["mode"]?.string == "fine" }, "a redirect was followed")
    }

    func testErrorOfEndedSSOSessionNamesTheLoginCommand() async throws {
        let server = try CredentialServer()
        let variables = try endpoints(server, "expired")[1].1
        let over = "profile \"sso\" (SSO): the session has ended; run aws sso login --profile sso"
        let unauthorized = await server.outcome(variables)
        XCTAssertEqual(unauthorized, over)
        let cases = [
            (#"{"accessToken":"sso-token","expiresAt":"2026-11-24T11:59:59Z"}"#, "the cached token has expired"),
            (#"{"accessToken":"sso-token","expiresAt":"2026-11-24T11:59:59UTC"}"#, "the cached token has expired"),
            (#"{"accessToken":"sso-token","expiresAt":1}"#, "the cached token has expired"),
            (#"{"accessToken":"sso-token"}"#, "the cached token has expired"),
            (#"{"accessToken":"","expiresAt":"2026-11-24T20:00:00Z"}"#, "no token is cached"),
            (#"{"accessToken":"a\nb","expiresAt":"2026-11-24T20:00:00Z"}"#, "no token is cached"),
            ("sso-token", "no token is cached"), ("", "no token is cached"),
        ]
        for (text, reason) in cases {
            try server.writeToken(text, for: "work")
            let found = await server.outcome(variables)
            XCTAssertEqual(found, "profile \"sso\" (SSO): \(reason); run aws sso login --profile sso", text)
        }
        let requests = try await server.requests()
        XCTAssertEqual(requests.count, 1, "an invalid token is not sent")
    }

    func testErrorNamesMissingSSOSettings() async throws {
        let server = try CredentialServer()
        let cases = [
            ("sso_session = absent", "the section [sso-session absent] is missing"),
            ("sso_start_url = u\nsso_region = eu-west-1", "sso_account_id and sso_role_name are missing"),
            ("sso_start_url = u\nsso_account_id = 1\nsso_role_name = r", "sso_region is missing"),
            ("sso_region = r\nsso_account_id = 1\nsso_role_name = r", "sso_session or sso_start_url is missing"),
        ]
        for (text, reason) in cases {
            try server.home.write("[default]\n" + text, to: ".aws/config")
            let found = await server.outcome(server.variables())
            XCTAssertEqual(found, "profile \"default\" (SSO): \(reason); run aws configure sso --profile default", text)
        }
    }

    func testContainerEndpointMustBeLocalOrSecure() throws {
        let trusted = [
            "https://anywhere.example/x", "http://127.0.0.1/x", "http://127.9.9.9:80/x", "http://localhost:51679/x?y",
            "http://[::1]:80/x", "http://169.254.170.2/x", "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
        ]
        let refused = [
            "http://example.com/x", "http://169.254.169.254/x", "http://127.0.0.1.example.com/x",
            "http://127.0.0.1@e.com/",
            "http://localhost.example.com/", "http://[::2]/x", "http://[::1].example.com/", "http://127.0.0.256/x",
            "http://10.0.0.1/", "ftp://127.0.0.1/x", "127.0.0.1/x", "http://", "http://127.1/x",
            "http://localhost\\@e.com/", "http://127.0.0.+1/", "http://[::1", "http://localhost:x/", "https://",
            "https:///x",
            "https://me:pw@e.com/",
        ]
        for url in trusted {
            XCTAssertNoThrow(try ContainerCredentials(Variables(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])), url)
        }
        for url in refused {
            XCTAssertThrowsError(
                try ContainerCredentials(Variables(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])), url
            ) { error in
                XCTAssertTrue("\(error)".contains("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https"), "\(error)")
            }
        }
        let name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
        XCTAssertNotNil(try ContainerCredentials(Variables([name: "/v2/x"])))
        XCTAssertThrowsError(try ContainerCredentials(Variables([name: "@example.com/"])))
        XCTAssertNil(try ContainerCredentials(Variables([name: "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": ""])))
    }

    func testRelativeURIUsesTheContainerAgent() async throws {
        let http = ScriptedHTTPClient([.json(200, #"{"AccessKeyId":"AKIDA","SecretAccessKey":"s","Token":""}"#)])
        let container = try XCTUnwrap(
            try ContainerCredentials(Variables(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"])))
        let credentials = try await container.fetch(http)()
        XCTAssertNil(credentials.sessionToken, "an empty token is none")
        let urls = await http.requests.map(\.url)
        XCTAssertEqual(urls, ["http://169.254.170.2/v2/credentials/x"])
    }

    func testOutsideAnInstanceSendsOneShortRequest() async throws {
        let http = ScriptedHTTPClient([.timeout])
        let fetch = try InstanceMetadataCredentials(Variables([:])).fetch(http)
        do {
            _ = try await fetch()
            XCTFail("found credentials without a source")
        } catch { XCTAssertTrue("\(error)".contains("timed out"), "\(error)") }
        let requests = await http.requests
        XCTAssertEqual(requests.map(\.url), ["http://169.254.169.254/latest/api/token"])
        XCTAssertEqual(requests.map(\.timeout), [.seconds(1)])
    }
}
