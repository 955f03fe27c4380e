import Foundation

/// The built command line tool, run without the developer's AWS settings.
package enum Concertctl {
    /// The executable next to that of the tests.
    package static let executable = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appending(path: "concertctl")

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - environment: Variables that are added to a clean environment.
    ///   - timeLimit: The limit in seconds, after which the program is killed and this function throws.
    package static func run(
        _ arguments: [String], input: Data = Data(), environment: [String: String] = [:],
        workingDirectory: URL = Repository.root, timeLimit: Double = 120
    ) throws -> Run {
        let home = try TemporaryFolder()
        let program = try RunningProgram(
            executable, arguments, input: input, environment: cleanEnvironment(home: home).merging(environment) { $1 },
            workingDirectory: workingDirectory)
        return try withExtendedLifetime(home) { try program.finish(timeLimit: timeLimit) }
    }

    /// Starts the program, for tests that interact with it while it runs.
    ///
    /// - Parameter home: Its home folder, which the test keeps.
    package static func start(
        _ arguments: [String], home: TemporaryFolder, input: Data = Data(), environment: [String: String] = [:],
        workingDirectory: URL = Repository.root
    ) throws -> RunningProgram {
        try RunningProgram(
            executable, arguments, input: input, environment: cleanEnvironment(home: home).merging(environment) { $1 },
            workingDirectory: workingDirectory)
    }

    /// The test's environment without variables that affect an AWS client or its network access.
    package static func cleanEnvironment(home: TemporaryFolder) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { name, _ in
            !name.hasPrefix("AWS_") && !name.lowercased().hasSuffix("_proxy")
        }
        environment["HOME"] = home.url.path
        environment["AWS_EC2_METADATA_DISABLED"] = "true"
        return environment
    }
}
