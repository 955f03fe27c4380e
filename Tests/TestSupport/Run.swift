import Foundation

/// The result of a program.
package struct Run: Sendable {
    /// The exit status, or the negated number of the signal that ended the program.
    package let status: Int32
    /// Standard output.
    package let output: String
    /// Standard error.
    package let notes: String

    /// The standard output as one JSON object.
    package func json() throws -> [String: Any] {
        guard let object = try? JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] else {
            throw Failure("no JSON object: \(output)\(notes)")
        }
        return object
    }
}

/// A running program, which is killed when this object is released.
package final class RunningProgram {
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)
    private let folder: TemporaryFolder
    private let commandLine: String

    /// - Parameters:
    ///   - input: The content of standard input.
    ///   - environment: The complete environment.
    package init(
        _ executable: URL, _ arguments: [String], input: Data = Data(), environment: [String: String],
        workingDirectory: URL = Repository.root
    ) throws {
        commandLine = ([executable.lastPathComponent] + arguments).joined(separator: " ")
        folder = try TemporaryFolder()
        for (name, content) in [("input", input), ("output", Data()), ("notes", Data())] {
            try content.write(to: folder.url.appending(path: name))
        }
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = workingDirectory
        process.environment = environment
        // Files instead of pipes, because a grandchild that keeps a pipe open would block the reader.
        let handles = [
            try FileHandle(forReadingFrom: folder.url.appending(path: "input")),
            try FileHandle(forWritingTo: folder.url.appending(path: "output")),
            try FileHandle(forWritingTo: folder.url.appending(path: "notes")),
        ]
        // Closed immediately: Foundation keeps them open as long as the object, and with more than a thousand open
        // files it reads past the end of their list when it starts a program.
        defer { for handle in handles { try? handle.close() } }
        (process.standardInput, process.standardOutput, process.standardError) = (handles[0], handles[1], handles[2])
        let ended = ended
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// The standard output so far.
    package var output: String { text("output") }

    /// The standard error so far.
    package var notes: String { text("notes") }

    package func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Blocks until the program has installed handlers for SIGINT and SIGTERM.
    package func waitUntilInterruptible() throws {
        try wait { program in
            let status = try? String(
                contentsOfFile: "/proc/\(program.process.processIdentifier)/status", encoding: .utf8)
            let caught = status?.components(separatedBy: "SigCgt:\t").last?.prefix(16)
            return caught.flatMap { UInt64($0, radix: 16) }.map { $0 & 0x4002 == 0x4002 } ?? false
        }
    }

    /// Blocks until `condition` is true; throws if the program exits before, or after the time limit in seconds.
    package func wait(timeLimit: Double = 60, until condition: (RunningProgram) throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(timeLimit)
        while try !condition(self) {
            guard process.isRunning, ContinuousClock.now < end else {
                if try condition(self) { return }
                throw Failure("\(commandLine) did not come to the awaited point; it printed: \(output)\(notes)")
            }
            usleep(2000)
        }
    }

    /// Blocks until the program exits; after the time limit in seconds, kills it and throws.
    package func finish(timeLimit: Double = 60) throws -> Run {
        if ended.wait(timeout: .now() + timeLimit) == .timedOut {
            signal(SIGKILL)
            ended.wait()
            throw Failure("\(commandLine) did not end within \(timeLimit) s; it printed: \(output)\(notes)")
        }
        // Allows a second call.
        ended.signal()
        let isExit = process.terminationReason == .exit
        return Run(
            status: isExit ? process.terminationStatus : -process.terminationStatus, output: output, notes: notes)
    }

    private func text(_ name: String) -> String {
        String(decoding: (try? Data(contentsOf: folder.url.appending(path: name))) ?? Data(), as: UTF8.self)
    }
}
