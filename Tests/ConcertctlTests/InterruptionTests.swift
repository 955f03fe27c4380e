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
}
