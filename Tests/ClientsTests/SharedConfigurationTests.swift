import Foundation
import TestSupport
import XCTest

@testable import Clients

/// Tests of the paths and the precedence of the shared files.
final class SharedConfigurationTests: XCTestCase {
    func testCredentialsFilePrecedesTheConfigFile() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "[default]\na=config\nb=config\n[profile default]\nb=named\n[profile x]\na=config\n[y]\na=config",
            to: ".aws/config")
        try folder.write("[default]\na=credentials\n[y]\nb=credentials\n[profile z]\na=1", to: ".aws/credentials")
        let shared = try SharedConfiguration(Variables(["HOME": folder.url.path]))
        XCTAssertEqual(try shared.profile("default")?["a"], "credentials")
        XCTAssertEqual(try shared.profile("default")?["b"], "named")
        XCTAssertEqual(try shared.profile("x")?["a"], "config")
        XCTAssertNil(try shared.profile("y")?["a"], "a profile's heading in the config file says so")
        XCTAssertEqual(try shared.profile("y")?["b"], "credentials")
        XCTAssertNil(try shared.profile("z"))
        XCTAssertEqual(shared.folder, folder.url.path + "/.aws")
    }

    func testFilesCanBeElsewhere() throws {
        let folder = try TemporaryFolder()
        let home = folder.url.path
        try folder.write("[profile x]\na=1", to: "conf/c")
        try folder.write("[x]\nb=2", to: "k")
        for path in ["~/conf/c", home + "/conf/c"] {
            let shared = try SharedConfiguration(
                Variables(["HOME": home, "AWS_CONFIG_FILE": path, "AWS_SHARED_CREDENTIALS_FILE": "~/k"]))
            XCTAssertEqual(shared.paths, [home + "/k", home + "/conf/c"])
            XCTAssertEqual(try shared.profile("x")?["a"], "1")
            XCTAssertEqual(try shared.profile("x")?["b"], "2")
        }
    }

    func testWithoutFilesOrHomeThereAreNoProfiles() throws {
        let folder = try TemporaryFolder()
        let cases: [([String: String], paths: Int)] = [
            ([:], 0), (["HOME": ""], 0), (["HOME": folder.url.path], 2), (["HOME": "/nowhere/at/all"], 2),
            (["AWS_CONFIG_FILE": "/nowhere"], 1), (["AWS_CONFIG_FILE": "~/c"], 1), (["HOME": "/dev/null"], 2),
        ]
        for (variables, paths) in cases {
            let shared = try SharedConfiguration(Variables(variables))
            XCTAssertNil(try shared.profile("default"))
            XCTAssertEqual(shared.paths.count, paths, "\(variables)")
        }
    }

    func testErrorNamesUnreadableFile() throws {
        let folder = try TemporaryFolder()
        let home = folder.url.path
        try FileManager.default.createSymbolicLink(atPath: home + "/loop", withDestinationPath: home + "/loop")
        try Data(repeating: UInt8(ascii: "#"), count: LocalFile.sizeLimit + 1).write(
            to: folder.url.appending(path: "long"))
        let cases = [
            (home, "directory"), (home + "/loop", "symbolic"), (home + "/long", "4 MiB"),
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
        XCTAssertEqual(try shared.ssoSession("s")?["sso_region"], "eu-west-1")
        XCTAssertNil(try shared.ssoSession("t"))
        XCTAssertEqual(try shared.endpointURLs(inServices: "v"), ["kinesis": "http://k"])
        XCTAssertNil(try shared.endpointURLs(inServices: "w"))
    }

    func testOnlyProblemsOfTheUsedProfileCount() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "[default]\nregion=r\n[profile a]\nodd\n[sso-session s]\nodd\n[services v]\nodd\n", to: ".aws/config")
        try folder.write("[b]\nx=1\n[b]\nx=2\n[c]\nx=3\n", to: ".aws/credentials")
        let shared = try SharedConfiguration(Variables(["HOME": folder.url.path]))
        XCTAssertEqual(try shared.profile("default")?["region"], "r")
        XCTAssertEqual(try shared.profile("c")?["x"], "3")
        XCTAssertNil(try shared.profile("d"))
        let config = folder.url.path + "/.aws/config"
        let credentials = folder.url.path + "/.aws/credentials"
        let cases: [(read: () throws -> Any?, text: String)] = [
            ({ try shared.profile("a") }, "\(config), line 4: expected name = value"),
            ({ try shared.ssoSession("s") }, "\(config), line 6: expected name = value"),
            ({ try shared.endpointURLs(inServices: "v") }, "\(config), line 8: expected name = value"),
            ({ try shared.profile("b") }, "\(credentials), line 3: expected each section once; [b] is repeated"),
        ]
        for row in cases { XCTAssertThrowsError(try row.read(), row.text) { XCTAssertEqual("\($0)", row.text) } }
    }

    func testProfileWithInvalidHeadingIsNotMissing() throws {
        let folder = try TemporaryFolder()
        try folder.write("[profile a\naws_access_key_id=1\n[profile b]\nx=1\n", to: ".aws/config")
        let shared = try SharedConfiguration(Variables(["HOME": folder.url.path]))
        XCTAssertEqual(try shared.profile("b")?["x"], "1")
        for name in ["a", "default"] {
            XCTAssertThrowsError(try shared.profile(name), name) { error in
                XCTAssertEqual(
                    "\(error)", "\(folder.url.path)/.aws/config, line 1: expected a heading such as [profile dev]")
            }
        }
    }
}
