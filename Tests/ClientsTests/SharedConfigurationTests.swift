import Foundation
import TestSupport
import XCTest

@testable import Clients

/// Where the shared files are, and how they go together.
final class SharedConfigurationTests: XCTestCase {
    func testTheCredentialsFileWinsOverTheConfigFile() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "[default]\na=config\nb=config\n[profile default]\nb=named\n[profile x]\na=config\n[y]\na=config",
            to: ".aws/config")
        try folder.write("[default]\na=credentials\n[y]\nb=credentials\n[profile z]\na=1", to: ".aws/credentials")
        let shared = try SharedConfiguration(Variables(["HOME": folder.url.path]))
        XCTAssertEqual(shared.profile("default")?["a"], "credentials")
        XCTAssertEqual(shared.profile("default")?["b"], "named")
        XCTAssertEqual(shared.profile("x")?["a"], "config")
        XCTAssertNil(shared.profile("y")?["a"], "a profile's heading in the config file says so")
        XCTAssertEqual(shared.profile("y")?["b"], "credentials")
        XCTAssertNil(shared.profile("z"))
        XCTAssertEqual(shared.folder, folder.url.path + "/.aws")
    }

    func testFilesMayBeElsewhere() throws {
        let folder = try TemporaryFolder()
        let home = folder.url.path
        try folder.write("[profile x]\na=1", to: "conf/c")
        try folder.write("[x]\nb=2", to: "k")
        for path in ["~/conf/c", home + "/conf/c"] {
            let shared = try SharedConfiguration(
                Variables(["HOME": home, "AWS_CONFIG_FILE": path, "AWS_SHARED_CREDENTIALS_FILE": "~/k"]))
            XCTAssertEqual(shared.paths, [home + "/k", home + "/conf/c"])
            XCTAssertEqual(shared.profile("x")?["a"], "1")
            XCTAssertEqual(shared.profile("x")?["b"], "2")
        }
    }

    func testWithoutFilesOrHomeThereIsNothing() throws {
        let folder = try TemporaryFolder()
        let cases: [([String: String], paths: Int)] = [
            ([:], 0), (["HOME": ""], 0), (["HOME": folder.url.path], 2), (["HOME": "/nowhere/at/all"], 2),
            (["AWS_CONFIG_FILE": "/nowhere"], 1), (["AWS_CONFIG_FILE": "~/c"], 1), (["HOME": "/dev/null"], 2),
        ]
        for (variables, paths) in cases {
            let shared = try SharedConfiguration(Variables(variables))
            XCTAssertNil(shared.profile("default"))
            XCTAssertEqual(shared.paths.count, paths, "\(variables)")
        }
    }

    func testAFileThatCannotBeReadIsNamed() throws {
        let folder = try TemporaryFolder()
        let home = folder.url.path
        try FileManager.default.createSymbolicLink(atPath: home + "/loop", withDestinationPath: home + "/loop")
        try Data([0x5B, 0xFF, 0x5D]).write(to: folder.url.appending(path: "latin"))
        try Data(repeating: UInt8(ascii: "#"), count: LocalFile.sizeLimit + 1).write(
            to: folder.url.appending(path: "long"))
        let cases = [
            (home, "directory"), (home + "/loop", "symbolic"), (home + "/latin", "UTF-8"), (home + "/long", "4 MiB"),
        ]
        for (path, reason) in cases {
            for variable in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
                XCTAssertThrowsError(try SharedConfiguration(Variables([variable: path]))) { error in
                    XCTAssertTrue("\(error)".hasPrefix("\(path) cannot be read: "), "\(error)")
                    XCTAssertTrue("\(error)".lowercased().contains(reason.lowercased()), "\(error)")
                }
            }
        }
    }

    func testFindsSessionsAndServices() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "[sso-session s]\nsso_region=eu-west-1\n[services v]\nkinesis=\n  endpoint_url=http://k\nsqs=\n  endpoint_url=",
            to: ".aws/config")
        let shared = try SharedConfiguration(Variables(["HOME": folder.url.path]))
        XCTAssertEqual(shared.ssoSession("s")?["sso_region"], "eu-west-1")
        XCTAssertNil(shared.ssoSession("t"))
        XCTAssertEqual(shared.endpointURL(ofService: "kinesis", in: "v"), "http://k")
        XCTAssertNil(shared.endpointURL(ofService: "sqs", in: "v"))
        XCTAssertNil(shared.endpointURL(ofService: "kinesis", in: "w"))
    }
}
