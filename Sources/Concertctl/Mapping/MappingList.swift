import Basics
import JSON

/// The command that lists the mappings of Kinesis streams in the Region.
struct MappingList: Command {
    private static let functionName = Option<String?>(
        "--function-name", value: "NAME",
        "only mappings to this function; without version and alias, to all of its versions and aliases")
    private static let sourceARN = Option<String?>(
        MappingSource.eventSourceARN.name, value: "ARN", "only mappings of this stream or consumer")
    private static let streamName = Option<String?>(
        SharedOption.streamName.name, value: "NAME", "only mappings of this stream and its consumers")
    static let description = CommandDescription(
        name: "mapping list", summary: "list the mappings of Kinesis streams",
        discussion: "Without options, the command lists all mappings of the Region.",
        options: [functionName, sourceARN, streamName] + MappingOptions.calling,
        examples: [
            "concertctl mapping list",
            "concertctl mapping list --function-name concert-data-processor --stream-name concert-data-stream",
            "concertctl mapping list --output json | jq -r '.[].UUID'",
        ])

    private let session: AWSSession
    private let function: FunctionReference?
    private let source: MappingSource?

    init(_ input: Input) throws {
        function = try input[Self.functionName].map { text throws(UsageError) in try FunctionReference(text) }
        source = try MappingSource(input, streamName: Self.streamName)
        session = try AWSSession(input)
    }

    func run() async throws -> ExitStatus {
        let all = try await session.mappings(of: source?.arn)
        let ofStreams = all.filter { (try? MappingSource(arn: $0.sourceARN)) != nil }
        let mappings = ofStreams.filter(isRequested)
        session.show(
            text: mappings.isEmpty
                ? "no mappings of Kinesis streams in \(session.region)" : .lines(Self.text(of: mappings)),
            json: .array(mappings.map(\.json)))
        let others = all.count - ofStreams.count
        if others > 0 { Console.note("omitted: \(others) of event sources other than Kinesis streams") }
        return .done
    }

    private func isRequested(_ mapping: Mapping) -> Bool {
        if let function, !function.matches(mapping.functionARN, anyQualifier: true) { return false }
        // With an ARN, Lambda has already filtered.
        guard let source, source.arn == nil else { return true }
        return (try? MappingSource(arn: mapping.sourceARN))?.stream.name == source.stream.name
    }

    private static func text(of mappings: [Mapping]) -> String {
        var table = TextTable(["UUID", "FUNCTION", "STREAM", "STATE", ">BATCH", ">WINDOW", "LAST RESULT"])
        for mapping in mappings {
            let function = (try? FunctionReference(mapping.functionARN))?.shortName ?? mapping.functionARN
            let stream = MappingSource.shortName(mapping.sourceARN)
            table.add([
                MappingText.escaped(mapping.uuid), MappingText.escaped(function), MappingText.escaped(stream),
                mapping.stateText, MappingText.value(mapping.json["BatchSize"], of: "BatchSize"),
                MappingText.value(
                    mapping.json["MaximumBatchingWindowInSeconds"], of: "MaximumBatchingWindowInSeconds") + " s",
                MappingText.escaped(mapping.json["LastProcessingResult"]?.string ?? ""),
            ])
        }
        return table.text
    }
}
