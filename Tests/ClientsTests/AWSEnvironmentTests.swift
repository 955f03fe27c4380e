import Foundation
import TestSupport
import XCTest

@testable import Clients

/// Tests of Region, endpoints and limits from variables, files and options.
final class AWSEnvironmentTests: XCTestCase {
    private static let config = """
        [default]
        region = eu-central-1
        max_attempts = 7
        ca_bundle = /profile.pem
        [profile dev]
        region = eu-west-1
        services = local
        endpoint_url = http://all
        [profile quiet]
        ignore_configured_endpoint_urls = TRUE
        endpoint_url = http://all
        [profile wrong]
        max_attempts = many
        [profile both]
        region = from-config
        output = json
        [services local]
        kinesis =
          endpoint_url = http://kinesis
        """

    /// Real files in a home folder of the test.
    private func environment(
        _ variables: [String: String] = [:], _ options: AWSEnvironment.Options = AWSEnvironment.Options()
    ) throws -> AWSEnvironment {
        let home = try TemporaryFolder()
        try home.write(Self.config, to: ".aws/config")
        try home.write("[both]\nregion = from-credentials\n", to: ".aws/credentials")
        return try AWSEnvironment(variables.merging(["HOME": home.url.path]) { $1 }, options: options)
    }

    func testRegionComesFromTheFirstSourceThatNamesOne() throws {
        let cases: [(variables: [String: String], options: AWSEnvironment.Options, region: String)] = [
            ([:], .init(), "eu-central-1"),
            (["AWS_DEFAULT_REGION": "a", "AWS_PROFILE": "dev"], .init(), "a"),
            (["AWS_DEFAULT_REGION": "a", "AWS_REGION": "b"], .init(), "b"),
            (["AWS_REGION": "b"], .init(region: "c"), "c"),
            (["AWS_REGION": "", "AWS_DEFAULT_REGION": ""], .init(region: ""), "eu-central-1"),
            (["AWS_PROFILE": "dev"], .init(), "eu-west-1"),
            (["AWS_DEFAULT_PROFILE": "dev"], .init(), "eu-west-1"),
            (["AWS_PROFILE": "dev"], .init(profile: "quiet"), ""),
            (["AWS_PROFILE": ""], .init(profile: ""), "eu-central-1"),
            ([:], .init(profile: "both"), "from-credentials"),
        ]
        for row in cases { XCTAssertEqual(try environment(row.variables, row.options).region, row.region, "\(row)") }
    }

    func testMoreSpecificEndpointTakesPrecedence() throws {
        let cases: [(variables: [String: String], options: AWSEnvironment.Options, kinesis: String?, lambda: String?)] =
            [
                ([:], .init(), nil, nil),
                ([:], .init(profile: "dev"), "http://kinesis", "http://all"),
                (["AWS_ENDPOINT_URL": "http://e"], .init(profile: "dev"), "http://e", "http://e"),
                (
                    ["AWS_ENDPOINT_URL": "http://e", "AWS_ENDPOINT_URL_KINESIS": "http://k"], .init(profile: "dev"),
                    "http://k",
                    "http://e"
                ),
                (
                    ["AWS_ENDPOINT_URL_KINESIS": "http://k", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"],
                    .init(profile: "dev"), nil, nil
                ),
                (["AWS_ENDPOINT_URL_KINESIS": "", "AWS_ENDPOINT_URL": ""], .init(profile: "quiet"), nil, nil),
                (["AWS_ENDPOINT_URL_KINESIS": "http://k"], .init(endpointURL: "http://o"), "http://o", "http://o"),
                (
                    ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"], .init(profile: "dev", endpointURL: "http://o"),
                    "http://o",
                    "http://o"
                ),
                (["AWS_ENDPOINT_URL": "http://e"], .init(endpointURL: ""), "http://e", "http://e"),
            ]
        for row in cases {
            let found = try environment(row.variables, row.options)
            XCTAssertEqual(found.endpointURL(of: .kinesis), row.kinesis, "\(row)")
            XCTAssertEqual(found.endpointURL(of: .lambda), row.lambda, "\(row)")
        }
    }

    func testFIPSAndDualStackAreUsedUnlessAnEndpointIsConfigured() throws {
        let home = try TemporaryFolder()
        try home.write(
            """
            [profile fips]
            use_fips_endpoint = True
            [profile both]
            use_fips_endpoint = true
            use_dualstack_endpoint = true
            [profile url]
            use_fips_endpoint = true
            endpoint_url = http://p:1
            [profile ignored]
            use_dualstack_endpoint = true
            endpoint_url = http://p:1
            ignore_configured_endpoint_urls = TRUE
            [profile odd]
            use_fips_endpoint = yes
            """, to: ".aws/config")
        let fips = ["AWS_USE_FIPS_ENDPOINT": "true"]
        let dualStack = ["AWS_USE_DUALSTACK_ENDPOINT": "TRUE"]
        let plainHost = "https://kinesis.eu-west-1.amazonaws.com"
        let fipsHost = "https://kinesis-fips.eu-west-1.amazonaws.com"
        let cases: [(variables: [[String: String]], profile: String?, option: String?, origin: String)] = [
            ([], nil, nil, plainHost),
            ([fips], nil, nil, fipsHost),
            ([dualStack], nil, nil, "https://kinesis.eu-west-1.api.aws"),
            ([fips, dualStack], nil, nil, "https://kinesis-fips.eu-west-1.api.aws"),
            ([], "fips", nil, fipsHost),
            ([], "both", nil, "https://kinesis-fips.eu-west-1.api.aws"),
            ([["AWS_USE_FIPS_ENDPOINT": "false"]], "both", nil, "https://kinesis.eu-west-1.api.aws"),
            ([["AWS_USE_FIPS_ENDPOINT": ""]], "fips", nil, fipsHost),
            ([["AWS_USE_FIPS_ENDPOINT": "1"]], "fips", nil, plainHost),
            ([], "odd", nil, plainHost),
            ([], "url", nil, "http://p:1"),
            ([fips, ["AWS_ENDPOINT_URL": "http://e:2"]], nil, nil, "http://e:2"),
            ([fips, ["AWS_ENDPOINT_URL_KINESIS": "http://e:2"]], nil, nil, "http://e:2"),
            ([dualStack], nil, "http://o:3", "http://o:3"),
            ([], "ignored", nil, "https://kinesis.eu-west-1.api.aws"),
            (
                [["AWS_ENDPOINT_URL": "http://e:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]], "url", nil,
                fipsHost
            ),
        ]
        for row in cases {
            let variables = row.variables.reduce(["HOME": home.url.path, "AWS_REGION": "eu-west-1"]) {
                $0.merging($1) { $1 }
            }
            let found = try AWSEnvironment(variables, options: .init(profile: row.profile, endpointURL: row.option))
            let client = AWSClient(
                found.configuration(credentials: FakeCredentialSource(["KEY"])), http: ScriptedHTTPClient([]))
            XCTAssertEqual(try client.endpoint(of: .kinesis).origin, row.origin, "\(row)")
        }
    }

    func testErrorNamesMissingServicesSection() throws {
        let home = try TemporaryFolder()
        try home.write("[default]\nservices = gone\n[services local]\n", to: ".aws/config")
        XCTAssertThrowsError(try AWSEnvironment(["HOME": home.url.path])) { error in
            XCTAssertEqual(
                "\(error)",
                "services of profile \"default\" is \"gone\"; expected the name of a section such as [services local]")
        }
        let ignored = ["HOME": home.url.path, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]
        XCTAssertNil(try AWSEnvironment(ignored).endpointURL(of: .kinesis))
    }

    func testVariablesPrecedeTheProfile() throws {
        XCTAssertEqual(try environment().maxAttempts, 7)
        XCTAssertEqual(try environment(["AWS_MAX_ATTEMPTS": "1"]).maxAttempts, 1)
        XCTAssertEqual(try environment(["AWS_MAX_ATTEMPTS": "", "AWS_PROFILE": "dev"]).maxAttempts, 3)
        XCTAssertEqual(try environment().certificateBundle?.path, "/profile.pem")
        XCTAssertEqual(try environment(["AWS_CA_BUNDLE": "/v.pem"]).certificateBundle?.path, "/v.pem")
    }

    func testErrorsDescribeInvalidSettings() {
        let cases: [(variables: [String: String], profile: String?, text: String)] = [
            (["AWS_MAX_ATTEMPTS": "0"], nil, "AWS_MAX_ATTEMPTS is \"0\"; expected a whole number in 1...100"),
            (["AWS_MAX_ATTEMPTS": "1e2"], nil, "AWS_MAX_ATTEMPTS is \"1e2\"; expected a whole number in 1...100"),
            ([:], "wrong", "max_attempts of profile \"wrong\" is \"many\"; expected a whole number in 1...100"),
            (["AWS_PROFILE": "absent"], nil, "profile \"absent\" not found in "),
            ([:], "local", "profile \"local\" not found in "),
        ]
        for row in cases {
            XCTAssertThrowsError(try environment(row.variables, .init(profile: row.profile)), "\(row)") { error in
                XCTAssertTrue("\(error)".contains(row.text), "\(error)")
            }
        }
    }

    func testFilesCanBeElsewhereOrMissing() throws {
        let folder = try TemporaryFolder()
        let config = try folder.write("[default]\nregion = a", to: "c")
        XCTAssertEqual(try AWSEnvironment(["AWS_CONFIG_FILE": config]).region, "a", "without a home")
        XCTAssertEqual(try AWSEnvironment(["HOME": folder.url.path, "AWS_CONFIG_FILE": "~/c"]).region, "a")
        XCTAssertEqual(try AWSEnvironment(["HOME": folder.url.path]).region, "")
        XCTAssertEqual(try AWSEnvironment(["HOME": config]).region, "", "a home that is a file")
        XCTAssertEqual(try AWSEnvironment(["AWS_CONFIG_FILE": "/no/such/file"]).region, "")
        XCTAssertEqual(try AWSEnvironment([:]).region, "")
        XCTAssertEqual(try AWSEnvironment(["HOME": ""]).region, "")
    }

    func testErrorNamesUnreadableFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.path
        try Data(count: (4 << 20) + 1).write(to: folder.url.appending(path: "long"))
        for (variable, name, reason) in [
            ("AWS_CONFIG_FILE", "", "Is a directory"), ("AWS_SHARED_CREDENTIALS_FILE", "", "Is a directory"),
            ("AWS_CONFIG_FILE", "long", "it is longer than 4 MiB"),
        ] {
            XCTAssertThrowsError(try AWSEnvironment([variable: path + "/" + name]), name) { error in
                XCTAssertEqual("\(error)", "\(path)/\(name) cannot be read: \(reason)")
            }
        }
    }

    func testCredentialsFileTakesPrecedenceForEachKey() throws {
        let both = try environment().shared.profile("both")
        XCTAssertEqual(both?["region"], "from-credentials")
        XCTAssertEqual(both?["output"], "json")
        XCTAssertNil(try environment().shared.profile("services local"))
    }
}
