import Foundation
import JSON
import Processor

/// The position where reading starts.
enum TailStart: Sendable, Equatable {
    case latest
    case trimHorizon
    /// Seconds since the Unix epoch.
    case time(Double)
    /// At or after a record of one shard.
    case sequenceNumber(SequenceNumber, isAfter: Bool)

    private static let atNumber = "AT_SEQUENCE_NUMBER"
    private static let afterNumber = "AFTER_SEQUENCE_NUMBER"

    /// Parses the value of `--from`.
    ///
    /// - Parameters:
    ///   - text: `LATEST`, `TRIM_HORIZON`, `AT_SEQUENCE_NUMBER`, `AFTER_SEQUENCE_NUMBER`, a time in ISO 8601 or in seconds
    ///     since the epoch, or an age, such as `10m`.
    ///   - number: The sequence number for `AT_SEQUENCE_NUMBER` and `AFTER_SEQUENCE_NUMBER`.
    init(
        _ text: String, sequenceNumber number: String? = nil, now: Double = Date().timeIntervalSince1970
    ) throws(UsageError) {
        let word = text.uppercased()
        guard [Self.atNumber, Self.afterNumber].contains(word) == (number != nil) else {
            throw UsageError(
                description:
                    "--from \(Self.atNumber) and --from \(Self.afterNumber) require --starting-sequence-number, "
                    + "and the reverse")
        }
        switch word {
        case "LATEST": self = .latest
        case "TRIM_HORIZON": self = .trimHorizon
        case Self.atNumber, Self.afterNumber:
            guard let number = number.flatMap({ SequenceNumber($0) }) else {
                throw UsageError(
                    description: "--starting-sequence-number is \"\(number ?? "")\"; expected up to 128 digits")
            }
            self = .sequenceNumber(number, isAfter: word == Self.afterNumber)
        default:
            if let seconds = Double(text), seconds.isFinite, seconds >= 0 {
                self = .time(seconds)
            } else if let duration = Span.seconds(text) {
                self = .time(max(0, now - duration))
            } else if let time = Timestamp(text) {
                self = .time(Double(time.secondsSinceEpoch) + Double(time.nanoseconds) / 1e9)
            } else {
                throw UsageError(
                    description: "--from is \"\(text)\"; expected LATEST, TRIM_HORIZON, a time such as "
                        + "2026-01-31T12:00:00Z, or an age such as 10m")
            }
        }
    }

    /// The members of the `GetShardIterator` request.
    var members: [(String, JSONValue?)] {
        switch self {
        case .latest: [("ShardIteratorType", "LATEST")]
        case .trimHorizon: [("ShardIteratorType", "TRIM_HORIZON")]
        case .time(let seconds): [("ShardIteratorType", "AT_TIMESTAMP"), ("Timestamp", .decimal(seconds))]
        case .sequenceNumber(let number, let isAfter):
            [
                ("ShardIteratorType", .string(isAfter ? Self.afterNumber : Self.atNumber)),
                ("StartingSequenceNumber", .string(number.digits)),
            ]
        }
    }
}

/// Durations as users write them.
enum Span {
    /// Returns the seconds of a number with the suffix `s`, `m`, `h`, or `d`; nil for other text.
    static func seconds(_ text: String) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let number = Double(text.dropLast()), number.isFinite,
            number >= 0, number * unit <= 1e9
        else { return nil }
        return number * unit
    }
}
