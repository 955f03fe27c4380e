import Basics
import Foundation
import JSON

/// The command that diagnoses everything between the stream and the sinks, and prints how to fix what is wrong.
struct Doctor: Command {
    private static let functionName = Option<String>(
        "--function-name", value: "NAME", default: FunctionReference.standard, "the function")
    private static let loaderName = Option<String>(
        "--loader-function-name", value: "NAME", default: "concert-data-loader",
        "function that loads staged rows")
    private static let bootstrap = Option<String>(
        "--bootstrap", value: "PATH", default: "dist/bootstrap", note: "if the file exists",
        "built function to compare with the deployed one")

    static let description = CommandDescription(
        name: "doctor", summary: "diagnose stream, mapping, function, permissions, and sinks, and print the fix",
        discussion: """
            Prints one line per check with the verdict, the name, and the finding, followed by the fix if there is one. \
            Makes only read calls. Checks whose prerequisites are missing are skipped and listed at the end.

            Metrics cover the last five minutes. The exit status is 1 if there is a fault, and 0 if there are only warnings.
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
    /// The path of the built function, or nil if it is the default and does not exist.
    private let bootstrapPath: String?

    init(_ input: Input) throws {
        function = try input[Self.functionName]
        loader = try input[Self.loaderName]
        if function.isEmpty {
            throw UsageError(description: "--function-name is empty; expected the name or ARN of a function")
        }
        let path = try input[Self.bootstrap]
        bootstrapPath = input.has(Self.bootstrap) || FileManager.default.fileExists(atPath: path) ? path : nil
        stream = try StreamReference(input)
        session = try AWSSession(input)
    }

    func run() async throws -> ExitStatus {
        var context = DiagnosisContext(
            session: session, stream: stream, functionName: function, loaderName: loader, bootstrapPath: bootstrapPath)
        let width = Check.all.map(\.name.count).max() ?? 0
        var counts: [Finding.Verdict: Int] = [:]
        var results: [JSONValue] = []
        var skipped: [(reason: String, checks: [String])] = []
        for check in Check.all {
            let finding = try await check.finding(&context)
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
