import Clients
import JSON

/// Changes how long a stream keeps its records.
struct StreamRetention: Command {
    /// In hours.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html>
    static let range = 24...8760
    static let hours = Option<Int?>(
        "--retention-period-hours", value: "HOURS", range, "how long records are kept")
    static let description = CommandDescription(
        name: "stream retention", summary: "change how long the stream keeps records",
        discussion: """
            Raises or lowers it, whichever is needed. When it is lowered, older records are gone at once. More than 24 \
            hours cost extra for each shard and hour.
            """,
        usage: ["HOURS [options]"], options: [hours] + StreamChange.options, operands: 0...1,
        examples: [
            "concertctl stream retention 168",
            "concertctl stream retention --stream-name concert-data-stream --retention-period-hours 24",
        ])

    private let hours: Int
    private let change: StreamChange

    init(_ input: Input) throws {
        let option = try input[Self.hours]
        let operand = try input.operands.first.map { word throws(UsageError) in
            try InputNumber.whole(word, of: "HOURS", in: Self.range)
        }
        guard option == nil || operand == nil else {
            throw UsageError(description: "HOURS is given twice, alone and as \(Self.hours.name)")
        }
        guard let hours = option ?? operand else { throw UsageError(description: "HOURS is missing") }
        self.hours = hours
        change = try StreamChange(input)
    }

    func run() async throws -> ExitStatus {
        try await change.run([Self.goal(hours, of: change.stream)])
    }

    static func goal(_ hours: Int, of stream: StreamReference) -> StreamGoal {
        StreamGoal(
            what: "a retention of \(hours) h", state: { "retention \($0.retentionHours) h" },
            isReached: { $0.retentionHours == hours },
            warning: { summary in
                summary.retentionHours > hours
                    ? "records of stream \(stream.name) that are older than \(hours) h are gone at once" : nil
            },
            request: { summary in
                stream.request(
                    summary.retentionHours < hours
                        ? "IncreaseStreamRetentionPeriod" : "DecreaseStreamRetentionPeriod",
                    ("RetentionPeriodHours", .integer(hours)))
            })
    }
}
