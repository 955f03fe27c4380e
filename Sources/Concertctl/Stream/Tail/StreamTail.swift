import Clients
import Foundation
import JSON
import Processor

/// The command that prints the records of the stream.
struct StreamTail: Command {
    private static let from = Option<String>(
        "--from", value: "WHERE", default: "LATEST",
        "start position: LATEST, TRIM_HORIZON, a time such as 2026-01-31T12:00:00Z, or an age such as 10m; with --shard-id also AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER"
    )
    private static let sequenceNumber = Option<String?>(
        "--starting-sequence-number", value: "NUMBER",
        "sequence number for --from AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER")
    private static let duration = Option<String?>(
        "--for", value: "TIME", otherwise: "until Ctrl-C", "stop after this time, such as 30, 30s, 5m, or 1h")
    private static let limit = Option<Int?>("--limit", 1...1_000_000_000, "stop after N records")
    private static let noFollow = Option<Bool>(
        "--no-follow", "stop at the end of the stream")
    private static let shard = Option<String?>("--shard-id", value: "ID", "read only this shard")
    private static let raw = Option<Bool>(
        "--raw", "print only the payloads, one JSON value per line, as input for replay and stream put")

    static let description = CommandDescription(
        name: "stream tail", summary: "read records from all shards and decode them as the function does",
        discussion: """
            Records of one key are printed in order: after a reshard, a new shard is read only when its parent shards have been read to their end.

            Each record is shown with its decoded entity or the reason why the function would reject it. Control characters are escaped. --output json prints one object per user record and line; its Data contains that user record only. With --raw, aggregates are split and compressed payloads are inflated; payloads that are not JSON are omitted, with a note.

            Ctrl-C ends the command with exit status 130; --for, --limit, and --no-follow with 0.
            """,
        options: [
            SharedOption.streamName, from, sequenceNumber, duration, limit, noFollow, shard, raw, SharedOption.output,
        ]
            + SharedOption.aws,
        examples: [
            "concertctl stream tail",
            "concertctl stream tail --from 10m --for 30s",
            "concertctl stream tail --from TRIM_HORIZON --no-follow --raw | concertctl replay -",
            "concertctl stream tail --shard-id shardId-000000000000 --from AFTER_SEQUENCE_NUMBER --starting-sequence-number 4959",
            "concertctl stream tail --output json | jq -r 'select(.Reason) | .Message'",
        ])

    private let stream: StreamReference
    private let session: AWSSession
    private let style: TerminalStyle
    private let start: TailStart
    private let duration: Duration?
    private let limit: Int
    private let follows: Bool
    private let shardID: String?
    private let form: TailOutput.Format

    init(_ input: Input) throws {
        start = try TailStart(input[Self.from], sequenceNumber: input[Self.sequenceNumber])
        duration = try input[Self.duration].map { text in
            guard let seconds = Double(text) ?? Span.seconds(text), seconds.isFinite, (0...1e9).contains(seconds) else {
                throw UsageError(description: "--for is \"\(text)\"; expected a time such as 30, 30s, 5m, or 1h")
            }
            return .seconds(seconds)
        }
        limit = try input[Self.limit] ?? .max
        follows = try !input[Self.noFollow]
        shardID = try input[Self.shard]
        if case .sequenceNumber = start, shardID == nil {
            throw UsageError(description: "--starting-sequence-number requires --shard-id")
        }
        let output = try input[SharedOption.output]
        let isRaw = try input[Self.raw]
        if isRaw, input.has(SharedOption.output) {
            throw UsageError(description: "--raw and --output cannot be combined")
        }
        form = isRaw ? .raw : output == .json ? .json : .text
        style = .standardOutput(input.environment)
        let stream = try StreamReference(input)
        session = try AWSSession(input)
        self.stream = try stream.checked(in: session)
    }

    func run() async throws -> ExitStatus {
        var output = TailOutput(form: form, limit: limit, style: style)
        var tail = try await Tail(stream, session, from: start, shardID: shardID)
        let end = duration.map { ContinuousClock.now + $0 }
        do {
            while !output.isFull, follows || !tail.isCaughtUp, !tail.isOver {
                if let end, ContinuousClock.now >= end { break }
                if let read = try await tail.step(until: end) {
                    try output.print(read.records, of: read.shard)
                }
            }
        } catch is CancellationError {
            output.finish(isInterrupted: true)
            return .interrupted
        }
        output.finish(isInterrupted: false)
        return .done
    }
}
