import Foundation
import TestSupport
import XCTest

final class InterruptionTests: XCTestCase {
    func testAnInterruptedReplayTakesTheBootstrapAlong() throws {
        let folder = try TemporaryFolder()
        let pidFile = folder.url.appending(path: "pid")
        // Asks for nothing, and so would run for ever.
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
        // Whoever adopts it takes its status at once or a little later; it does not run on.
        let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        XCTAssertTrue(state.map { $0.contains(") Z ") } ?? true, state ?? "")
    }

    func testAnInterruptedReplayReportsHowFarItCame() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<100).map { #"{"artist_id":"a\#($0)","name":"n"}"# }
        let payloads = try folder.write(lines.joined(separator: "\n"), to: "payloads.ndjson")
        let page = folder.url.appending(path: "report.html").path
        for more in [[], ["--retries", "0", "--report", page]] {
            // A record an event, at two a second: it would take a minute, and the second one says that the first is through.
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
        XCTAssertTrue(html.contains("interrupted"), "the page does not say that it is only a part")
    }
}
