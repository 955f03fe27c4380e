import Foundation
import JSON

/// Looks at everything between the stream and the function, and says what to do about what is wrong.
struct Doctor: Command {
    private static let functionName = OptionDescription(
        "--function-name", .value("NAME"), "the function (default \(Doctor.defaultFunction))")
    private static let loaderName = OptionDescription(
        "--loader-function-name", .value("NAME"),
        "the function that loads staged rows (default \(Doctor.defaultLoader))")
    private static let defaultLoader = "concert-data-loader"
    private static let bootstrap = OptionDescription(
        "--bootstrap", .value("PATH"),
        "the built function to compare (default \(Doctor.defaultBootstrap), if it is there)")
    private static let defaultFunction = "concert-data-processor"
    private static let defaultBootstrap = "dist/bootstrap"

    static let description = CommandDescription(
        name: "doctor", summary: "check stream, mapping, function and permissions, and say what to do",
        discussion: """
            Prints a line a check: its verdict, its name, what was found; below it, where something is to be done,
            what. Calls only what changes nothing. Checks that need what another did not find are skipped, and named
            together at the end.

            Figures are those of the last five minutes. Exit status 1 when there is a fault; warnings alone: 0.
            """,
        options: [.streamName, functionName, loaderName, bootstrap, .output] + OptionDescription.aws,
        examples: [
            "concertctl doctor --stream-name concert-data-stream",
            "concertctl doctor --output json | jq -r '.[] | select(.Verdict == \"fault\") | .Check'",
        ])

    private let arguments: Arguments
    private let output: OutputFormat

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        if let name = arguments.string(Self.functionName), name.isEmpty {
            throw UsageError(description: "--function-name is empty; expected a function's name or ARN")
        }
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let reference = try StreamReference(arguments, environment: environment)
        let isBuilt = FileManager.default.fileExists(atPath: Self.defaultBootstrap)
        var examination = Examination(
            session: try AWSSession(arguments, environment: environment, output: output), stream: reference,
            functionName: arguments.string(Self.functionName) ?? Self.defaultFunction,
            loaderName: arguments.string(Self.loaderName) ?? Self.defaultLoader,
            bootstrapPath: arguments.string(Self.bootstrap) ?? (isBuilt ? Self.defaultBootstrap : nil))
        let width = Check.all.map(\.name.count).max() ?? 0
        var counts: [Finding.Verdict: Int] = [:]
        var results: [JSONValue] = []
        var skipped: [(reason: String, checks: [String])] = []
        for check in Check.all {
            let finding = try await check.finding(&examination)
            counts[finding.verdict, default: 0] += 1
            switch output {
            case .text where finding.verdict == .skipped:
                if let index = skipped.firstIndex(where: { $0.reason == finding.text }) {
                    skipped[index].checks.append(check.name)
                } else {
                    skipped.append((finding.text, [check.name]))
                }
            case .text: Output.print(.lines(finding.lines(of: check.name, width: width)))
            case .json: results.append(finding.json(of: check.name))
            }
        }
        if output == .json { Output.print(.json(.array(results))) }
        if output == .text {
            for (reason, checks) in skipped { Output.print("skipped  \(checks.joined(separator: ", ")): \(reason)") }
            Output.print(.lines("\n" + Self.summary(counts)))
        }
        return counts[.fault] == nil ? .done : .failed
    }

    private static func summary(_ counts: [Finding.Verdict: Int]) -> String {
        let words: [(Finding.Verdict, one: String, many: String)] = [
            (.fault, "fault", "faults"), (.warning, "warning", "warnings"), (.unknown, "unknown", "unknown"),
            (.skipped, "skipped", "skipped"), (.ok, "ok", "ok"),
        ]
        let parts = words.compactMap { verdict, one, many in
            counts[verdict].map { "\($0) \($0 == 1 ? one : many)" }
        }
        return parts.joined(separator: ", ")
    }
}
