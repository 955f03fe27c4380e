import Basics
import Clients
import JSON
import Processor

/// The command that lists dead letters without changing them.
struct DeadLettersList: Command {
    static let description = CommandDescription(
        name: "dead-letters list", summary: "list dead letters in a queue, a bucket, or files",
        discussion: """
            Reads this program's dead letters and those of Lambda's on-failure destination. While queue messages are \
            being read, they are hidden from other consumers; afterwards, they are visible again.
            """,
        usage: ["[SEQUENCE...] [PATH...] [options]"],
        options: LetterOptions.all + [SharedOption.output] + SharedOption.aws, operands: 0...Int.max,
        examples: [
            "concertctl dead-letters list --queue-url https://sqs.us-east-1.amazonaws.com/123456789012/concert-dead-letters",
            "concertctl dead-letters list --reason json,utf8 --output json | jq -r '.[].SequenceNumber'",
            "concertctl dead-letters list .build/replay/dead-letters.ndjson",
        ])

    private let source: LetterSource
    private let session: AWSSession

    init(_ input: Input) throws {
        source = try LetterOptions(input).source
        session = try AWSSession(input)
    }

    func run() async throws -> ExitStatus {
        var search = LetterSearch(source)
        let letters = try await search.read(session)
        for remark in search.remarks { Console.note("\(remark)") }
        session.show(
            text: letters.isEmpty ? "\(search.noneSelected ?? "no dead letters")" : Self.text(of: letters),
            json: .array(letters.map(\.summary)))
        if session.output == .json, let noneSelected = search.noneSelected { Console.note("\(noneSelected)") }
        return .done
    }

    private static func text(of letters: [FoundLetter]) -> TerminalText {
        var table = TextTable(["REASON", "ARRIVAL", "STREAM", "SHARD", "SEQUENCE", "MESSAGE"])
        for letter in letters { table.add(letter.cells.map(cell)) }
        return .lines(table.text)
    }

    /// The most characters of a cell; dead letters of this program and of Lambda have fewer.
    private static let cellLimit = 400

    private static func cell(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > cellLimit else { return MessageText.escaped(text) }
        return MessageText.escaped(String(scalars.prefix(cellLimit))) + "..."
    }
}

/// The summary of a dead letter.
extension FoundLetter {
    fileprivate var cells: [String] {
        func name(_ stream: String?) -> String { stream.flatMap { KinesisStreamARN($0)?.name } ?? stream ?? "" }
        switch letter {
        case .record(let record):
            return [
                record.reason, record.arrival ?? "", name(record.stream), record.shard ?? "", record.name,
                record.message,
            ]
        case .batch(let batch):
            return [
                batch.condition, batch.arrival ?? "", name(batch.streamARN), batch.shard, batch.start.digits,
                "a batch" + (batch.count.map { " of \($0)" } ?? "") + " that ends with \(batch.end.digits)",
            ]
        case .unknown(let problem): return ["unknown", "", "", "", "", "\(location): \(problem)"]
        }
    }

    /// The JSON summary, without the data.
    var summary: JSONValue {
        let members: [(String, JSONValue?)]
        switch letter {
        case .record(let record):
            members = [
                ("Kind", "record"), ("Reason", .string(record.reason)), ("Message", .string(record.message)),
                ("StreamARN", record.stream.map { .string($0) }), ("ShardId", record.shard.map { .string($0) }),
                ("SequenceNumber", .string(record.sequenceNumber.digits)),
                ("SubSequenceNumber", record.subSequenceNumber.map { .integer($0) }),
                ("PartitionKey", record.partitionKey.map { .string($0) }),
                ("Arrival", record.arrival.map { .string($0) }), ("RequestId", record.requestID.map { .string($0) }),
                ("FunctionName", record.function.map { .string($0) }),
            ]
        case .batch(let batch):
            members = [
                ("Kind", "batch"), ("Reason", .string(batch.condition)), ("StreamARN", .string(batch.streamARN)),
                ("ShardId", .string(batch.shard)), ("StartSequenceNumber", .string(batch.start.digits)),
                ("EndSequenceNumber", .string(batch.end.digits)), ("BatchSize", batch.count.map { .integer($0) }),
                ("Arrival", batch.arrival.map { .string($0) }), ("RequestId", batch.requestID.map { .string($0) }),
                ("FunctionArn", batch.functionARN.map { .string($0) }),
            ]
        case .unknown(let problem): members = [("Kind", "unknown"), ("Message", .string(problem))]
        }
        return .object(ofPresent: members + [("Location", .string(location))])
    }
}
