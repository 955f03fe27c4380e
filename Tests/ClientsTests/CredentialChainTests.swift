import Basics
import Foundation
import JSON
import Telemetry
import TestSupport
import Transport
import XCTest

@testable import Clients

/// Tests of the sources of credentials and their order.
final class CredentialChainTests: XCTestCase {
    private var folder: TemporaryFolder?

    override func setUpWithError() throws { folder = try TemporaryFolder() }

    override func tearDown() { folder = nil }

    private var home: String { folder?.url.path ?? "" }

    private func write(_ text: String, to name: String) throws {
        _ = try XCTUnwrap(folder).write(text, to: name)
    }

    /// Responds to STS and SSO with credentials named after the call.
    private static let services = ScriptedHTTPClient { request in
        if request.url.contains("portal.sso") {
            let body =
                #"{"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"s","sessionToken":"t","expiration":4102444800000}}"#
            return HTTPResponse(status: 200, body: Array(body.utf8))
        }
        let role = request.text.split(separator: "&").first { $0.hasPrefix("RoleArn=") }.map { $0.dropFirst(8) } ?? ""
        let xml = """
            <AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>\(role)</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
            <SessionToken>t</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
            """
        return HTTPResponse(status: 200, body: Array(xml.utf8))
    }

    private func chain(
        _ variables: [String: String] = [:], profile: String? = nil, http: ScriptedHTTPClient = services,
        metadata: ScriptedHTTPClient = ScriptedHTTPClient([])
    ) throws -> CredentialChain {
        let environment = try AWSEnvironment(
            ["HOME": home, "AWS_REGION": "eu-west-1"].merging(variables) { $1 }, options: .init(profile: profile))
        return CredentialChain(environment, http: http, metadata: metadata)
    }

    private func key(
        _ variables: [String: String] = [:], profile: String? = nil, http: ScriptedHTTPClient = services,
        metadata: ScriptedHTTPClient = ScriptedHTTPClient([])
    ) async throws -> String {
        try await chain(variables, profile: profile, http: http, metadata: metadata).credentials().accessKeyID
    }

    /// Returns the error's text after checking that it contains no secret.
    private func problem(
        _ variables: [String: String] = [:], profile: String? = nil, http: ScriptedHTTPClient = services,
        metadata: ScriptedHTTPClient = ScriptedHTTPClient([])
    ) async -> String {
        do {
            return "no error, but \(try await key(variables, profile: profile, http: http, metadata: metadata))"
        } catch {
            XCTAssertFalse("\(error)".contains("hush-hush"), "\(error)")
            return "\(error)"
        }
    }

    private static let keys = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "hush-hush"]

    func testEnvironmentKeysPrecedeProfilesExceptAnExplicitOne() async throws {
        try write(
            "[default]\naws_access_key_id=DEF\naws_secret_access_key=hush-hush\n[dev]\naws_access_key_id = DEV\naws_secret_access_key = hush-hush",
            to: ".aws/credentials")
        let environment = try await chain(Self.keys.merging(["AWS_SESSION_TOKEN": "T"]) { $1 }).credentials()
        XCTAssertEqual(environment, AWSCredentials(accessKeyID: "ENV", secretAccessKey: "hush-hush", sessionToken: "T"))
        let cases: [(variables: [String: String], profile: String?, key: String)] = [
            ([:], nil, "DEF"), (["AWS_PROFILE": "dev"], nil, "DEV"), (["AWS_PROFILE": ""], nil, "DEF"),
            (Self.keys.merging(["AWS_PROFILE": "dev"]) { $1 }, nil, "ENV"), (Self.keys, "dev", "DEV"),
            (Self.keys, "", "ENV"), (["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""], nil, "DEF"),
        ]
        for row in cases {
            let found = try await key(row.variables, profile: row.profile)
            XCTAssertEqual(found, row.key, "\(row.variables) \(row.profile ?? "")")
        }
        for (name, missing) in [
            ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        ] {
            let words = await problem([name: "hush-hush"])
            XCTAssertEqual(words, "the environment: \(name) is set, but \(missing) is not")
        }
    }

    func testAssumesRolesThroughOtherProfiles() async throws {
        try write(
            """
            [profile base]
            aws_access_key_id = BASE
            aws_secret_access_key = hush-hush
            [profile first]
            role_arn = FIRST
            source_profile = base
            external_id = E 1
            duration_seconds = 900
            [profile second]
            role_arn = SECOND
            source_profile = first
            role_session_name = me
            [profile self]
            role_arn = SELF
            source_profile = self
            aws_access_key_id = OWN
            aws_secret_access_key = hush-hush
            [profile round]
            role_arn = A
            source_profile = about
            [profile about]
            role_arn = B
            source_profile = round
            [profile env]
            role_arn = ENVROLE
            credential_source = Environment
            [profile mfa]
            role_arn = M
            source_profile = base
            mfa_serial = arn:mfa
            [profile lost]
            role_arn = L
            [profile odd]
            role_arn = L
            credential_source = Elsewhere
            [profile gone]
            role_arn = L
            source_profile = absent
            [profile empty]
            region = eu-west-1
            """, to: ".aws/config")
        for (profile, expected, signers) in [
            ("first", "FIRST", ["BASE"]), ("second", "SECOND", ["BASE", "FIRST"]), ("self", "SELF", ["OWN"]),
        ] {
            let requests = ScriptedHTTPClient([
                .handler { request in
                    let role = request.text.split(separator: "&").first { $0.hasPrefix("RoleArn=") }?.dropFirst(8) ?? ""
                    return HTTPResponse(
                        status: 200,
                        body: Array(
                            "<R><Credentials><AccessKeyId>\(role)</AccessKeyId><SecretAccessKey>s</SecretAccessKey></Credentials></R>"
                                .utf8))
                }
            ])
            let key = try await key(profile: profile, http: requests)
            XCTAssertEqual(key, expected)
            let sent = await requests.requests
            let found = sent.map { request in
                request.header("Authorization")?.split(separator: "Credential=").last?.prefix { $0 != "/" }
            }
            XCTAssertEqual(found.map { $0.map(String.init) }, signers, profile)
            XCTAssertTrue(sent.allSatisfy { $0.url == "https://sts.eu-west-1.amazonaws.com/" })
            if profile == "first" {
                XCTAssertTrue(sent[0].text.contains("ExternalId=E%201&DurationSeconds=900"), sent[0].text)
            }
            if profile == "second" { XCTAssertTrue(sent[1].text.contains("RoleSessionName=me"), sent[1].text) }
        }
        let role = try await key(Self.keys, profile: "env")
        XCTAssertEqual(role, "ENVROLE")
        for (profile, words) in [
            ("round", "its source_profile refers back to it: round, about, round"),
            ("mfa", "aws configure export-credentials --profile mfa"),
            ("lost", "neither source_profile nor credential_source"), ("odd", "credential_source \"Elsewhere\""),
            ("gone", "profile \"absent\" not found"), ("empty", "it has no credentials"),
            ("env", "its credential_source is Environment, but AWS_ACCESS_KEY_ID is not set"),
        ] {
            let text = await problem(profile: profile)
            XCTAssertTrue(text.contains(words), "\(profile): \(text)")
        }
    }

    func testAssumesRoleWithWebIdentityUnsigned() async throws {
        try write("token-text\n", to: "token")
        try write("[profile web]\nrole_arn = WEBPROFILE\nweb_identity_token_file = \(home)/token", to: ".aws/config")
        let variables = [
            "AWS_ROLE_ARN": "WEB", "AWS_WEB_IDENTITY_TOKEN_FILE": "\(home)/token", "AWS_ROLE_SESSION_NAME": "pod",
        ]
        let http = ScriptedHTTPClient([
            .json(
                200,
                "<R><Credentials><AccessKeyId>K</AccessKeyId><SecretAccessKey>s</SecretAccessKey></Credentials></R>")
        ])
        let found = try await key(variables, http: http)
        XCTAssertEqual(found, "K")
        let sent = await http.requests
        XCTAssertNil(sent[0].header("Authorization"))
        XCTAssertTrue(sent[0].text.contains("Action=AssumeRoleWithWebIdentity"))
        XCTAssertTrue(sent[0].text.contains("RoleSessionName=pod&WebIdentityToken=token-text"), sent[0].text)
        let profile = try await key(profile: "web")
        XCTAssertEqual(profile, "WEBPROFILE")
        let text = await problem(["AWS_ROLE_ARN": "WEB", "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such"])
        XCTAssertTrue(text.contains("the web identity token file /no/such cannot be read"), text)
    }

    func testRunsCredentialProcess() async throws {
        try write(
            #"echo '{"Version":1,"AccessKeyId":"'"$1"'","SecretAccessKey":"s","Expiration":"2100-01-01T00:00:00Z"}'"#,
            to: "my tool.sh")
        let good = "/bin/sh '\(home)/my tool.sh' two\\ words"
        let cases: [(command: String, words: String?)] = [
            (good, nil), ("/bin/sh -c 'echo {}'", "did not print JSON with \"Version\": 1"),
            ("/bin/sh -c 'echo nonsense; exit 0'", "did not print JSON"), ("false", "credential_process failed"),
            ("/no/such/program", "cannot be started: /no/such/program"), ("'open", "a quote in it is not closed"),
            ("/bin/sh -c 'kill -9 $$'", "credential_process failed"),
            ("/bin/sh -c 'yes hush-hush'", "printed too much"),
            (#"/bin/sh -c 'echo "{\"Version\":1,\"AccessKeyId\":\"K\"}"'"#, "lacks AccessKeyId or SecretAccessKey"),
            (
                #"/bin/sh -c 'echo "{\"Version\":1,\"AccessKeyId\":\"K\",\"SecretAccessKey\":\"hush-hush\",\"Expiration\":\"soon\"}"'"#,
                "Expiration is invalid"
            ),
        ]
        for row in cases {
            try write("[profile p]\ncredential_process = \(row.command)\n", to: ".aws/config")
            if let words = row.words {
                let text = await problem(profile: "p")
                XCTAssertTrue(text.hasPrefix("profile \"p\": ") && text.contains(words), "\(row.command): \(text)")
            } else {
                let found = try await chain(profile: "p").credentials()
                XCTAssertEqual(found.accessKeyID, "two words")
                XCTAssertEqual(found.expiration, WallClock(iso8601: "2100-01-01T00:00:00Z"))
            }
        }
    }

    func testUsesTheCachedSSOToken() async throws {
        try write(
            """
            [sso-session corp]
            sso_region = us-east-2
            sso_start_url = https://corp/start
            [profile new]
            sso_session = corp
            sso_account_id = 123456789012
            sso_role_name = Reader
            [profile old]
            sso_start_url = https://corp/start
            sso_region = us-east-2
            sso_account_id = 123456789012
            sso_role_name = Reader
            [profile half]
            sso_session = corp
            [profile lost]
            sso_session = none
            """, to: ".aws/config")
        func cache(_ key: String, _ text: String) throws {
            try write(text, to: ".aws/sso/cache/\(SHA1.digest(of: Array(key.utf8)).hexadecimal).json")
        }
        for (profile, cacheKey) in [("new", "corp"), ("old", "https://corp/start")] {
            let missing = await problem(profile: profile)
            XCTAssertTrue(missing.contains("no token is cached; run aws sso login --profile \(profile)"), missing)
            try cache(cacheKey, #"{"accessToken":"hush-hush","expiresAt":"2020-01-01T00:00:00UTC"}"#)
            let expired = await problem(profile: profile)
            XCTAssertTrue(expired.contains("has expired; run aws sso login --profile \(profile)"), expired)
            try cache(cacheKey, #"{"accessToken":"hush-hush","expiresAt":"2100-01-01T00:00:00Z"}"#)
            let body =
                #"{"roleCredentials":{"accessKeyId":"K","secretAccessKey":"s","sessionToken":"t","expiration":4102444800000}}"#
            let http = ScriptedHTTPClient([.json(200, body)])
            let found = try await chain(profile: profile, http: http).credentials()
            XCTAssertEqual(found.accessKeyID, "K")
            XCTAssertEqual(found.expiration?.iso8601, "2100-01-01T00:00:00.000Z")
            let sent = await http.requests
            XCTAssertEqual(
                sent[0].url,
                "https://portal.sso.us-east-2.amazonaws.com/federation/credentials?account_id=123456789012&role_name=Reader"
            )
            XCTAssertEqual(sent[0].header("x-amz-sso_bearer_token"), "hush-hush")
            XCTAssertNil(sent[0].header("Authorization"))
            let over = await problem(
                profile: profile,
                http: ScriptedHTTPClient([
                    .json(401, #"{"message":"hush-hush?"}"#, ["x-amzn-errortype": "UnauthorizedException"])
                ]))
            XCTAssertTrue(over.contains("the session has ended; run aws sso login"), over)
        }
        for (profile, words) in [
            ("half", "sso_account_id and sso_role_name are missing"),
            ("lost", "the section [sso-session none] is missing"),
        ] {
            let text = await problem(profile: profile)
            XCTAssertTrue(text.contains(words), text)
        }
    }

    func testUsesTheContainerEndpointOnlyIfTrusted() async throws {
        try write(" token-text \n", to: "token")
        let body = #"{"AccessKeyId":"C","SecretAccessKey":"s","Token":"t","Expiration":"2100-01-01T00:00:00Z"}"#
        let relative = ScriptedHTTPClient([.json(200, body)])
        let found = try await key(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"], metadata: relative)
        XCTAssertEqual(found, "C")
        let sent = await relative.requests
        XCTAssertEqual(sent[0].url, "http://169.254.170.2/v2/x")
        let cases: [(url: String, isTrusted: Bool)] = [
            ("https://anywhere.example/x", true), ("http://127.0.0.1:80/x", true), ("http://localhost/x", true),
            ("http://[::1]:8080/x", true), ("http://169.254.170.23/v1", true), ("http://[fd00:ec2::23]/v1", true),
            ("http://169.254.170.2/x", true), ("http://10.0.0.1/x", false), ("http://127.0.0.1.evil.example/", false),
            ("http://localhost@evil.example/", false), ("ftp://127.0.0.1/", false), ("http://169.254.169.254/x", false),
        ]
        for row in cases {
            let variables = [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": row.url,
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "\(home)/token",
            ]
            let http = ScriptedHTTPClient([.json(200, body)])
            let text = await problem(variables, metadata: http)
            XCTAssertEqual(text.contains("must be https"), !row.isTrusted, "\(row.url): \(text)")
            let requests = await http.requests
            XCTAssertEqual(requests.map { $0.header("Authorization") }, row.isTrusted ? ["token-text"] : [], row.url)
        }
        for (status, answer) in [(500, "hush-hush"), (200, "<html>hush-hush"), (302, ""), (200, "{}")] {
            let text = await problem(
                ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"], metadata: ScriptedHTTPClient([.json(status, answer)]))
            XCTAssertTrue(text.hasPrefix("the container's endpoint: "), text)
        }
    }

    func testInstanceMetadataIsTheLastSource() async throws {
        let body =
            #"{"Code":"Success","AccessKeyId":"I","SecretAccessKey":"s","Token":"t","Expiration":"2100-01-01T00:00:00Z"}"#
        let metadata = ScriptedHTTPClient([.json(200, "tok"), .json(200, "role name\n"), .json(200, body)])
        let found = try await key(metadata: metadata)
        XCTAssertEqual(found, "I")
        let sent = await metadata.requests
        let base = "http://169.254.169.254/latest/"
        XCTAssertEqual(
            sent.map { "\($0.method) \($0.url)" },
            [
                "PUT \(base)api/token", "GET \(base)meta-data/iam/security-credentials/",
                "GET \(base)meta-data/iam/security-credentials/role%20name",
            ])
        XCTAssertEqual(sent[1].header("X-aws-ec2-metadata-token"), "tok")
        let disabled = await problem(["AWS_EC2_METADATA_DISABLED": "TRUE"], metadata: metadata)
        XCTAssertTrue(
            disabled.hasPrefix(
                "no AWS credentials; looked at the environment, profile \"default\" in \(home)/.aws/credentials"),
            disabled)
        let unreachable = ScriptedHTTPClient([.failure(TransportError(code: 28, action: "a", reason: "timed out"))])
        for http in [
            unreachable, ScriptedHTTPClient([.json(403, "")]), ScriptedHTTPClient([.json(200, "tok"), .json(404, "")]),
        ] {
            let text = await problem(metadata: http)
            XCTAssertTrue(text.contains("instance metadata (") && text.contains("or run aws configure"), text)
        }
    }
}
