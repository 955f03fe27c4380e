import Foundation
import JSON

/// Looks at everything between the stream and the function, and says what to do about what is wrong.
struct Doctor: Command {
    private static let functionName = Option<String>(
        "--function-name", value: "NAME", default: FunctionReference.standard, "the function")
    private static let loaderName = Option<String>(
        "--loader-function-name", value: "NAME", default: "concert-data-loader",
        "the function that loads staged rows")
    private static let bootstrap = Option<String>(
        "--bootstrap", value: "PATH", default: "dist/bootstrap", note: "if it is there",
        "the built function to compare")

    static let description = CommandDescription(
        name: "doctor", summary: "check stream, mapping, function and permissions, and say what to do",
        discussion: """
            Prints a line a check: its verdict, its name, what was found; below it, where something is to be done,
            what. Calls only what changes nothing. Checks that need what another did not find are skipped, and named
            together at the end.

            Figures are those of the last five minutes. Exit status 1 when there is a fault; warnings alone: 0.
            """,
        options: [SharedOption.streamName, functionName, loaderName, bootstrap, SharedOption.output] + SharedOption.aws,
        examples: [
            "concertctl doctor --stream-name concert-data-stream",
            "concertctl doctor --output json | jq -r '.[] | select(.Verdict == \"fault\") | .Check'",
        ])

    private let session: AWSSession
    private let stream: StreamReference
    private let function: String
    private let loader: String
    /// Nil when none was named and none is there.
    private let bootstrapPath: String?

    init(_ input: Input) throws {
        function = try input[Self.functionName]
        loader = try input[Self.loaderName]
        if function.isEmpty {
            throw UsageError(description: "--function-name is empty; expected a function's name or ARN")
        }
        let path = try input[Self.bootstrap]
        bootstrapPath = input.has(Self.bootstrap) || FileManager.default.fileExists(atPath: path) ? path : nil
        stream = try StreamReference(input)
        session = try AWSSession(input)
    }

    func run() async throws -> ExitStatus {
        var examination = Examination(
            session: session, stream: stream, functionName: function, loaderName: loader, bootstrapPath: bootstrapPath)
        let width = Check.all.map(\.name.count).max() ?? 0
        var counts: [Finding.Verdict: Int] = [:]
        var results: [JSONValue] = []
        var skipped: [(reason: String, checks: [String])] = []
        for check in Check.all {
            let finding = try await check.finding(&examination)
            counts[finding.verdict, default: 0] += 1
            switch session.output {
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
        let rest: [TerminalText] = skipped.map { "skipped  \($0.checks.joined(separator: ", ")): \($0.reason)" }
        session.show(
            text: (rest + ["", "\(Self.summary(counts))"]).joined(separator: "\n"), json: .array(results))
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
