import Foundation
import JSON
import TestSupport
import XCTest

@testable import Clients

/// Tests of shared files against the results of botocore, the AWS CLI's library, from `Conformance/generate.py`.
final class SharedFilesConformanceTests: XCTestCase {
    func testParsesFilesAsTheCLI() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "Conformance/shared_files.json")
        let rows = try XCTUnwrap(JSONValue(parsing: Array(try Data(contentsOf: file)))["rows"]?.array)
        XCTAssertGreaterThan(rows.count, 50)
        for row in rows {
            let name = row["name"]?.string ?? ""
            let folder = try TemporaryFolder()
            var variables = ["HOME": folder.url.path]
            for (key, variable) in [
                ("config", "AWS_CONFIG_FILE"), ("credentials", "AWS_SHARED_CREDENTIALS_FILE"),
            ] {
                let bytes = (row[key]?.array ?? []).compactMap { $0.integer.map { UInt8($0) } }
                let url = folder.url.appending(path: key)
                try Data(bytes).write(to: url)
                variables[variable] = url.path
            }
            let shared = try SharedConfiguration(Variables(variables))
            for member in row["profiles"]?.object?.members ?? [] {
                let profile = try shared.profile(member.name)
                XCTAssertNotNil(profile, "\(name): \(member.name)")
                check(member.value, profile, "\(name): \(member.name)")
            }
            for member in row["sso_sessions"]?.object?.members ?? [] {
                check(member.value, try shared.ssoSession(member.name), "\(name): \(member.name)")
            }
            for member in row["services"]?.object?.members ?? [] {
                let urls = try shared.endpointURLs(inServices: member.name)
                for service in member.value.object?.members ?? [] {
                    XCTAssertEqual(urls?[service.name], service.value["endpoint_url"]?.string, name)
                }
            }
            let rejected = (row["rejected"]?.array ?? []).compactMap(\.string)
            for profile in rejected { XCTAssertThrowsError(try shared.profile(profile), "\(name): \(profile)") }
            let known = (row["profiles"]?.object?.names ?? []) + rejected
            for other in ["default", "a", "b", "other"] where !known.contains(other) && row["rejected"] == nil {
                XCTAssertNil(try shared.profile(other), "\(name): \(other)")
            }
        }
    }

    private func check(_ expected: JSONValue, _ profile: SharedConfiguration.Profile?, _ text: String) {
        for member in expected.object?.members ?? [] {
            // Lists of names and values are not texts.
            let value = member.value.string.flatMap { $0.isEmpty ? nil : $0 }
            XCTAssertEqual(profile?[member.name].map { Array($0.utf8) }, value.map { Array($0.utf8) }, text)
        }
    }
}
