import Foundation
import TestSupport
import XCTest

final class RunTests: XCTestCase {
    private func start(_ script: String) throws -> RunningProgram {
        try RunningProgram(URL(filePath: "/bin/sh"), ["-c", script], environment: ["PATH": "/usr/bin:/bin"])
    }

    func testReturnsStatusOutputAndStandardError() throws {
        let run = try start(#"echo '{"a":1}'; echo note >&2; exit 3"#).finish()
        XCTAssertEqual(run.status, 3)
        XCTAssertEqual(try run.json()["a"] as? Int, 1)
        XCTAssertEqual(run.notes, "note\n")
        XCTAssertThrowsError(try start("echo text").finish().json())
    }

    func testKillsProgramAfterTheTimeLimit() throws {
        let program = try start("echo $$; exec sleep 600")
        XCTAssertThrowsError(try program.finish(timeLimit: 0.3)) { error in
            XCTAssertTrue("\(error)".contains("did not end within 0.3 s"), "\(error)")
        }
        let pid = try XCTUnwrap(Int32(program.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        XCTAssertEqual(kill(pid, 0), -1)
    }

    func testSendsSignals() throws {
        let program = try start("trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.01; done")
        try program.wait { $0.output.contains("ready") }
        program.signal(SIGINT)
        let run = try program.finish()
        XCTAssertEqual(run.status, 7)
        XCTAssertEqual(run.output, "ready\ncaught\n")
        XCTAssertEqual(try start("kill -TERM $$").finish().status, -SIGTERM)
        XCTAssertThrowsError(try start("exit 0").wait { $0.output.contains("ready") })
    }

    func testConcertctlIgnoresTheDevelopersAWSSettings() throws {
        let home = try TemporaryFolder()
        let environment = Concertctl.cleanEnvironment(home: home)
        XCTAssertEqual(environment["HOME"], home.url.path)
        let names = environment.keys.filter { $0.hasPrefix("AWS_") || $0.lowercased().hasSuffix("_proxy") }
        XCTAssertEqual(names, ["AWS_EC2_METADATA_DISABLED"])
        XCTAssertEqual(try Concertctl.run(["--version"]).status, 0)
    }

    func testProgramsCloseTheirFiles() throws {
        func openFiles() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        for _ in 0..<3 { _ = try Concertctl.run(["--version"]) }
        let before = try openFiles()
        for _ in 0..<20 { _ = try Concertctl.run(["--version"]) }
        // Foundation closes its own file descriptors with a delay.
        XCTAssertLessThan(try openFiles(), before + 20)
    }
}
