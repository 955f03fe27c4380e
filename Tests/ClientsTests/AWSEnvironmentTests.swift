import TestSupport
import Transport
import XCTest

@testable import Clients

/// Shared files, and what they and the environment say of Region, endpoints and limits.
final class AWSEnvironmentTests: XCTestCase {
    func testReadsSectionsAsAWSsToolsDo() throws {
        let text = """
            \u{FEFF}; comment
            [default]
            Region = us-east-1 # comment
            output=json
            note = a#b;c
            empty =
            s3 =
              max_concurrent_requests = 20
              # comment
              endpoint_url = http://s3
            multi = one
              two
            [ profile  "dev" ] ; comment\r
            region\t=\teu-west-1\r
            region = eu-west-2
            [services local]
            kinesis =
                endpoint_url = http://127.0.0.1:1
            """
        let file = try ConfigurationFile(text, path: "c")
        XCTAssertEqual(file.sections.keys.sorted(), ["default", "profile dev", "services local"])
        let values = file.sections["default"]?.values
        XCTAssertEqual(values?["region"], "us-east-1")
        XCTAssertEqual(values?["note"], "a#b;c")
        XCTAssertEqual(values?["multi"], "one\ntwo")
        XCTAssertEqual(file.sections["default"]?.nested["s3"]?["endpoint_url"], "http://s3")
        XCTAssertEqual(file.sections["profile dev"]?.values["region"], "eu-west-2")
        XCTAssertEqual(file.sections["services local"]?.nested["kinesis"], ["endpoint_url": "http://127.0.0.1:1"])
    }

    func testNamesTheLineThatCannotBeReadAndNotItsContent() {
        let cases: [(text: String, line: Int)] = [
            ("secret=1", 1), ("[a]\nsecret", 2), ("[a]\n\n[secret", 3), ("[a]\n= secret", 2), ("[]\n", 1),
            ("[a] secret", 1), ("# c\n  secret", 2),
        ]
        for (text, line) in cases {
            XCTAssertThrowsError(try ConfigurationFile(text, path: "some/file"), text) { error in
                XCTAssertTrue("\(error)".hasPrefix("some/file, line \(line): expected "), "\(error)")
                XCTAssertFalse("\(error)".contains("secret"), "\(error)")
            }
        }
    }

    func testEachSourceOfARegionWinsOverTheNext() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("[default]\nregion=r-file-1\n[profile p]\nregion=r-profile-1\n", to: ".aws/config")
        let home = ["HOME": folder.url.path]
        let cases: [(variables: [String: String], options: AWSEnvironment.Options, region: String)] = [
            (["AWS_REGION": "r-a-1", "AWS_DEFAULT_REGION": "r-b-1"], .init(region: "r-option-1"), "r-option-1"),
            (["AWS_REGION": "r-a-1", "AWS_DEFAULT_REGION": "r-b-1"], .init(), "r-a-1"),
            (["AWS_REGION": "", "AWS_DEFAULT_REGION": "r-b-1"], .init(), "r-b-1"),
            ([:], .init(), "r-file-1"), (["AWS_PROFILE": "p"], .init(), "r-profile-1"),
            ([:], .init(profile: "p"), "r-profile-1"), (["HOME": ""], .init(), ""), (["HOME": "/no/such"], .init(), ""),
        ]
        for row in cases {
            let environment = try AWSEnvironment(home.merging(row.variables) { $1 }, options: row.options)
            XCTAssertEqual(environment.region, row.region, "\(row.variables) \(row.options)")
        }
    }

    func testEachSourceOfAnEndpointWinsOverTheNext() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(
            "[default]\nendpoint_url=http://profile\nservices=s\n[profile plain]\n[services s]\nkinesis =\n  endpoint_url = http://service\n",
            to: ".aws/config")
        let home = ["HOME": folder.url.path]
        let cases: [(variables: [String: String], option: String?, kinesis: String?, lambda: String?)] = [
            (
                ["AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_KINESIS": "http://k"], "http://o", "http://o",
                "http://o"
            ),
            (
                ["AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_KINESIS": "http://k"], nil, "http://k",
                "http://all"
            ),
            ([:], nil, "http://service", "http://profile"), (["AWS_PROFILE": "plain"], nil, nil, nil),
            (["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_ENDPOINT_URL": "http://all"], nil, nil, nil),
            (["AWS_ENDPOINT_URL": ""], "", "http://service", "http://profile"),
        ]
        for row in cases {
            let environment = try AWSEnvironment(
                home.merging(row.variables) { $1 }, options: .init(endpointURL: row.option))
            XCTAssertEqual(environment.endpointURL(of: .kinesis), row.kinesis, "\(row.variables)")
            XCTAssertEqual(environment.endpointURL(of: .lambda), row.lambda, "\(row.variables)")
        }
    }

    func testComplainsOfWhatCannotBeUsed() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("[default]\nmax_attempts = many\n", to: ".aws/config")
        _ = try folder.write("x", to: "sub/file")
        let home = folder.url.path
        let cases: [(variables: [String: String], profile: String?, words: String)] = [
            (["HOME": home], nil, "max_attempts is \"many\"; expected a whole number in 1...100"),
            (["AWS_MAX_ATTEMPTS": "0"], nil, "AWS_MAX_ATTEMPTS is \"0\""),
            (
                ["HOME": home], "nobody",
                "there is no profile \"nobody\" in \(home)/.aws/credentials or in \(home)/.aws/config"
            ),
            (["AWS_PROFILE": "nobody", "HOME": home], nil, "there is no profile \"nobody\""),
            (["AWS_CONFIG_FILE": "\(home)/sub"], nil, "\(home)/sub cannot be read: "),
            (["AWS_CONFIG_FILE": "\(home)/sub/file"], nil, "\(home)/sub/file, line 1: expected a heading"),
        ]
        for row in cases {
            XCTAssertThrowsError(try AWSEnvironment(row.variables, options: .init(profile: row.profile)), row.words) {
                XCTAssertTrue("\($0)".contains(row.words), "\($0)")
            }
        }
        XCTAssertEqual(try AWSEnvironment(["AWS_MAX_ATTEMPTS": "7"]).maxAttempts, 7)
        XCTAssertEqual(try AWSEnvironment(["AWS_CONFIG_FILE": "/no/such/file"]).maxAttempts, 3)
    }

    func testFindsTheBundleThatAProfileNames() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("[default]\nca_bundle = /profile.pem\n", to: ".aws/config")
        let home = folder.url.path
        XCTAssertEqual(try AWSEnvironment(["HOME": home]).certificateBundle, CertificateBundle(path: "/profile.pem"))
        XCTAssertEqual(
            try AWSEnvironment(["HOME": home, "AWS_CA_BUNDLE": "/own.pem"]).certificateBundle,
            CertificateBundle(path: "/own.pem"))
    }
}
