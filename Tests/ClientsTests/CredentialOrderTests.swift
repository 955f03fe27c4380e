import XCTest

@testable import Clients

/// Tests of the order of sources of credentials, and of the errors if there are none.
final class CredentialOrderTests: XCTestCase {
    private static let keys = ["AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret-of-env"]

    private static let config = """
        [default]
        aws_access_key_id = AKIDDEFAULT
        aws_secret_access_key = secret-of-default
        [profile dev]
        aws_access_key_id = AKIDDEV
        aws_secret_access_key = secret-of-dev
        aws_session_token = token-of-dev
        [profile role]
        role_arn = arn:aws:iam::123456789012:role/r
        source_profile = dev
        external_id = e x
        role_session_name = me
        duration_seconds = 900
        [profile chain]
        role_arn = arn:aws:iam::123456789012:role/outer
        source_profile = role
        [profile self]
        role_arn = arn:aws:iam::123456789012:role/r
        source_profile = self
        aws_access_key_id = AKIDSELF
        aws_secret_access_key = secret-of-self
        [profile environment]
        role_arn = arn:aws:iam::123456789012:role/r
        credential_source = Environment
        [profile instance]
        role_arn = arn:aws:iam::123456789012:role/r
        credential_source = Ec2InstanceMetadata
        [profile container]
        role_arn = arn:aws:iam::123456789012:role/r
        credential_source = EcsContainer
        [profile process]
        credential_process = printf '{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s-of-p"}'
        [profile half]
        aws_access_key_id = AKIDHALF
        [profile nothing]
        region = us-east-1
        [profile a]
        role_arn = arn:aws:iam::123456789012:role/a
        source_profile = b
        [profile b]
        role_arn = arn:aws:iam::123456789012:role/b
        source_profile = a
        [profile mirror]
        role_arn = arn:aws:iam::123456789012:role/b
        source_profile = mirror
        [profile lost]
        role_arn = arn:aws:iam::123456789012:role/b
        source_profile = absent
        [profile hollow]
        role_arn = arn:aws:iam::123456789012:role/b
        source_profile = nothing
        [profile bare]
        role_arn = arn:aws:iam::123456789012:role/b
        [profile moon]
        role_arn = arn:aws:iam::123456789012:role/b
        credential_source = Moon
        [profile two]
        role_arn = arn:aws:iam::123456789012:role/b
        source_profile = dev
        credential_source = Environment
        [profile mfa]
        role_arn = arn:aws:iam::123456789012:role/b
        source_profile = dev
        mfa_serial = arn:aws:iam::123456789012:mfa/me
        [profile token]
        web_identity_token_file = /token
        """

    private var server: CredentialServer?

    /// Returns a server whose home folder contains the file above.
    private func start() throws -> CredentialServer {
        let server = try CredentialServer()
        try server.home.write(Self.config, to: ".aws/config")
        self.server = server
        return server
    }

    func testFirstSourceWithCredentialsIsUsed() async throws {
        let server = try start()
        let token = try server.home.write("web-token\n", to: "token")
        let identity = ["AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/w", "AWS_WEB_IDENTITY_TOKEN_FILE": token]
        let container = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url() + "/container"]
        let nowhere = ["HOME": "/nonexistent"]
        let cases: [(variables: [[String: String]], profile: String?, key: String)] = [
            ([Self.keys, ["AWS_PROFILE": "dev"]], nil, "AKIDENV"),
            ([Self.keys, identity], "dev", "AKIDDEV"),
            ([Self.keys], "environment", "AKIDSTS1"),
            ([["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""]], nil, "AKIDDEFAULT"),
            ([identity, ["AWS_PROFILE": "dev"]], nil, "AKIDSTS2"),
            ([["AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ROLE_ARN": "x"]], nil, "AKIDDEFAULT"),
            ([["AWS_PROFILE": "process"]], nil, "AKIDPROCESS"),
            ([container], nil, "AKIDDEFAULT"),
            ([container, ["AWS_PROFILE": "nothing"]], nil, "AKIDCONTAINER"),
            ([container, nowhere], nil, "AKIDCONTAINER"),
            ([nowhere], nil, "AKIDINSTANCE"),
        ]
        for row in cases {
            let variables = row.variables.reduce(server.variables()) { $0.merging($1) { $1 } }
            let found = await server.outcome(variables, AWSEnvironment.Options(profile: row.profile))
            XCTAssertEqual(found, row.key, "\(row)")
        }
    }

    func testRolesAreAssumedWithTheSourcesKeys() async throws {
        let cases: [(profile: String, signers: [String])] = [
            ("role", ["AKIDDEV"]), ("chain", ["AKIDDEV", "AKIDSTS1"]), ("self", ["AKIDSELF"]),
            ("environment", ["AKIDENV"]), ("instance", ["AKIDINSTANCE"]), ("container", ["AKIDCONTAINER"]),
        ]
        for row in cases {
            let server = try start()
            let variables = server.variables().merging(Self.keys) { $1 }
                .merging(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url() + "/container"]) { $1 }
            let found = await server.outcome(variables, AWSEnvironment.Options(profile: row.profile))
            XCTAssertEqual(found, "AKIDSTS\(row.signers.count)", row.profile)
            let calls = try await server.requests().filter { $0["path"]?.string == "/sts/" }
            let signers = calls.compactMap { $0["headers"]?["authorization"]?.string }.map { text in
                text.drop { $0 != "=" }.dropFirst().prefix { $0 != "/" }
            }
            XCTAssertEqual(signers.map(String.init), row.signers, row.profile)
        }
    }

    func testRoleRequestFollowsTheProfile() async throws {
        let server = try start()
        let chain = try server.chain(server.variables(), AWSEnvironment.Options(profile: "role"))
        let credentials = try await chain.credentials()
        XCTAssertEqual(credentials.sessionToken, "token-of-AKIDSTS1")
        XCTAssertEqual(credentials.expiration, server.clock.later(3600))
        let requests = try await server.requests()
        let call = try XCTUnwrap(requests.last)
        XCTAssertEqual(
            call["body"]?.string,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr"
                + "&RoleSessionName=me&ExternalId=e%20x&DurationSeconds=900")
        XCTAssertEqual(call["headers"]?["x-amz-security-token"]?.string, "token-of-dev")
        let origin = await chain.origin
        XCTAssertEqual(origin, "profile \"role\"")
    }

    func testWebIdentityIsUnsignedAndRereadEachTime() async throws {
        let server = try start()
        let token = try server.home.write("first-token\n", to: "token")
        let chain = try server.chain(
            server.variables().merging([
                "AWS_ROLE_ARN": "arn:r", "AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_SESSION_NAME": "pod",
            ]) { $1 })
        _ = try await chain.credentials()
        try server.home.write("second-token", to: "token")
        await chain.invalidate()
        _ = try await chain.credentials()
        let calls = try await server.requests()
        XCTAssertEqual(
            calls.compactMap { $0["body"]?.string },
            ["first", "second"].map {
                "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=pod"
                    + "&WebIdentityToken=\($0)-token"
            })
        XCTAssertEqual(calls.compactMap { $0["headers"]?["authorization"] }, [])
    }

    func testTokensAreNotSentToAnOptionsEndpoint() async throws {
        let server = try start()
        let found = await server.outcome(
            server.variables(), AWSEnvironment.Options(profile: "role", endpointURL: server.url("no")))
        XCTAssertEqual(found, "AKIDSTS1")
    }

    func testErrorsNameUnusableSettings() async throws {
        let server = try start()
        let file = server.home.url.path + "/.aws/config"
        let cases: [(variables: [String: String], profile: String?, text: String)] = [
            (
                ["AWS_ACCESS_KEY_ID": "AKIDENV"], nil,
                "the environment: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"
            ),
            (
                ["AWS_SECRET_ACCESS_KEY": "secret-of-env"], nil,
                "the environment: AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not"
            ),
            (
                ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"], nil,
                "the environment: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not"
            ),
            (
                ["AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent", "AWS_ROLE_ARN": "r"], nil,
                "the environment's web identity: the web identity token file /nonexistent cannot be read"
            ),
            ([:], "half", "profile \"half\": aws_secret_access_key is missing; the other key is set"),
            ([:], "nothing", "profile \"nothing\": it has no credentials: no role_arn, no keys"),
            ([:], "a", "profile \"a\": its source_profile refers back to it: a, b, a"),
            ([:], "mirror", "profile \"mirror\": its source_profile refers back to it: mirror, mirror"),
            ([:], "lost", "profile \"absent\" not found in \(server.home.url.path)/.aws/credentials or in \(file)"),
            ([:], "hollow", "profile \"hollow\": its source_profile \"nothing\" has no credentials"),
            ([:], "bare", "profile \"bare\": it has role_arn and neither source_profile nor credential_source"),
            ([:], "moon", "profile \"moon\": it has role_arn and credential_source \"Moon\"; expected source_profile"),
            ([:], "two", "profile \"two\": it has both source_profile and credential_source"),
            ([:], "mfa", "profile \"mfa\": it requires an MFA code, which this program does not prompt for; run eval"),
            ([:], "token", "profile \"token\": it has web_identity_token_file, but no role_arn"),
            ([:], "environment", "profile \"environment\": its credential_source is Environment, but"),
            ([:], "container", "profile \"container\": its credential_source is EcsContainer, but"),
            (
                ["AWS_EC2_METADATA_DISABLED": "TRUE"], "instance",
                "profile \"instance\": its credential_source is Ec2InstanceMetadata, but AWS_EC2_METADATA_DISABLED"
            ),
        ]
        for row in cases {
            let found = await server.outcome(
                server.variables().merging(row.variables) { $1 }, AWSEnvironment.Options(profile: row.profile))
            XCTAssertTrue(found.hasPrefix(row.text), "\(row): \(found)")
            XCTAssertFalse(found.contains("secret-of"), found)
        }
        let calls = try await server.requests()
        XCTAssertEqual(calls, [], "no source is contacted unnecessarily")
    }

    func testProfileWithAMethodIsNeverSkipped() async throws {
        let methods: [(text: String, error: String)] = [
            (
                "login_session = arn:aws:iam::1:user/u",
                "(aws login): no session is cached; run aws login --profile x"
            ),
            (
                "sso_session = s\nsso_account_id = 1\nsso_role_name = r",
                "(SSO): no token is cached; run aws sso login --profile x"
            ),
            (
                "sso_start_url = u\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r",
                "(SSO): no token is cached; run aws sso login --profile x"
            ),
            (
                "sso_session = s",
                "(SSO): sso_account_id and sso_role_name are missing; run aws configure sso --profile x"
            ),
            ("sso_role_name = r", "(SSO): sso_session or sso_start_url and sso_region and sso_account_id are missing"),
            ("credential_process = false", "\"x\": credential_process failed"),
            ("role_arn = r\nsource_profile = y", "\"y\": it has external_id, but neither role_arn nor another way"),
            ("role_arn = r", "\"x\": it has role_arn and neither source_profile nor credential_source"),
            (
                "role_arn = r\nweb_identity_token_file = /nonexistent",
                "\"x\": the web identity token file /nonexistent cannot"
            ),
            ("web_identity_token_file = /nonexistent", "\"x\": it has web_identity_token_file, but no role_arn"),
            ("aws_access_key_id = AKID", "\"x\": aws_secret_access_key is missing"),
            ("source_profile = y", "\"x\": it has source_profile, but neither role_arn nor another way"),
            ("credential_source = Environment", "\"x\": it has credential_source, but neither role_arn"),
            ("mfa_serial = m", "\"x\": it has mfa_serial, but neither role_arn"),
        ]
        let server = try CredentialServer()
        for row in methods {
            try server.home.write(
                "[profile x]\nregion = eu-west-1\n\(row.text)\n[profile y]\nregion = r\nexternal_id = e\n"
                    + "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = u\n", to: ".aws/config")
            let container = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url() + "/container"]
            let chosen = server.variables().merging(container) { $1 }
            for found in [
                await server.outcome(chosen.merging(["AWS_PROFILE": "x"]) { $1 }),
                await server.outcome(chosen, AWSEnvironment.Options(profile: "x")),
            ] {
                XCTAssertTrue(found.hasPrefix("profile \""), "\(row.text): \(found)")
                XCTAssertTrue(found.contains(row.error), "\(row.text): \(found)")
            }
        }
        let calls = try await server.requests()
        XCTAssertEqual(calls, [], "no other identity is asked for")
    }

    func testMethodsHaveTheOrderOfTheCLI() async throws {
        let process =
            "credential_process = printf '{\"Version\":1,\"AccessKeyId\":\"AKIDP\",\"SecretAccessKey\":\"s\"}'\n"
        let keys = "aws_access_key_id = AKIDK\naws_secret_access_key = s\n"
        let login = "login_session = l\n"
        let cases: [(config: String, credentials: String, key: String)] = [
            (process + keys, "", "AKIDP"),
            (process, keys, "AKIDK"),
            (login + process, "", "no session is cached"),
            (login + keys, "", "no session is cached"),
            (login, keys, "AKIDK"),
            ("sso_session = s\n" + process, "", "AKIDP"),
            ("sso_session = s\n" + keys, "", "AKIDK"),
            ("source_profile = y\n" + keys, "", "AKIDK"),
        ]
        let server = try CredentialServer()
        for row in cases {
            try server.home.write("[profile x]\n" + row.config, to: ".aws/config")
            try server.home.write("[x]\n" + row.credentials, to: ".aws/credentials")
            let found = await server.outcome(server.variables(), AWSEnvironment.Options(profile: "x"))
            XCTAssertTrue(found.contains(row.key), "\(row): \(found)")
        }
    }

    func testProfilesAreComparedByteByByte() async throws {
        let server = try CredentialServer()
        // Both names look the same and are equal as strings.
        try server.home.write(
            """
            [profile caf\u{E9}]
            role_arn = arn:aws:iam::123456789012:role/r
            source_profile = cafe\u{301}
            [profile cafe\u{301}]
            aws_access_key_id = AKIDMARK
            aws_secret_access_key = s
            """, to: ".aws/config")
        let source = await server.outcome(server.variables(), AWSEnvironment.Options(profile: "cafe\u{301}"))
        XCTAssertEqual(source, "AKIDMARK")
        let role = await server.outcome(server.variables(), AWSEnvironment.Options(profile: "caf\u{E9}"))
        XCTAssertEqual(role, "AKIDSTS1")
    }

    func testErrorListsTheSearchedSources() async throws {
        let server = try start()
        let closed = ["HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "True"]
        let looked =
            "no AWS credentials; looked at the environment, profile \"default\" in /nonexistent/.aws/credentials and "
            + "/nonexistent/.aws/config, instance metadata ("
        let advice =
            "); set AWS_PROFILE or give --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure"
        let disabled = await server.outcome(server.variables().merging(closed) { $1 })
        XCTAssertEqual(disabled, looked + "disabled" + advice)
        let refused = await server.outcome(server.variables("no").merging(["HOME": "/nonexistent"]) { $1 })
        XCTAssertEqual(
            refused,
            looked
                + "status 403: the instance's metadata service is disabled; aws ec2 modify-instance-metadata-options "
                + "--http-endpoint enabled --instance-id ID enables it" + advice)
    }
}
