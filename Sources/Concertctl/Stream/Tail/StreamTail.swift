import Clients
import Foundation
import JSON
import Processor

/// Shows records as they come on the stream.
struct StreamTail: Command {
    private static let from = OptionDescription(
        "--from", .value("WHERE"),
        "LATEST (default), TRIM_HORIZON, a time such as 2026-01-31T12:00:00Z, how long ago, such as 10m; of one shard also AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER"
    )
    private static let sequenceNumber = OptionDescription(
        "--starting-sequence-number", .value("NUMBER"), "of the record that --from ..._SEQUENCE_NUMBER means")
    private static let duration = OptionDescription(
        "--for", .value("TIME"), "stop after this long: 30, 30s, 5m, 1h (default: go on until Ctrl-C)")
    private static let limit = OptionDescription("--limit", .value("N"), "stop after N records, 1...1000000000")
    private static let noFollow = OptionDescription(
        "--no-follow", .flag, "stop when everything that is on the stream has been read")
    private static let shard = OptionDescription("--shard-id", .value("ID"), "read this shard alone")
    private static let raw = OptionDescription(
        "--raw", .flag, "print the payloads as they were put, one JSON value a line; fit for replay and put")

    static let description = CommandDescription(
        name: "stream tail", summary: "read records from all shards, decoded as the function decodes them",
        discussion: """
            Records of one key come in order: when the stream is resharded, a new shard is begun when those that it came from have been read to their end.

            Each record is shown with what the function makes of it: the entity, or why it is bad. Control characters are escaped. --output json prints one object for each user record on a line; its Data are the user record's own. With --raw, aggregates come apart and compressed payloads are inflated; what is no JSON even then is left out, with a note.

            Ctrl-C ends with exit status 130, --for, --limit and --no-follow with 0.
            """,
        options: [.streamName, from, sequenceNumber, duration, limit, noFollow, shard, raw, .output]
            + OptionDescription.aws,
        examples: [
            "concertctl stream tail",
            "concertctl stream tail --from 10m --for 30s",
            "concertctl stream tail --from TRIM_HORIZON --no-follow --raw | concertctl replay -",
            "concertctl stream tail --shard-id shardId-000000000000 --from AFTER_SEQUENCE_NUMBER --starting-sequence-number 4959",
            "concertctl stream tail --output json | jq -r 'select(.Reason) | .Message'",
        ])

    private let arguments: Arguments
    private let start: TailStart
    private let duration: Duration?
    private let limit: Int
    private let follows: Bool
    private let shardID: String?
    private let form: TailOutput.Form

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        start = try TailStart(
            arguments.string(Self.from) ?? "LATEST", sequenceNumber: arguments.string(Self.sequenceNumber))
        duration = try arguments.string(Self.duration).map { text in
            guard let seconds = Double(text) ?? Span.seconds(text), seconds.isFinite, (0...1e9).contains(seconds) else {
                throw UsageError(description: "--for is \"\(text)\"; expected a time such as 30, 30s, 5m or 1h")
            }
            return .seconds(seconds)
        }
        limit = try arguments.integer(Self.limit, in: 1...1_000_000_000) ?? .max
        follows = !arguments.flag(Self.noFollow)
        shardID = arguments.string(Self.shard)
        if case .sequenceNumber = start, shardID == nil {
            throw UsageError(description: "a sequence number is one shard's: name the shard with --shard-id")
        }
        let output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        if arguments.flag(Self.raw), arguments.has(.output) {
            throw UsageError(description: "--raw prints the data alone, and --output says how else; give one of them")
        }
        form = arguments.flag(Self.raw) ? .raw : output == .json ? .json : .text
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, output: .text)
        let stream = try StreamReference(arguments, environment: environment).checked(in: session)
        var output = TailOutput(form: form, limit: limit, style: .standardOutput(environment))
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
