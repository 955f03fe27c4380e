import Foundation
import TestSupport
import XCTest

@testable import concertctl

/// Tests with standard streams that are full, closed, or without a reader.
final class StandardStreamsTests: XCTestCase {
    /// Runs the built program with redirections of a shell.
    private func run(
        _ arguments: [String], _ redirection: String, environment: [String: String] = [:],
        in folder: URL = Repository.root, before: String = ":"
    ) throws -> Run {
        let home = try TemporaryFolder()
        let program = try RunningProgram(
            URL(filePath: "/bin/bash"),
            ["-c", "\(before); exec \"$0\" \"$@\" \(redirection)", Concertctl.executable.path] + arguments,
            environment: Concertctl.cleanEnvironment(home: home).merging(environment) { $1 }, workingDirectory: folder)
        return try withExtendedLifetime(home) { try program.finish(timeLimit: 60) }
    }

    /// Commands that require no server.
    private static let local: [[String]] = [
        ["--version"], ["--help"], ["help", "stream"], ["stream", "--help"], ["help", "stream", "put"],
        ["documentation"],
        ["completion", "bash"], ["completion", "zsh"], ["completion", "fish"], ["generate", "--records", "500"],
        ["replay", "Fixtures/kinesis/one-artist.event.json"],
        ["replay", "Fixtures/kinesis/one-artist.event.json", "--output", "json"],
        ["replay", "Fixtures/kinesis/bad-json.event.json", "--retries", "1", "--on-failure", "-"],
        ["replay", "Fixtures/kinesis/one-artist.event.json", "--report", "-"],
        ["cost", "--records-per-day", "1000000", "--bytes-per-record", "1000", "--plan", "--simulate", "60"],
        ["cost", "--records-per-day", "1000000", "--bytes-per-record", "1000", "--output", "json"],
    ]

    /// Dry runs of commands that change something, without credentials.
    private var planned: [[String]] {
        [
            ["stream", "setup"], ["stream", "put", payload], ["stream", "scale", "--target-shard-count", "2"],
            ["stream", "retention", "48"], ["stream", "mode", "--stream-mode", "ON_DEMAND"], ["stream", "encrypt"],
            ["stream", "monitor", "--enable", "ALL"],
            ["stream", "tag", "--tags", "A=b"], ["stream", "consumer", "register", "--consumer-name", "c"],
            ["stream", "delete"], ["mapping", "create"],
            ["mapping", "update", "--uuid", "u", "--batch-size", "1"], ["mapping", "enable", "--uuid", "u"],
            ["mapping", "disable", "--uuid", "u"], ["mapping", "delete", "--uuid", "u"], ["warehouse", "init"],
        ]
    }

    private var folder: TemporaryFolder!
    private var payload = ""

    override func setUpWithError() throws {
        folder = try TemporaryFolder()
        payload = try folder.write(#"{"artist_id":"a1","name":"Nova"}"#, to: "artist.ndjson")
    }

    private static let settings = [
        "AWS_REGION": "us-east-1", "AWS_KINESIS_STREAM_NAME": "concerts", "REDSHIFT_WORKGROUP_NAME": "w",
        "REDSHIFT_DATABASE": "d",
    ]

    /// Asserts that the command prints a result, and reports one line if it cannot.
    private func check(
        _ arguments: [String], environment: [String: String], line: UInt = #line,
        reset: () throws -> Void = {}
    ) throws {
        try reset()
        let whole = try run(arguments, "", environment: environment)
        XCTAssertTrue([0, 3].contains(whole.status), "\(arguments): \(whole.status) \(whole.notes)", line: line)
        XCTAssertFalse(whole.output.isEmpty, "\(arguments)", line: line)
        for (redirection, reason) in [(">/dev/full", "No space left on device"), (">&-", "it is closed")] {
            try reset()
            let run = try run(arguments, redirection, environment: environment)
            XCTAssertEqual(run.status, 1, "\(arguments) \(redirection): \(run.notes)", line: line)
            let lines = run.notes.components(separatedBy: "\n").filter { $0.contains("cannot write") }
            XCTAssertEqual(
                lines, ["concertctl: cannot write standard output: \(reason)"], "\(arguments)", line: line)
        }
        for redirection in ["2>/dev/full", "2>&-"] {
            try reset()
            let run = try run(arguments, redirection, environment: environment)
            XCTAssertEqual(run.status, whole.status, "\(arguments) \(redirection)", line: line)
            XCTAssertFalse(run.output.isEmpty, "\(arguments) \(redirection)", line: line)
        }
        for redirection in [">&- 2>&-", ">/dev/full 2>&1", "<&- >/dev/full 2>/dev/full"] {
            try reset()
            XCTAssertEqual(
                try run(arguments, redirection, environment: environment).status, 1, "\(arguments) \(redirection)",
                line: line)
        }
        // A reader that closes the pipe early, as `head` does, is not an error and causes no message.
        try reset()
        let unread = try run(
            arguments, ">&3", environment: environment, before: "exec 3> >(true); wait $!")
        XCTAssertTrue(
            unread.status == 141 || unread.status == whole.status && whole.status != 0,
            "\(arguments): \(unread.status) \(unread.notes)", line: line)
        XCTAssertFalse(unread.notes.contains("cannot write"), unread.notes, line: line)
    }

    func testCommandsWithoutAServer() throws {
        for arguments in Self.local { try check(arguments, environment: [:]) }
    }

    func testDryRuns() throws {
        for arguments in planned {
            try check(arguments + ["--dry-run"], environment: Self.settings)
        }
    }

    func testHelpOfEveryCommand() throws {
        for command in CommandTree.commands {
            let words = command.description.name.split(separator: " ").map(String.init) + ["--help"]
            for redirection in [">/dev/full", ">&-"] {
                let run = try run(words, redirection)
                XCTAssertEqual(run.status, 1, "\(words) \(redirection)")
                XCTAssertTrue(run.notes.hasPrefix("concertctl: cannot write standard output: "), run.notes)
            }
            XCTAssertEqual(try run(words, "2>&-").status, 0, "\(words)")
        }
    }

    func testReportsUsageErrorsWithoutStandardError() throws {
        for words in [
            [], ["nonsense"], ["stream"], ["replay"], ["stream", "list", "--nonsense"], ["cost", "--simulate", "x"],
        ] {
            for redirection in ["2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
                XCTAssertEqual(try run(words, redirection).status, 2, "\(words) \(redirection)")
            }
        }
    }

    func testCommandsOnAStream() throws {
        let bench = try StreamOnStrictAWS()
        let environment = bench.fake.environment.merging(Self.settings) { old, _ in old }
        try check(["stream", "put", payload], environment: environment)
        for words in [
            ["stream", "list"], ["stream", "describe"], ["stream", "metrics"], ["stream", "tag", "--tags", "A=b"],
            ["stream", "consumer", "list"], ["stream", "retention", "24"],
            ["stream", "tail", "--from", "TRIM_HORIZON", "--no-follow"],
            ["stream", "tail", "--from", "TRIM_HORIZON", "--no-follow", "--output", "json"], ["mapping", "list"],
            ["stream", "list", "--output", "json"],
        ] {
            try check(words, environment: environment)
        }
    }

    /// A tail ends when its reader ends.
    func testTailEndsWithItsReader() throws {
        let bench = try StreamOnStrictAWS()
        let environment = bench.fake.environment.merging(Self.settings) { old, _ in old }
        XCTAssertEqual(
            try run(["stream", "put", payload], "", environment: environment).status, 0)
        for (redirection, before, status) in [
            (">/dev/full", ":", 1), (">&-", ":", 1), (">&3", "exec 3> >(true); wait $!", 141),
        ] as [(String, String, Int32)] {
            let run = try run(
                ["stream", "tail", "--from", "TRIM_HORIZON"], redirection, environment: environment, before: before)
            XCTAssertEqual(run.status, status, run.notes)
        }
    }

    func testCompletedWorkIsKept() throws {
        let bench = try StreamOnStrictAWS("")
        try bench.fake.set(["readsUntilActive": 0])
        let environment = bench.fake.environment.merging(Self.settings) { old, _ in old }
        let run = try run(["stream", "setup", "--no-policy"], ">/dev/full", environment: environment)
        XCTAssertEqual(run.status, 1)
        XCTAssertEqual(
            try bench.changes(),
            ["CreateStream", "EnableEnhancedMonitoring", "StartStreamEncryption", "AddTagsToStream", "PutRecord"])
    }

    func testAFileSizeLimitIsAnError() throws {
        let folder = try TemporaryFolder()
        let file = folder.url.path + "/output"
        let run = try run(
            ["generate", "--records", "10"], "> \(file) 2> >(cat > \(file).notes)", before: "ulimit -f 1")
        XCTAssertEqual(run.status, 1)
        let report = try self.run(
            ["replay", "Fixtures/kinesis/one-artist.event.json", "--report", file + ".html"], "",
            before: "ulimit -f 1")
        XCTAssertEqual(report.status, 1, report.notes)
        XCTAssertTrue(report.notes.contains("output.html: File too large"), report.notes)
        XCTAssertEqual(
            try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { $0.hasPrefix(".") }, [])
    }

    func testWritesEverythingToANonblockingStream() throws {
        var ends: [Int32] = [0, 0]
        XCTAssertEqual(unsafe pipe(&ends), 0)
        XCTAssertEqual(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0)
        let reading = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let (result, finished) = (SendableBox<Data>(Data()), DispatchSemaphore(value: 0))
        Thread.detachNewThread {
            result.value = (try? reading.readToEnd()) ?? Data()
            finished.signal()
        }
        XCTAssertNil(StandardStreams.write(bytes, to: ends[1]))
        close(ends[1])
        finished.wait()
        XCTAssertEqual([UInt8](result.value), bytes)
    }

    private final class SendableBox<Value>: @unchecked Sendable {
        var value: Value
        init(_ value: Value) { self.value = value }
    }
}
