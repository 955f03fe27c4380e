import Foundation

/// A program that came to its end.
public struct Run: Sendable {
    /// The exit status, or minus the number of the signal that ended it.
    public let status: Int32
    /// Standard output.
    public let output: String
    /// Standard error.
    public let notes: String

    /// Standard output as one JSON object.
    public func json() throws -> [String: Any] {
        guard let object = try? JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] else {
            throw Failure("no JSON object: \(output)\(notes)")
        }
        return object
    }
}

/// A program that runs; it is killed with this object at the latest.
public final class RunningProgram {
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)
    private let folder: TemporaryFolder
    private let commandLine: String

    /// - Parameters:
    ///   - input: What stands on standard input.
    ///   - environment: All of it.
    public init(
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
        // Files, for a pipe that a grandchild holds open would keep a reader waiting.
        let handles = [
            try FileHandle(forReadingFrom: folder.url.appending(path: "input")),
            try FileHandle(forWritingTo: folder.url.appending(path: "output")),
            try FileHandle(forWritingTo: folder.url.appending(path: "notes")),
        ]
        // Closed here at once: Foundation keeps them as long as the object, and with more than a thousand files open it
        // reads past the end of the list of them when it starts a program.
        defer { for handle in handles { try? handle.close() } }
        (process.standardInput, process.standardOutput, process.standardError) = (handles[0], handles[1], handles[2])
        let ended = ended
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// What it printed on standard output so far.
    public var output: String { text("output") }

    /// What it printed on standard error so far.
    public var notes: String { text("notes") }

    public func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Blocks until the program handles SIGINT and SIGTERM itself.
    public func waitUntilInterruptible() throws {
        try wait { program in
            let status = try? String(
                contentsOfFile: "/proc/\(program.process.processIdentifier)/status", encoding: .utf8)
            let caught = status?.components(separatedBy: "SigCgt:\t").last?.prefix(16)
            return caught.flatMap { UInt64($0, radix: 16) }.map { $0 & 0x4002 == 0x4002 } ?? false
        }
    }

    /// Blocks until `condition` holds; throws when the program ends before, or after the time limit in seconds.
    public func wait(timeLimit: Double = 60, until condition: (RunningProgram) throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(timeLimit)
        while try !condition(self) {
            guard process.isRunning, ContinuousClock.now < end else {
                if try condition(self) { return }
                throw Failure("\(commandLine) did not come to the awaited point; it printed: \(output)\(notes)")
            }
            usleep(2000)
        }
    }

    /// Blocks until it ends; after the time limit in seconds it is killed, and this throws.
    public func finish(timeLimit: Double = 60) throws -> Run {
        if ended.wait(timeout: .now() + timeLimit) == .timedOut {
            signal(SIGKILL)
            ended.wait()
            throw Failure("\(commandLine) did not end within \(timeLimit) s; it printed: \(output)\(notes)")
        }
        // For whoever finishes twice.
        ended.signal()
        let isExit = process.terminationReason == .exit
        return Run(
            status: isExit ? process.terminationStatus : -process.terminationStatus, output: output, notes: notes)
    }

    private func text(_ name: String) -> String {
        String(decoding: (try? Data(contentsOf: folder.url.appending(path: name))) ?? Data(), as: UTF8.self)
    }
}
