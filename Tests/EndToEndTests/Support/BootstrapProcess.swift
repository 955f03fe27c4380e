import Foundation
import RuntimeServer
import XCTest

/// A running `bootstrap`, which is killed when this object is released.
final class BootstrapProcess {
    private let process = Process()
    private let output: URL

    /// The binary under test: the value of `BOOTSTRAP`, or `dist/bootstrap` if it is not set.
    static func path() throws -> String {
        let given = ProcessInfo.processInfo.environment["BOOTSTRAP"] ?? ""
        let url =
            given.isEmpty
            ? Repository.root.appendingPathComponent("dist/bootstrap") : URL(fileURLWithPath: given)
        guard FileManager.default.isExecutableFile(atPath: url.path) else { throw Missing(path: url.path) }
        return url.path
    }

    /// - Parameters:
    ///   - server: Notified when the process ends, so that no test waits for a response.
    ///   - environment: The whole environment, except the address of `server`.
    ///   - launcher: A command that runs the command after it, such as `chroot`.
    init(
        _ server: RuntimeServer? = nil, environment: [String: String] = [:], arguments: [String] = [],
        launcher: [String] = [], binary: String? = nil
    ) throws {
        let command = launcher + [try binary ?? Self.path()] + arguments
        output = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data().write(to: output)
        let sink = try FileHandle(forWritingTo: output)
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        let address = server.map { ["AWS_LAMBDA_RUNTIME_API": $0.address] } ?? [:]
        process.environment = environment.merging(address) { given, _ in given }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = sink
        process.standardError = sink
        process.terminationHandler = { [weak server] in
            server?.abandon(reason: "bootstrap ended with status \($0.terminationStatus)")
        }
        try process.run()
        try sink.close()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: output)
    }

    /// The combined standard output and standard error so far.
    var log: String { (try? Data(contentsOf: output)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    var isRunning: Bool { process.isRunning }

    /// The peak memory so far, in bytes.
    func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = try XCTUnwrap(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try XCTUnwrap(Int(line.filter(\.isNumber))) * 1024
    }

    var processID: Int32 { process.processIdentifier }

    /// Sends SIGTERM, like Lambda.
    func terminate() { kill(process.processIdentifier, SIGTERM) }

    /// Kills the process.
    func interrupt() { kill(process.processIdentifier, SIGKILL) }

    /// Returns the exit status; returns nil and fails the test if the process does not end in time or is ended by a signal.
    func exitStatus(file: StaticString = #filePath, line: UInt = #line) -> Int32? {
        guard waitUntil({ !self.process.isRunning }) else {
            XCTFail("bootstrap is still running; it wrote:\n\(log)", file: file, line: line)
            return nil
        }
        guard process.terminationReason == .exit else {
            XCTFail("bootstrap was ended by signal \(process.terminationStatus)", file: file, line: line)
            return nil
        }
        return process.terminationStatus
    }

    /// The log lines that are JSON objects.
    func jsonLines() -> [JSONValue] {
        log.split(separator: "\n").filter { $0.hasPrefix("{") }.compactMap { try? JSONValue(parsing: $0.utf8) }
    }

    private struct Missing: Error, CustomStringConvertible {
        var path: String
        var description: String { "\(path) is not there: run make package, or set BOOTSTRAP to the binary" }
    }
}

/// Waits until `condition` is true, with a time limit for slow machines; returns false if it never was.
func waitUntil(_ condition: () -> Bool) -> Bool {
    let end = Date(timeIntervalSinceNow: 30)
    while !condition() {
        guard Date() < end else { return false }
        usleep(2000)
    }
    return true
}
