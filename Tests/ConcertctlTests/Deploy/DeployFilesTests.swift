import Basics
import Foundation
import Telemetry
import TestSupport
import XCTest

@testable import concertctl

/// Tests the search for the files to deploy, and their parsing.
final class DeployFilesTests: XCTestCase {
    private func release(_ machines: [String], in folder: TemporaryFolder) throws {
        for machine in machines {
            try folder.write("", to: "template-\(Version.current)-\(machine).yaml")
            try folder.write("", to: "concert-data-processor-\(Version.current)-\(machine).zip")
        }
    }

    func testReleaseIsFoundByFileNames() throws {
        let (empty, one, both) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
        try release(["aarch64"], in: one)
        try release(["aarch64", "x86_64"], in: both)
        func find(_ folders: [TemporaryFolder], _ architecture: String? = nil) throws -> String? {
            try DeployFiles.release(in: folders.map(\.url.path), architecture: architecture)?.zip
        }
        let name = "concert-data-processor-\(Version.current)"
        XCTAssertNil(try find([empty]))
        XCTAssertEqual(try find([empty, one]), "\(one.url.path)/\(name)-aarch64.zip")
        XCTAssertNil(try find([one], "x86_64"))
        XCTAssertEqual(try find([both], "x86_64"), "\(both.url.path)/\(name)-x86_64.zip")
        XCTAssertEqual(try find([both], "arm64"), "\(both.url.path)/\(name)-aarch64.zip")
        XCTAssertThrowsError(try find([both])) {
            XCTAssertTrue("\($0)".contains("choose one with --parameter Architecture"))
        }
        let checkout = try DeployFiles(template: nil, zip: nil, architecture: nil, folders: [empty.url.path])
        XCTAssertEqual(checkout, DeployFiles(template: "template.yaml", zip: "dist/concert-data-processor.zip"))
        let mixed = try DeployFiles(template: "t", zip: nil, architecture: nil, folders: [one.url.path])
        XCTAssertEqual(mixed.template, "t")
        XCTAssertEqual(mixed.zip, "\(one.url.path)/\(name)-aarch64.zip")
    }

    func testArchitectureOfZipIsRead() throws {
        let folder = try TemporaryFolder()
        for (number, machine) in [(UInt8(62), "x86_64"), (183, "arm64")] {
            for isStored in [false, true] {
                let path = try DeploymentFiles.zip(in: folder, machine: number, isStored: isStored)
                let program = try ExecutableFile(ZipArchive(path: path).file(named: "bootstrap"))
                XCTAssertEqual(program.machine, machine)
                XCTAssertTrue(program.isStatic)
            }
        }
    }

    func testDamagedZipIsRejected() throws {
        let folder = try TemporaryFolder()
        let whole = try Data(contentsOf: URL(filePath: DeploymentFiles.zip(in: folder)))
        XCTAssertThrowsError(try ZipArchive(whole).file(named: "other")) {
            XCTAssertEqual("\($0)", "has no file other at its top level")
        }
        XCTAssertThrowsError(try ZipArchive(path: "/nonexistent").file(named: "bootstrap"))
        // Truncated and modified archives must not trap.
        for length in 0..<whole.count {
            XCTAssertThrowsError(try ZipArchive(whole.prefix(length)).file(named: "bootstrap"), "\(length)")
        }
        var refused = 0
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 0xFF
            do { _ = try ZipArchive(damaged).file(named: "bootstrap") } catch { refused += 1 }
        }
        XCTAssertGreaterThan(refused, 50)
    }

    func testCodeIsReplacedInYAMLAndJSON() throws {
        let code = S3Object(bucket: "b", key: "k.zip")
        for (text, replaced) in [
            (
                "Resources:\n  A:\n    CodeUri: build/function\n  B:\n      CodeUri: x.zip",
                "Resources:\n  A:\n    CodeUri: s3://b/k.zip\n  B:\n      CodeUri: s3://b/k.zip"
            ),
            (
                #"{"R":[{"Code":{"S3Bucket":"x","S3Key":"y"}}],"n":1}"#,
                #"{"R":[{"Code":{"S3Bucket":"b","S3Key":"k.zip"}}],"n":1}"#
            ),
        ] {
            XCTAssertEqual(
                String(decoding: try DeployTemplate(Array(text.utf8), path: "t").text(code: code), as: UTF8.self),
                replaced)
        }
        XCTAssertThrowsError(try DeployTemplate(Array("Resources:".utf8), path: "t").text(code: code)) {
            XCTAssertTrue("\($0)".contains("t: no code of a function found"), "\($0)")
        }
    }

    func testSecretParametersAreFoundInAllSpellings() throws {
        let block = "Parameters:\n  P:\n    Type: String\n    NoEcho: VALUE\nResources:\n  A:\n"
        var cases: [(text: String, isSecret: Bool)] = [
            ("true", true), ("True", true), ("yes", true), ("\"true\"", true), ("'true' # why", true), ("", true),
            ("true # why", true), ("true   ", true), ("false", false), ("false # why", false), ("'false'", false),
        ].map { (block.replacingOccurrences(of: "VALUE", with: $0), $1) }
        cases += cases.map { ($0.replacingOccurrences(of: "\n", with: "\r\n"), $1) }
        cases += cases.map { ($0.replacingOccurrences(of: "  ", with: "    "), $1) }
        cases += [
            ("\u{FEFF}\(block)", true), ("\"Parameters\" : # all\n  P: # one\n    \"NoEcho\" : true\n", true),
            ("Parameters:\n P:\n   NoEcho: true\n", true),
            ("Parameters:\n  P:\n    Description: >\n      NoEcho: false\n    NoEcho: true\n", true),
            ("Parameters:\n  P:\n    Description: a\n      long text\n    NoEcho: true\n", true),
            (#"{"Parameters": {"P": {"Type": "String", "NoEcho": "True"}}}"#, true),
            (#"{"Parameters": {"P": {"Type": "String", "NoEcho": true}}}"#, true),
            (#"{"Parameters": {"P": {"Type": "String", "NoEcho": false}}}"#, false),
        ]
        for (text, isSecret) in cases {
            let template = try DeployTemplate(Array(text.utf8), path: "t")
            XCTAssertEqual(template.parameters.map(\.name), ["P"], text)
            XCTAssertEqual(template.parameter("P")?.isSecret, isSecret, text)
        }
    }

    func testUnreadableParametersAreRejected() throws {
        for (text, line) in [
            ("Parameters: {P: {NoEcho: true}}\n", 1), ("{Parameters: {P: {NoEcho: true}}}\n", 1),
            ("Parameters:\n  P: {Type: String, NoEcho: true}\n", 2), ("Parameters:\n  P: &a\n    NoEcho: true\n", 2),
            ("Parameters:\n  P:\n    <<: *a\n", 3), ("Parameters:\n  P:\n    NoEcho:true\n", 3),
            ("Parameters:\n  P:\n    NoEcho:\n      true\n", 4), ("Parameters:\n  P:\n    NoEcho: !!bool true\n", 3),
            ("Parameters:\n  P:\n    NoEcho: \"true\n", 3), ("Parameters:\n  P:\n    Default: |\n      a\n", 3),
            ("Parameters:\n  P:\n    Type: String\n   NoEcho: true\n", 4), ("  Parameters:\n    P:\n", 1),
            ("Parameters:\n  P:\n    Type: String\r    NoEcho: true\n", 3), ("? Parameters\n: P:\n", 1),
            ("Parameters:\n  P:\n    AllowedValues: [a,\n      b]\n", 3), ("<<: *a\n", 1),
            ("--- {Parameters: {}}\n", 1),
            ("Parameters:\n  P:\n    AllowedValues: {a: b}\n", 3), ("Parameters:\n  ? P\n", 2),
            ("Parameters:\n- P\n", 2),
        ] {
            XCTAssertThrowsError(try DeployTemplate(Array(text.utf8), path: "t"), text) {
                XCTAssertTrue("\($0)".hasPrefix("t: the parameters cannot be read at line \(line):"), "\(text): \($0)")
            }
        }
    }

    func testListsAndQuotedValuesAreParsed() throws {
        let text = #"""
            Parameters:
              P:
                AllowedValues: [a, "b,c", 'd''e' , f g] # some
                AllowedPattern: "^\\d\"$"
                Default: a#b # comment
              Q:
                AllowedValues:
                - a # first
                - 'b'
                ConstraintDescription: "long
                  text"
            """#
        let template = try DeployTemplate(Array(text.utf8), path: "t")
        XCTAssertEqual(template.parameter("P")?.allowedValues, ["a", "b,c", "d'e", "f g"])
        XCTAssertEqual(template.parameter("P")?.allowedPattern, #"^\d"$"#)
        XCTAssertEqual(template.parameter("P")?.fallback, "a#b")
        XCTAssertEqual(template.parameter("Q")?.allowedValues, ["a", "b"])
    }

    /// Parses the parameters of `template.yaml`, and validates their defaults and other values.
    func testParametersOfShippedTemplateAreParsed() throws {
        let template = try DeployTemplate(path: Repository.root.appending(path: "template.yaml").path)
        XCTAssertGreaterThan(template.parameters.count, 50)
        XCTAssertLessThanOrEqual(template.parameters.count, 200, "CloudFormation takes no more")
        for parameter in template.parameters {
            let fallback = try XCTUnwrap(parameter.fallback, "\(parameter.name) has no default")
            XCTAssertNil(parameter.problem(with: fallback), parameter.name)
        }
        let url = try XCTUnwrap(template.parameter("CacheUrl"))
        XCTAssertTrue(url.isSecret)
        XCTAssertFalse(try XCTUnwrap(url.problem(with: "sesame")).contains("sesame"))
        for (name, value, problem) in [
            ("Architecture", "arm", "Architecture is \"arm\"; expected one of x86_64, arm64"),
            ("ShardLevelMetrics", "true", "ShardLevelMetrics is \"true\"; expected one of yes, no"),
            ("Timeout", "901", "Timeout is \"901\"; expected a number in 5...900"),
            ("Timeout", "x", "Timeout is \"x\"; expected a number in 5...900"),
            ("StreamArn", "s", "StreamArn is \"s\"; expected the ARN of a stream, or empty."),
            ("NotifyOn", "a", "NotifyOn is \"a\"; expected a list, without spaces, of concert.announced"),
        ] {
            let found = try XCTUnwrap(template.parameter(name)?.problem(with: value), name)
            XCTAssertTrue(found.hasPrefix(problem), found)
        }
        XCTAssertNil(template.parameter("NotifyOn")?.problem(with: "concert.announced,artist.popular"))
        XCTAssertNil(template.parameter("Timeout")?.problem(with: "900"))
    }
}
