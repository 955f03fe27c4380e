import JSON

/// The command that shows one stream.
struct StreamDescribe: Command {
    static let description = CommandDescription(
        name: "stream describe", summary: "show the stream's state, settings, shards, tags, and consumers",
        discussion: """
            For each shard, the text shows the first 8 of the 32 hexadecimal digits of its hash keys. The JSON output contains \
            the full numbers: it is made of the objects that DescribeStreamSummary, ListShards, ListTagsForStream, and \
            ListStreamConsumers return.
            """,
        options: [SharedOption.streamName, SharedOption.output] + SharedOption.aws,
        examples: [
            "concertctl stream describe --stream-name concert-data-stream",
            "concertctl stream describe --output json | jq -r '.StreamDescriptionSummary.StreamStatus'",
        ])

    private let stream: StreamReference
    private let session: AWSSession

    init(_ input: Input) throws {
        let stream = try StreamReference(input)
        session = try AWSSession(input)
        self.stream = try stream.checked(in: session)
    }

    func run() async throws -> ExitStatus {
        let description = try await StreamDescription(of: stream, session)
        session.show(text: .lines(description.text), json: .object(ofPresent: description.members))
        return .done
    }
}
