import Clients
import Foundation
import JSON
import Processor

/// Shows records as they come on the stream.
struct StreamTail: Command {
    private static let from = OptionDescription(
        "--from", .value("WHERE"),
        "LATEST (default), TRIM_HORIZON, a time such as 2026-01-31T12:00:00Z, or how long ago, such as 10m")
    private static let duration = OptionDescription(
        "--for", .value("TIME"), "stop after this long: 30, 30s, 5m, 1h (default: go on until Ctrl-C)")
    private static let limit = OptionDescription("--limit", .value("N"), "stop after N records, 1...1000000000")
    private static let noFollow = OptionDescription(
        "--no-follow", .flag, "stop when everything that is on the stream has been read")
    private static let shard = OptionDescription("--shard-id", .value("ID"), "read this shard alone")
    private static let raw = OptionDescription(
        "--raw", .flag, "print the records' own data, one JSON value a line; fit for replay and put")

    static let description = CommandDescription(
        name: "stream tail", summary: "read records from all shards, decoded as the function decodes them",
        discussion: """
            Records of one key come in order: when the stream is resharded, a new shard is begun when those that it came from have been read to their end.

            Each record is shown with what the function makes of it: the entity, or why it is bad. Control characters are escaped. --output json prints one object a line. With --raw, data that is not JSON (compressed or aggregated records) is left out, with a note; --output json has it in base64.
            """,
        options: [.streamName, from, duration, limit, noFollow, shard, raw, .output] + OptionDescription.aws,
        examples: [
            "concertctl stream tail",
            "concertctl stream tail --from 10m --for 30s",
            "concertctl stream tail --from TRIM_HORIZON --no-follow --raw | concertctl replay -",
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
        start = try TailStart(arguments.string(Self.from) ?? "LATEST")
        duration = try arguments.string(Self.duration).map { text in
            guard let seconds = Double(text) ?? Span.seconds(text), seconds.isFinite, (0...1e9).contains(seconds) else {
                throw UsageError(description: "--for is \"\(text)\"; expected a time such as 30, 30s, 5m or 1h")
            }
            return .seconds(seconds)
        }
        limit = try arguments.integer(Self.limit, in: 1...1_000_000_000) ?? .max
        follows = !arguments.flag(Self.noFollow)
        shardID = arguments.string(Self.shard)
        let output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        if arguments.flag(Self.raw), arguments.has(.output) {
            throw UsageError(description: "--raw prints the data alone, and --output says how else; give one of them")
        }
        form = arguments.flag(Self.raw) ? .raw : output == .json ? .json : .text
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, output: .text)
        let stream = try StreamReference(arguments, environment: environment)
        var tail = try await Tail(
            stream, session, from: start, shardID: shardID, output: TailOutput(form: form, limit: limit))
        let end = duration.map { ContinuousClock.now + $0 }
        do {
            while !tail.output.isFull, follows || !tail.isCaughtUp, !tail.isOver {
                if let end, ContinuousClock.now >= end { break }
                try await tail.step(until: end)
            }
        } catch is CancellationError {
            tail.output.finish()
            return .interrupted
        }
        tail.output.finish()
        return .done
    }
}
