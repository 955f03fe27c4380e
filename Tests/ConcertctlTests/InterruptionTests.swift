import Foundation
import TestSupport
import XCTest

final class InterruptionTests: XCTestCase {
    func testAnInterruptedReplayEndsTheBootstrap() throws {
        let folder = try TemporaryFolder()
        let pidFile = folder.url.appending(path: "pid")
        // Never asks for an event, and so would run forever.
        let script = try folder.write(
            "#!/bin/sh\necho $$ > \(pidFile.path).new\nmv \(pidFile.path).new \(pidFile.path)\nexec sleep 600\n",
            to: "bootstrap")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let program = try Concertctl.start(
            ["replay", "--bootstrap", script, "Fixtures/kinesis/one-artist.event.json"], home: folder)
        try program.wait { _ in FileManager.default.fileExists(atPath: pidFile.path) }
        let text = try String(contentsOf: pidFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let pid = try XCTUnwrap(Int32(text))
        program.signal(SIGINT)
        XCTAssertEqual(try program.finish().status, 130)
        // Its new parent may not have reaped it yet, but it no longer runs.
        let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        XCTAssertTrue(state.map { $0.contains(") Z ") } ?? true, state ?? "")
    }

    func testAnInterruptedReplayReportsItsProgress() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<100).map { #"{"artist_id":"a\#($0)","name":"n"}"# }
        let payloads = try folder.write(lines.joined(separator: "\n"), to: "payloads.ndjson")
        let page = folder.url.appending(path: "report.html").path
        for more in [[], ["--retries", "0", "--report", page]] {
            // One record per event at two per second would take a minute. The second event shows that the first one is done.
            let program = try Concertctl.start(
                ["replay", payloads, "--batch-size", "1", "--rate", "2", "--processors", "log", "--output", "json"]
                    + more, home: folder)
            try program.wait { $0.notes.split(separator: "\n").count >= 2 }
            program.signal(SIGINT)
            let run = try program.finish()
            XCTAssertEqual(run.status, 130, run.notes)
            let records = try XCTUnwrap(run.json()["records"] as? [String: Any], run.output)
            let processed = try XCTUnwrap((records["byOutcome"] as? [String: Int])?["processed"])
            XCTAssertTrue((1..<100).contains(processed), "\(processed)")
        }
        let html = try String(contentsOfFile: page, encoding: .utf8)
        XCTAssertTrue(html.contains("interrupted"), "the page does not mark the report as partial")
    }

    /// A server that accepts connections and never responds.
    private final class SilentServer {
        private let listener: Int32
        private var accepted: [Int32] = []
        let url: String

        init() throws {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            self.listener = listener
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            // A sockaddr_in is one kind of sockaddr, and `length` is its size.
            let isListening = unsafe withUnsafeMutablePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    unsafe bind(listener, generic, length) == 0 && listen(listener, 8) == 0
                        && getsockname(listener, generic, &length) == 0
                }
            }
            guard isListening else { throw Failure("no loopback socket: \(errno)") }
            url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        }

        /// Waits for the next connection.
        func connection() throws {
            var poll = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard unsafe Foundation.poll(&poll, 1, 30_000) == 1 else { throw Failure("no connection") }
            accepted.append(accept(listener, nil, nil))
        }

        deinit { for descriptor in accepted + [listener] { close(descriptor) } }
    }

    func testEachCommandEndsDuringACall() throws {
        let folder = try TemporaryFolder()
        let payload = try folder.write(#"{"artist_id":"a","name":"n"}"#, to: "payload.ndjson")
        let commands = [
            ["stream", "list"], ["stream", "describe"], ["stream", "tail"], ["stream", "metrics"], ["stream", "setup"],
            ["stream", "scale", "--target-shard-count", "2"], ["stream", "put", payload],
            ["stream", "tag", "--tags", "A=b"], ["stream", "delete", "--yes"],
            ["stream", "consumer", "list"], ["mapping", "list"], ["mapping", "show"], ["mapping", "create"], ["doctor"],
            ["warehouse", "status"], ["dead-letters", "list", "--bucket", "letters"],
            ["dead-letters", "replay", "--bucket", "letters"], ["replay", "--from-stream", "concerts"],
        ]
        for (index, words) in commands.enumerated() {
            let server = try SilentServer()
            let program = try Concertctl.start(
                words, home: folder,
                environment: [
                    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
                    "AWS_ENDPOINT_URL": server.url, "AWS_KINESIS_STREAM_NAME": "concerts",
                    "REDSHIFT_WORKGROUP_NAME": "w",
                    "REDSHIFT_DATABASE": "d",
                ])
            do { try server.connection() } catch {
                XCTFail("\(words): \(error); \(program.notes)")
                continue
            }
            program.signal(index % 2 == 0 ? SIGINT : SIGTERM)
            let run = try program.finish(timeLimit: 20)
            XCTAssertEqual(run.status, 130, "\(words): \(run.notes)")
            XCTAssertTrue(run.notes.contains("interrupted"), "\(words): \(run.notes)")
        }
    }

    func testEachChangeReportsItsRequest() throws {
        let cases: [(words: [String], program: String, awaited: String, notes: [String])] = [
            (["setup", "--no-policy"], "", "CreateStream", ["stream concerts: creation requested, not ACTIVE yet"]),
            (
                ["setup", "--no-policy"], "kinesis.create_stream(StreamName='concerts', ShardCount=1)",
                "EnableEnhancedMonitoring", ["requested, not confirmed yet", "monitoring: this step may be incomplete"]
            ),
            (
                ["scale", "--target-shard-count", "2"], "kinesis.create_stream(StreamName='concerts', ShardCount=1)",
                "UpdateShardCount", ["2 open shards requested"]
            ),
            (
                ["retention", "48"], "kinesis.create_stream(StreamName='concerts', ShardCount=1)",
                "IncreaseStreamRetentionPeriod", ["requested, not confirmed yet"]
            ),
            (
                ["encrypt"], "kinesis.create_stream(StreamName='concerts', ShardCount=1)", "StartStreamEncryption",
                ["requested, not confirmed yet"]
            ),
            (
                ["mode", "--stream-mode", "ON_DEMAND"], "kinesis.create_stream(StreamName='concerts', ShardCount=1)",
                "UpdateStreamMode",
                ["requested, not confirmed yet"]
            ),
        ]
        for (index, row) in cases.enumerated() {
            let bench = try StreamOnStrictAWS(row.program)
            try bench.fake.set(["readsUntilActive": 1_000_000])
            let home = try TemporaryFolder()
            let program = try Concertctl.start(
                ["stream"] + row.words + ["--stream-name", "concerts"], home: home, environment: bench.fake.environment)
            try program.wait { _ in
                let operations = try bench.calls().map(\.operation)
                return operations.lastIndex(of: row.awaited).map { $0 < operations.count - 2 } ?? false
            }
            program.signal(index % 2 == 0 ? SIGTERM : SIGINT)
            let run = try program.finish()
            XCTAssertEqual(run.status, 130, "\(row.words): \(run.notes)")
            for words in row.notes + ["interrupted"] {
                XCTAssertTrue(run.notes.contains(words), "\(row.words): \(words) is not in \(run.notes)")
            }
        }
    }

    func testWorkWithoutACallEndsWithTheFirstSignal() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<1000).map { #"{"artist_id":"a\#($0)","name":"n"}"# }
        let payloads = try folder.write(lines.joined(separator: "\n"), to: "payloads.ndjson")
        let load = [
            "cost", "--records-per-day", "864000000000", "--bytes-per-record", "1000", "--plan", "--simulate", "3600",
        ]
        for words in [
            load, load + ["--output", "json"], ["replay", payloads, "--batch-size", "1", "--rate", "1"],
            ["replay", payloads, "--repeat", "1000000", "--batch-size", "1"],
            ["replay", payloads, "--repeat", "1000", "--batch-size", "1", "--retries", "1"],
        ] {
            for number in [SIGINT, SIGTERM] {
                let program = try Concertctl.start(words, home: folder)
                try program.waitUntilInterruptible()
                program.signal(number)
                let run = try program.finish(timeLimit: 40)
                XCTAssertEqual(run.status, 130, "\(words): \(run.notes)")
                XCTAssertTrue(run.notes.contains("interrupted"), "\(words): \(run.notes)")
            }
        }
    }
}
