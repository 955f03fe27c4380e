import Foundation
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
        let process = Process()
        process.executableURL = Concertctl.executable
        process.arguments = ["replay", "--bootstrap", script, "Fixtures/kinesis/one-artist.event.json"]
        process.currentDirectoryURL = Repository.root
        process.standardError = FileHandle.nullDevice
        try process.run()
        while process.isRunning, !FileManager.default.fileExists(atPath: pidFile.path) { usleep(1000) }
        let text = try String(contentsOf: pidFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let pid = try XCTUnwrap(Int32(text))
        process.interrupt()
        process.waitUntilExit()
        XCTAssertEqual(process.terminationReason, .exit)
        XCTAssertEqual(process.terminationStatus, 130)
        // Whoever adopts it takes its status at once or a little later; it does not run on.
        let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        XCTAssertTrue(state.map { $0.contains(") Z ") } ?? true, state ?? "")
    }
}
