import Foundation

/// The built command line, run as a person would, but apart from that person's AWS settings.
public enum Concertctl {
    /// Built beside the tests' own executable.
    public static let executable = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appending(path: "concertctl")

    /// - Parameters:
    ///   - environment: Added to the clean one.
    ///   - timeLimit: In seconds; a program that takes longer is killed, and this throws.
    public static func run(
        _ arguments: [String], input: Data = Data(), environment: [String: String] = [:],
        workingDirectory: URL = Repository.root, timeLimit: Double = 120
    ) throws -> Run {
        let home = try TemporaryFolder()
        let program = try RunningProgram(
            executable, arguments, input: input, environment: cleanEnvironment(home: home).merging(environment) { $1 },
            workingDirectory: workingDirectory)
        return try withExtendedLifetime(home) { try program.finish(timeLimit: timeLimit) }
    }

    /// As `run`, for a test that has a word to say while it runs.
    ///
    /// - Parameter home: Its home folder, which lives as long as the test wants.
    public static func start(
        _ arguments: [String], home: TemporaryFolder, input: Data = Data(), environment: [String: String] = [:],
        workingDirectory: URL = Repository.root
    ) throws -> RunningProgram {
        try RunningProgram(
            executable, arguments, input: input, environment: cleanEnvironment(home: home).merging(environment) { $1 },
            workingDirectory: workingDirectory)
    }

    /// The test's own environment without what an AWS client or its way to the network reads.
    public static func cleanEnvironment(home: TemporaryFolder) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { name, _ in
            !name.hasPrefix("AWS_") && !name.lowercased().hasSuffix("_proxy")
        }
        environment["HOME"] = home.url.path
        environment["AWS_EC2_METADATA_DISABLED"] = "true"
        return environment
    }
}
