import Clients
import JSON

/// Changes the stream's retention period.
struct StreamRetention: Command {
    /// The range that AWS allows, in hours.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html>
    static let range = 24...8760
    static let hours = Option<Int?>(
        "--retention-period-hours", value: "HOURS", range, "retention period of the records")
    static let description = CommandDescription(
        name: "stream retention", summary: "change the stream's retention period",
        discussion: """
            Raises or lowers the retention period. Lowering it deletes older records immediately. More than 24 hours cost extra \
            per shard and hour.
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
            throw UsageError(description: "HOURS and \(Self.hours.name) cannot be combined")
        }
        guard let hours = option ?? operand else {
            throw UsageError(
                description: "HOURS is missing; expected \(Self.range.lowerBound) to \(Self.range.upperBound)")
        }
        self.hours = hours
        change = try StreamChange(input)
    }

    func run() async throws -> ExitStatus {
        try await change.run([Self.desiredState(hours, of: change.stream)])
    }

    static func desiredState(_ hours: Int, of stream: StreamReference) -> DesiredState {
        DesiredState(
            what: "a retention of \(hours) h", state: { "retention \($0.retentionHours) h" },
            isReached: { $0.retentionHours == hours },
            warning: { summary in
                summary.retentionHours > hours
                    ? "lowering the retention deletes records of stream \(stream.name) older than \(hours) h immediately"
                    : nil
            },
            request: { summary in
                stream.request(
                    summary.retentionHours < hours
                        ? "IncreaseStreamRetentionPeriod" : "DecreaseStreamRetentionPeriod",
                    ("RetentionPeriodHours", .integer(hours)))
            })
    }
}
