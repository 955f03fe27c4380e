import Foundation
import TestSupport
import XCTest

@testable import concertctl

/// Tests of the parser of `.env` files.
final class DotEnvironmentParserTests: XCTestCase {
    /// Files, and what `dotenv_values(path, interpolate=False)` of python-dotenv 1.2.2 reads from them; names without a
    /// value, which it maps to None, are omitted.
    private static let files: [(text: String, assignments: [(String, String)])] = [
        ("A=1\r\nB=2\r\n", [("A", "1"), ("B", "2")]),
        ("A=1\rB=2", [("A", "1"), ("B", "2")]),
        ("# first\r\nA=x y\r\n", [("A", "x y")]),
        ("A='two\nlines'\nB=1", [("A", "two\nlines"), ("B", "1")]),
        ("A=\"two\r\nlines\"\r\nB=1", [("A", "two\nlines"), ("B", "1")]),
        ("export A=1", [("A", "1")]),
        ("export\tA = 1", [("A", "1")]),
        ("export A\nB=2", [("B", "2")]),
        ("export=odd", [("export", "odd")]),
        ("exportA=1", [("exportA", "1")]),
        ("A=a#b", [("A", "a#b")]),
        ("A=a #b", [("A", "a")]),
        ("A=a\t# b", [("A", "a")]),
        ("A=#x", [("A", "#x")]),
        ("A= # x", [("A", "# x")]),
        ("A=", [("A", "")]),
        ("A=\nB=1", [("A", ""), ("B", "1")]),
        ("A = 'x' # c", [("A", "x")]),
        ("A='x' y\nB=1", [("B", "1")]),
        ("A=\"a'b\\\"c\\n\\t\\\\d\\$e\\x\\u0041\"", [("A", "a'b\"c\n\t\\d\\$e\\x\\u0041")]),
        ("A='it\\'s \\n \\\\ \\\"'", [("A", "it's \\n \\ \\\"")]),
        ("A='open\nB=1\n", [("B", "1")]),
        ("A=\"open\nB=\"x\"\n", []),
        ("A=\"C:\\\\\"\nB=1", [("A", "C:\\"), ("B", "1")]),
        ("A=\"C:\\\"\n", [("A", "C:\\")]),
        ("A=\"a\\\"b\"", [("A", "a\"b")]),
        ("=x\nB=1", [("B", "1")]),
        ("A B=1\nC=2", [("C", "2")]),
        ("secret\nB=1", [("B", "1")]),
        ("'A'='b'\n'C D'=e", [("A", "b"), ("C D", "e")]),
        ("'A=1\nB=2", [("B", "2")]),
        ("A=1\nA=2", [("A", "1"), ("A", "2")]),
        ("  A=1  \n\t B = 2 \t", [("A", "1"), ("B", "2")]),
        ("A=a\"b\"c", [("A", "a\"b\"c")]),
        ("A=$B ${C}", [("A", "$B ${C}")]),
        ("A='''x'''", []),
        ("A=\"\"", [("A", "")]),
        ("A='' # c", [("A", "")]),
        ("A.B-C=1", [("A.B-C", "1")]),
        ("A=caf\u{E9}\u{301}", [("A", "caf\u{E9}\u{301}")]),
        ("A==b", [("A", "=b")]),
        ("A='x'#c", [("A", "x")]),
        ("#A=1\n  # B=2\nC=3", [("C", "3")]),
        ("A=\"x\n# y\nz\"\nB=1", [("A", "x\n# y\nz"), ("B", "1")]),
        ("A='x\\", []),
        ("A=1 'b' \"c\"", [("A", "1 'b' \"c\"")]),
        ("\nA=1\n\n\n", [("A", "1")]),
        ("A", []),
        ("A=\\n", [("A", "\\n")]),
        ("A=x\\", [("A", "x\\")]),
        ("A=\"\\", []),
        ("A=\"x\\\\\\\"y\"", [("A", "x\\\"y")]),
    ]

    private func assignments(_ bytes: [UInt8]) -> [String] {
        DotEnvironmentParser.assignments(in: bytes).map {
            "\(String(decoding: $0.name, as: UTF8.self))=\(String(decoding: $0.value, as: UTF8.self))"
        }
    }

    func testReadsLikePythonDotenv() {
        for (text, expected) in Self.files {
            // Compared by scalars, because canonically equivalent texts are different values.
            XCTAssertEqual(
                assignments(Array(text.utf8)).map { Array($0.unicodeScalars) },
                expected.map { Array("\($0.0)=\($0.1)".unicodeScalars) }, text.debugDescription)
        }
    }

    func testSkipsAByteOrderMarkAndRejectsNUL() {
        XCTAssertEqual(assignments([0xEF, 0xBB, 0xBF] + Array("A=1".utf8)), ["A=1"])
        XCTAssertEqual(assignments(Array("A=1\u{0}\nB\u{0}=2\nC=3".utf8)), ["C=3"])
        XCTAssertEqual(assignments([]), [])
    }

    func testTakesLinearTime() {
        for line in ["A=\"\n", "A='\n", "'A\n", "A=\"\\\"\n", "A='\\'\n", "export \n", "A=x # y\n", "A= \t \t\r"] {
            let growth = CPUTimeGrowth(lengths: [300, 3000, 30_000]) { count in
                Array(String(repeating: line, count: count).utf8)
            } work: {
                _ = DotEnvironmentParser.assignments(in: $0)
            }
            XCTAssertTrue(growth.isProportional(), "\(line.debugDescription): \(growth)")
        }
    }
}

/// Tests of the precedence and the accepted names.
final class DotEnvironmentTests: XCTestCase {
    private func merged(_ text: String, into process: [String: String] = [:]) -> ([String: String], [String]) {
        let (environment, ignored) = DotEnvironment.merged(
            DotEnvironmentParser.assignments(in: Array(text.utf8)), into: process)
        return (environment, ignored.map { String(decoding: $0, as: UTF8.self) })
    }

    func testTheProcessTakesPrecedenceUnlessItsVariableIsEmpty() {
        let (environment, ignored) = merged(
            "CACHE_URL=file\nMETRICS=file\nNOTIFY_ON=file\nAWS_PROFILE=file\nHOME=/file",
            into: ["CACHE_URL": "process", "METRICS": "", "D": "process", "HOME": "/process"])
        XCTAssertEqual(
            environment,
            [
                "CACHE_URL": "process", "METRICS": "file", "NOTIFY_ON": "file", "D": "process", "HOME": "/process",
            ])
        // HOME always comes from the process.
        XCTAssertEqual(ignored, ["AWS_PROFILE"])
    }

    /// Returns the variables in the tables of a page, by section.
    private func documented() throws -> [String: [String]] {
        let page = try String(contentsOf: Repository.root.appending(path: "docs/configuration.md"), encoding: .utf8)
        var section = ""
        var found: [String: [String]] = [:]
        for line in page.components(separatedBy: "\n") {
            if line.hasPrefix("## ") { section = String(line.dropFirst(3)) }
            guard line.hasPrefix("| `") else { continue }
            let cell = line.dropFirst(2).components(separatedBy: " | ")[0]
            found[section, default: []] += cell.components(separatedBy: "`").filter { name in
                name.wholeMatch(of: /[A-Z][A-Z0-9_]+/) != nil
            }
        }
        return found
    }

    func testAcceptsTheDocumentedSettingsAndNothingElse() throws {
        let sections = try documented()
        let own = sections.filter { !["AWS", "Set by Lambda"].contains($0.key) }.values.flatMap { $0 }
        XCTAssertGreaterThan(own.count, 20)
        let accepted =
            own + [
                "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                "AWS_MAX_ATTEMPTS", "AWS_KINESIS_STREAM_NAME", "AWS_KINESIS_SHARD_COUNT", "AWS_LAMBDA_LOG_LEVEL",
                "AWS_LAMBDA_LOG_FORMAT",
            ]
        for name in accepted {
            let (environment, ignored) = merged("\(name)=value")
            XCTAssertEqual(environment, [name: "value"], name)
            XCTAssertEqual(ignored, [], name)
        }
        let rest = try XCTUnwrap(sections["AWS"]) + XCTUnwrap(sections["Set by Lambda"])
        for name in rest where !accepted.contains(name) {
            let (environment, ignored) = merged("\(name)=value")
            XCTAssertEqual(environment, [:], name)
            XCTAssertEqual(ignored, [name])
        }
    }

    func testReportsVariablesOfEndpointsAndIdentities() {
        let dangerous = Self.dangerous
        let text = (dangerous + dangerous).map { "\($0)=value\n" }.joined()
        let (environment, ignored) = merged(
            text + "AWS_PAGER=\nPATH=/x\nPS1=x\nEDITOR=x\nCACHE_URL.x=y\nCACHE_\u{1B}[2J=z\n")
        XCTAssertEqual(environment, [:])
        XCTAssertEqual(ignored, dangerous)
    }

    fileprivate static let dangerous = [
        "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL_STS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_CA_BUNDLE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_EC2_METADATA_DISABLED", "AWS_SDK_LOAD_CONFIG", "AWS_LAMBDA_RUNTIME_API", "HTTPS_PROXY", "https_proxy",
        "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "HOME",
    ]
}

/// Tests of the built program in an untrusted directory.
final class ForeignFolderTests: XCTestCase {
    /// Runs a command that calls AWS in a directory with a `.env` file.
    private func run(
        _ file: Data, _ arguments: [String] = ["stream", "list"], environment: [String: String],
        in folder: TemporaryFolder
    ) throws -> Run {
        try file.write(to: folder.url.appending(path: ".env"))
        return try Concertctl.run(
            arguments, environment: ["HOME": folder.url.path + "/home"].merging(environment) { $1 },
            workingDirectory: folder.url)
    }

    func testNeitherRunsNorCallsAnythingFromTheFile() throws {
        let (trusted, foreign) = (try StrictAWS(), try StrictAWS())
        let folder = try TemporaryFolder()
        let mark = folder.url.appending(path: "executed")
        let config = try folder.write(
            """
            [default]
            credential_process = /usr/bin/touch \(mark.path)
            endpoint_url = \(foreign.url)
            [profile cloned]
            credential_process = /usr/bin/touch \(mark.path)
            """, to: "config")
        let secret = "Zm9yZWlnbnZhbHVl"
        let values = [
            "AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": config, "AWS_PROFILE": "cloned",
            "HOME": folder.url.path,
        ]
        for name in DotEnvironmentTests.dangerous {
            let isAddress = !name.contains("FILE") && !name.contains("BUNDLE") && values[name] == nil
            let value = values[name] ?? (isAddress ? "\(foreign.url)/\(secret)" : secret)
            var environment = trusted.environment
            environment["HOME"] = folder.url.path + "/home"
            // No other variable takes precedence over the file.
            environment[name] = ""
            // Set in the environment, unless the file tries to set it.
            if name.hasPrefix("AWS_CO") || name.contains("PROFILE") || name.contains("SHARED") {
                environment["AWS_ACCESS_KEY_ID"] = nil
                environment["AWS_SECRET_ACCESS_KEY"] = nil
            }
            let run = try run(
                Data("METRICS=on\r\n\(name)=\(value)\r\n".utf8),
                ["stream", "list", "--endpoint-url", trusted.url], environment: environment, in: folder)
            XCTAssertTrue(run.notes.contains("note: .env: ignored \(name): "), "\(name): \(run.notes)")
            XCTAssertFalse((run.notes + run.output).contains(value), "\(name): \(run.notes)")
            XCTAssertFalse(FileManager.default.fileExists(atPath: mark.path), "\(name) ran a program")
            XCTAssertEqual(try foreign.calls().count, 0, name)
        }
        XCTAssertGreaterThan(try trusted.calls().count, 0)
    }

    func testReadsSettingsWithCRLFAndNeverPrintsAValue() throws {
        let server = try StrictAWS()
        let folder = try TemporaryFolder()
        let secret = "c2VjcmV0c2VjcmV0"
        let lines = [
            "# settings", "AWS_ACCESS_KEY_ID=AKID\(secret)", "export AWS_SECRET_ACCESS_KEY=\"\(secret)\"", "\(secret)",
            "AWS_SESSION_TOKEN='\(secret)", "A B=\(secret)", "AWS_REGION=eu-central-1", "export AWS_SESSION_TOKEN",
            "AWS_MAX_ATTEMPTS=1", "CACHE_URL=redis://:\(secret)@h",
        ]
        let good = ["AWS_ENDPOINT_URL": server.url]
        for end in ["\r\n", "\n"] {
            let run = try run(Data(lines.joined(separator: end).utf8), environment: good, in: folder)
            XCTAssertEqual(run.status, 0, run.notes)
            XCTAssertEqual(run.output, "no streams in eu-central-1\n")
            XCTAssertEqual(run.notes, "")
        }
        // Errors about the file and its values.
        let text = lines.joined(separator: "\r\n")
        let bad: [(Data, String)] = [
            (Data(text.utf8) + [0xFF], ".env is not UTF-8"),
            (Data("\u{FEFF}\(text)".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }), ".env is not UTF-8"),
            (Data((text + String(repeating: "#", count: 1 << 20)).utf8), ".env is larger than 1 MiB"),
            (Data((text + "\r\nAWS_REGION=\(secret)\"!").utf8), "Region"),
        ]
        for (file, words) in bad {
            let run = try run(file, environment: good, in: folder)
            XCTAssertEqual(run.status, 1, words)
            XCTAssertTrue(run.notes.contains(words), run.notes)
            if !words.hasPrefix("Region") { XCTAssertFalse(run.notes.contains(secret), run.notes) }
        }
    }

    func testIgnoresADirectoryAndADeviceWithTheName() throws {
        let server = try StrictAWS()
        for make in [
            { try FileManager.default.createDirectory(at: $0, withIntermediateDirectories: false) },
            { try FileManager.default.createSymbolicLink(atPath: $0.path, withDestinationPath: "/dev/zero") },
        ] as [(URL) throws -> Void] {
            let folder = try TemporaryFolder()
            try make(folder.url.appending(path: ".env"))
            let run = try Concertctl.run(
                ["stream", "list"], environment: server.environment, workingDirectory: folder.url, timeLimit: 20)
            XCTAssertEqual(run.status, 0, run.notes)
            XCTAssertEqual(run.notes, "")
        }
    }

    func testReplayReadsTheSameEnvironmentAsOtherCommands() throws {
        let folder = try TemporaryFolder()
        let payload = try folder.write(
            #"{"concert_id":"c","artist_id":"a","venue_id":"v","name":"n","event_date":"2030-01-01T20:00:00","status":"cancelled"}"#,
            to: "c.ndjson")
        let sinks = folder.url.path + "/sinks"
        let arguments = ["replay", payload, "--processors", "notifier", "--sink-dir", sinks]
        let run = try run(Data("NOTIFY_ON=concert.announced\n".utf8), arguments, environment: [:], in: folder)
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try String(contentsOfFile: sinks + "/notifications.ndjson", encoding: .utf8), "")
        // The process environment takes precedence over the file.
        let other = try self.run(
            Data("NOTIFY_ON=concert.announced\n".utf8), arguments, environment: ["NOTIFY_ON": "concert.cancelled"],
            in: folder)
        XCTAssertEqual(other.status, 0, other.notes)
        let notifications = try String(contentsOfFile: sinks + "/notifications.ndjson", encoding: .utf8)
        XCTAssertTrue(notifications.contains("concert.cancelled"), notifications)
    }

    func testReplayPassesTheFileToTheBootstrap() throws {
        let folder = try TemporaryFolder()
        let listing = folder.url.path + "/environment"
        let script = try folder.write("#!/bin/sh\nenv > \(listing)\nexit 1\n", to: "bootstrap")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let run = try run(
            Data("OPTIONAL_PROCESSORS=log\r\nAWS_PROFILE=other\r\n".utf8),
            ["replay", "--bootstrap", script, Repository.root.path + "/Fixtures/kinesis/one-artist.event.json"],
            environment: [:], in: folder)
        XCTAssertEqual(run.status, 1)
        let seen = try String(contentsOfFile: listing, encoding: .utf8).components(separatedBy: "\n")
        XCTAssertTrue(seen.contains("OPTIONAL_PROCESSORS=log"))
        XCTAssertFalse(seen.contains { $0.hasPrefix("AWS_PROFILE") })
    }
}
