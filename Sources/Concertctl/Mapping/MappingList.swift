import JSON

/// Names the mappings of Kinesis streams in the Region.
struct MappingList: Command {
    private static let functionName = OptionDescription(
        "--function-name", .value("NAME"),
        "only those to this function; without version and alias, those to all of its versions and aliases")
    private static let sourceARN = OptionDescription(
        MappingSource.eventSourceARN.name, .value("ARN"), "only those of this stream, or of this consumer")
    private static let streamName = OptionDescription(
        OptionDescription.streamName.name, .value("NAME"), "only those of this stream and its consumers")
    static let description = CommandDescription(
        name: "mapping list", summary: "list the mappings of Kinesis streams",
        discussion: "Without options it lists all of the Region.",
        options: [functionName, sourceARN, streamName] + MappingOptions.calling,
        examples: [
            "concertctl mapping list",
            "concertctl mapping list --function-name concert-data-processor --stream-name concert-data-stream",
            "concertctl mapping list --output json | jq -r '.[].UUID'",
        ])

    private let arguments: Arguments
    private let output: OutputFormat
    private let function: FunctionReference?
    private let source: MappingSource?

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        function = try arguments.string(Self.functionName).map(Self.reference)
        source = try MappingSource(optionsOf: arguments)
    }

    private static func reference(_ text: String) throws(UsageError) -> FunctionReference {
        try FunctionReference(text)
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, output: output)
        let all = try await session.mappings(of: arguments.string(Self.sourceARN))
        let ofStreams = all.filter { (try? MappingSource(arn: $0.sourceARN)) != nil }
        let mappings = ofStreams.filter(isAskedFor)
        if output == .json {
            Output.print(.json(.array(mappings.map(\.json))))
        } else {
            let region = session.client.configuration.region
            Output.print(
                mappings.isEmpty ? "no mappings of Kinesis streams in \(region)" : .lines(Self.text(of: mappings)))
        }
        let others = all.count - ofStreams.count
        if others > 0 { Console.note("left out: \(others) of other event sources than Kinesis streams") }
        return .done
    }

    private func isAskedFor(_ mapping: Mapping) -> Bool {
        if let function, !function.matches(mapping.functionARN, anyQualifier: true) { return false }
        // With an ARN Lambda has chosen already.
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
