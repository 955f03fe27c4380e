import Foundation
import TestSupport
import XCTest

@testable import concertctl

/// Tests of the files of `--report`, `--record`, `--on-failure`, and `--failed`.
final class OutputFileTests: XCTestCase {
    private var folder: TemporaryFolder!
    private var server: StreamOnStrictAWS!
    /// The files that existed before a command ran.
    private var given: Set<String> = []

    override func setUpWithError() throws {
        folder = try TemporaryFolder()
        server = try StreamOnStrictAWS()
        try server.fake.set(["readsUntilActive": 0])
        try folder.write(#"{"artist_id":"a1","name":"Nova"}"# + "\n", to: "good.ndjson")
        try folder.write("not JSON\n", to: "bad.ndjson")
        try FileManager.default.copyItem(
            at: Repository.root.appending(path: "Fixtures/kinesis/one-artist.event.json"),
            to: folder.url.appending(path: "event.json"))
        given = Set(try names())
    }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.url.path) }

    private func path(_ name: String) -> String { folder.url.path + "/" + name }

    /// A command for each option, with the content of its file and its exit status.
    private static let commands: [(words: [String], content: String, status: Int32)] = [
        (["replay", "good.ndjson", "--report"], "<!doctype html>", 0),
        (["replay", "event.json", "--record"], "\"Records\"", 0),
        (["replay", "bad.ndjson", "--retries", "0", "--on-failure"], "RetryAttemptsExhausted", 3),
        (["stream", "put", "good.ndjson", "--failed"], "\"a1\"", 1),
    ]

    /// Runs a command whose last option names `file`, with redirections of a shell.
    private func run(
        _ command: (words: [String], content: String, status: Int32), _ file: String, _ redirection: String = "",
        before: String = ":", quoted: Bool = true
    ) throws -> Run {
        if command.words[0] == "stream" { try server.fake.add(.throttle, of: "PutRecords", times: -1) }
        let program = try RunningProgram(
            URL(filePath: "/bin/bash"),
            [
                "-c", "\(before); exec \"$0\" \"$@\" \(quoted ? "'\(file)'" : file) \(redirection)",
                Concertctl.executable.path,
            ] + command.words,
            environment: Concertctl.cleanEnvironment(home: folder).merging(server.fake.environment) { $1 }
                .merging(["AWS_KINESIS_STREAM_NAME": "concerts", "AWS_MAX_ATTEMPTS": "1"]) { $1 },
            workingDirectory: folder.url)
        return try program.finish(timeLimit: 60)
    }

    private func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    private func assertNothingElse(_ expected: String..., line: UInt = #line) throws {
        let drafts = Set(try names()).subtracting(given).subtracting(expected + [".config", ".cache"])
        XCTAssertEqual(drafts, [], line: line)
        for name in expected { try? FileManager.default.removeItem(atPath: path(name)) }
    }

    private func status(_ name: String) -> stat {
        var status = stat()
        XCTAssertEqual(unsafe lstat(path(name), &status), 0, name)
        return status
    }

    func testCreatesAndReplacesFilesAsAWhole() throws {
        for command in Self.commands {
            XCTAssertEqual(try run(command, "out").status, command.status, "\(command.words)")
            XCTAssertTrue(try text("out").contains(command.content), "\(command.words)")
            try folder.write("earlier", to: "out")
            XCTAssertEqual(unsafe chmod(path("out"), 0o640), 0)
            let before = status("out")
            XCTAssertEqual(try run(command, path("out")).status, command.status, "\(command.words)")
            XCTAssertTrue(try text("out").contains(command.content), "\(command.words)")
            XCTAssertFalse(try text("out").contains("earlier"), "\(command.words)")
            // A new file, so that a process that has the previous one open can read all of it.
            XCTAssertNotEqual(status("out").st_ino, before.st_ino, "\(command.words)")
            XCTAssertEqual(status("out").st_mode, before.st_mode, "\(command.words)")
            try assertNothingElse("out")
        }
    }

    func testWritesThroughLinks() throws {
        try FileManager.default.createDirectory(atPath: path("elsewhere"), withIntermediateDirectories: true)
        given.insert("elsewhere")
        for command in Self.commands {
            for isThere in [true, false] {
                if isThere { try folder.write("earlier", to: "elsewhere/target") }
                XCTAssertEqual(unsafe symlink("elsewhere/second", path("first")), 0)
                XCTAssertEqual(unsafe symlink("target", path("elsewhere/second")), 0)
                XCTAssertEqual(try run(command, "first").status, command.status, "\(command.words)")
                XCTAssertEqual(status("first").st_mode & S_IFMT, S_IFLNK, "\(command.words)")
                XCTAssertEqual(status("elsewhere/second").st_mode & S_IFMT, S_IFLNK, "\(command.words)")
                XCTAssertTrue(try text("elsewhere/target").contains(command.content), "\(command.words)")
                XCTAssertEqual(
                    try FileManager.default.contentsOfDirectory(atPath: path("elsewhere")).sorted(),
                    ["second", "target"])
                try FileManager.default.removeItem(atPath: path("elsewhere/second"))
                try FileManager.default.removeItem(atPath: path("elsewhere/target"))
                try assertNothingElse("first")
            }
        }
    }

    func testWritesIntoAPipe() throws {
        for command in Self.commands {
            let run = try run(
                command, "pipe", "; status=$?; wait; exit $status", before: "mkfifo pipe; cat pipe > copy & true")
            XCTAssertTrue(run.notes.isEmpty || command.status != 0, run.notes)
            XCTAssertEqual(status("pipe").st_mode & S_IFMT, S_IFIFO, "\(command.words)")
            let copy = path("copy")
            // After `exec`, no shell waits for the reader, which ends with the pipe.
            let end = ContinuousClock.now + .seconds(20)
            while try !String(contentsOfFile: copy, encoding: .utf8).contains(command.content),
                ContinuousClock.now < end
            {
                usleep(5000)
            }
            XCTAssertTrue(try text("copy").contains(command.content), "\(command.words): \(run.notes)")
            try assertNothingElse("pipe", "copy")
        }
    }

    func testWritesIntoAProcessSubstitution() throws {
        for command in Self.commands {
            let run = try run(command, ">(cat > copy.new; mv copy.new copy)", quoted: false)
            XCTAssertEqual(run.status, command.status, "\(command.words): \(run.notes)")
            let end = ContinuousClock.now + .seconds(20)
            while !FileManager.default.fileExists(atPath: path("copy")), ContinuousClock.now < end { usleep(5000) }
            XCTAssertTrue(try text("copy").contains(command.content), "\(command.words)")
            try assertNothingElse("copy")
        }
    }

    func testDashIsStandardOutputAndSendsTheReportToStandardError() throws {
        for command in Self.commands {
            let run = try run(command, "-")
            XCTAssertEqual(run.status, command.status, "\(command.words): \(run.notes)")
            XCTAssertTrue(run.output.contains(command.content), "\(command.words): \(run.output)")
            let report = command.words[0] == "stream" ? "not put: 1" : "throughput"
            XCTAssertFalse(run.output.contains(report), "\(command.words)")
            XCTAssertTrue(run.notes.contains(report), "\(command.words): \(run.notes)")
            try assertNothingElse()
        }
    }

    func testAppendsToStandardOutput() throws {
        for command in Self.commands {
            for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "all"] {
                try folder.write("earlier\n", to: "all")
                let before = status("all").st_ino
                let run = try run(command, name, ">> all")
                XCTAssertEqual(run.status, command.status, "\(command.words) \(name): \(run.notes)")
                let text = try text("all")
                XCTAssertEqual(status("all").st_ino, before, "\(command.words) \(name)")
                for words in ["earlier\n", command.content, command.words[0] == "stream" ? "not put: 1" : "throughput"]
                {
                    XCTAssertTrue(text.contains(words), "\(command.words) \(name): \(words) is not in \(text)")
                }
                try assertNothingElse("all")
            }
        }
    }

    func testDoesNotReplaceDevices() throws {
        for command in Self.commands {
            XCTAssertEqual(try run(command, "/dev/null").status, command.status, "\(command.words)")
            let full = try run(command, "/dev/full")
            XCTAssertEqual(full.status, 1, "\(command.words)")
            XCTAssertTrue(
                full.notes.contains("/dev/full: No space left on device"),
                "\(command.words): \(full.notes)")
            for device in ["/dev/null", "/dev/full"] {
                var status = stat()
                XCTAssertEqual(unsafe stat(device, &status), 0)
                XCTAssertEqual(status.st_mode & S_IFMT, S_IFCHR, device)
            }
            try assertNothingElse()
        }
    }

    func testReportsUnwritableFilesBeforeTheWork() throws {
        XCTAssertEqual(unsafe symlink("loop", path("loop")), 0)
        given.insert("loop")
        let calls = try server.calls().count
        for command in Self.commands {
            for (file, reason) in [
                (".", "Is a directory"), ("missing/out", "No such file or directory"),
                ("good.ndjson/out", "Not a directory"), ("loop", "Too many levels of symbolic links"),
                ("/dev/fd/100000", "Bad file descriptor"), ("/dev/stdin", "Bad file descriptor"),
            ] {
                let run = try run(command, file)
                XCTAssertEqual(run.status, 1, "\(command.words) \(file)")
                XCTAssertTrue(
                    run.notes.contains("\(file): \(reason)"), "\(command.words): \(run.notes)")
                XCTAssertEqual(run.output, "", "\(command.words) \(file)")
                try assertNothingElse()
            }
        }
        XCTAssertFalse(try server.calls().dropFirst(calls).contains { $0.operation == "PutRecords" })
    }

    func testKeepsThePreviousFileIfTheCommandFails() throws {
        try folder.write("earlier", to: "out")
        for words in [
            ["replay", "missing", "--record"], ["replay", "missing", "--report"],
            ["replay", "missing", "--retries", "0", "--on-failure"], ["stream", "put", "missing", "--failed"],
        ] {
            let run = try run((words, "", 1), "out")
            XCTAssertEqual(run.status, 1, "\(words): \(run.notes)")
            XCTAssertEqual(try text("out"), "earlier", "\(words)")
        }
        try assertNothingElse("out")
    }

    func testRejectsOneNameForTwoFiles() throws {
        let run = try run((["replay", "good.ndjson", "--record", "x", "--report"], "", 2), "x")
        XCTAssertEqual(run.status, 2)
        XCTAssertTrue(run.notes.contains("--report and --record have the same file x"), run.notes)
    }

    func testAnInterruptionLeavesNoIncompleteFile() throws {
        let lines = (0..<100).map { #"{"artist_id":"a\#($0)","name":"n"}"# }
        try folder.write(lines.joined(separator: "\n"), to: "many.ndjson")
        given.insert("many.ndjson")
        try folder.write("earlier", to: "out")
        let environment = server.fake.environment.merging(["AWS_KINESIS_STREAM_NAME": "concerts"]) { $1 }
        for (words, signals) in [
            (["stream", "put", "many.ndjson", "--rate", "1", "--failed", "out"], 1),
            (["stream", "put", "many.ndjson", "--rate", "1", "--failed", "out"], 2),
            (["replay", "many.ndjson", "--rate", "1", "--batch-size", "1", "--retries", "0", "--report", "out"], 2),
        ] {
            try folder.write("earlier", to: "out")
            let program = try Concertctl.start(
                words, home: folder, environment: environment, workingDirectory: folder.url)
            try program.wait { [self] _ in try names().contains { $0.hasPrefix(".concertctl-") } }
            for _ in 0..<signals { program.signal(SIGINT) }
            let run = try program.finish()
            // Two simultaneous signals may be merged.
            XCTAssertEqual(run.status, 130, run.notes)
            let text = try text("out")
            XCTAssertTrue(
                text == "earlier" || text.hasSuffix("</html>\n") || text.hasSuffix("\"n\"}\n"),
                "\(words): \(text.suffix(80))")
            try assertNothingElse("out")
        }
    }

    func testAnInterruptionEndsTheWaitForAReader() throws {
        XCTAssertEqual(unsafe mkfifo(path("pipe"), 0o600), 0)
        given.insert("pipe")
        let program = try Concertctl.start(
            ["replay", "good.ndjson", "--report", "pipe"], home: folder, workingDirectory: folder.url)
        try program.waitUntilInterruptible()
        program.signal(SIGINT)
        XCTAssertEqual(try program.finish().status, 130)
    }
}
