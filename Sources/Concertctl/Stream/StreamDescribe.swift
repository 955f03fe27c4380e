import JSON

/// Shows one stream whole.
struct StreamDescribe: Command {
    static let description = CommandDescription(
        name: "stream describe", summary: "show the stream's state, settings, shards, tags and consumers",
        discussion: """
            Of a shard's hash keys it shows the first 8 of 32 hexadecimal digits; the whole numbers are in the JSON, \
            which holds the objects that DescribeStreamSummary, ListShards, ListTagsForStream and ListStreamConsumers \
            answer.
            """,
        options: [.streamName, .output] + OptionDescription.aws,
        examples: [
            "concertctl stream describe --stream-name concert-data-stream",
            "concertctl stream describe --output json | jq -r '.StreamDescriptionSummary.StreamStatus'",
        ])

    private let arguments: Arguments
    private let output: OutputFormat

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, output: output)
        let stream = try StreamReference(arguments, environment: environment).checked(in: session)
        let description = try await StreamDescription(of: stream, session)
        Output.print(output == .text ? .lines(description.text) : .json(.object(ofPresent: description.members)))
        return .done
    }
}
