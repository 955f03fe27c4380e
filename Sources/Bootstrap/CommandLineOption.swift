import Glibc
import Processor
import Telemetry

/// The options of `bootstrap`, for use outside of Lambda, which passes none.
enum CommandLineOption {
    /// Runs an option.
    ///
    /// - Returns: The exit status.
    static func run(_ option: String, _ arguments: [String]) -> Int32 {
        switch (option, arguments.count) {
        case ("--help", 0), ("-h", 0):
            print(help)
            return 0
        case ("--version", 0):
            print("bootstrap \(Version.current)")
            return 0
        case ("--probe", 1):
            let environment = processEnvironment()
            return BlockingTask.run { await Probe.run(url: arguments[0], environment: environment) }
        default:
            let given = ([option] + arguments).joined(separator: " ")
            StandardError().write(Array("bootstrap: unknown arguments: \(given); see bootstrap --help\n".utf8))
            return 2
        }
    }

    private static let help = """
        bootstrap: the concert data processor, a custom runtime for AWS Lambda (provided.al2023)

        Lambda runs it without arguments, and it serves the Runtime API that AWS_LAMBDA_RUNTIME_API names.
        To try it locally: concertctl replay --bootstrap PATH EVENT.json

          --probe URL   make one HTTPS request with this binary's own TLS, and print the result
          --version     print the version
          --help        print this
        """
}
