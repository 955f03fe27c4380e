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
