import Foundation
import JSON
import Processor

/// Where reading begins.
enum TailStart: Sendable, Equatable {
    case latest
    case trimHorizon
    /// Seconds since the Unix epoch.
    case time(Double)
    /// A record of one shard, read again or passed over.
    case sequenceNumber(SequenceNumber, isAfter: Bool)

    private static let atNumber = "AT_SEQUENCE_NUMBER"
    private static let afterNumber = "AFTER_SEQUENCE_NUMBER"

    /// - Parameters:
    ///   - text: `LATEST`, `TRIM_HORIZON`, `AT_SEQUENCE_NUMBER`, `AFTER_SEQUENCE_NUMBER`, a time in ISO 8601 or in seconds
    ///     since the epoch, or how long ago, such as `10m`.
    ///   - number: Of the record that the two words about sequence numbers mean.
    init(
        _ text: String, sequenceNumber number: String? = nil, now: Double = Date().timeIntervalSince1970
    ) throws(UsageError) {
        let word = text.uppercased()
        guard [Self.atNumber, Self.afterNumber].contains(word) == (number != nil) else {
            throw UsageError(
                description: "--starting-sequence-number goes with --from \(Self.atNumber) or \(Self.afterNumber), "
                    + "and they with it")
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
                        + "2026-01-31T12:00:00Z, or how long ago, such as 10m")
            }
        }
    }

    /// The members by which `GetShardIterator` is told.
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

/// Lengths of time as people write them.
enum Span {
    /// In seconds; nil unless it is a number with `s`, `m`, `h` or `d` behind it.
    static func seconds(_ text: String) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let number = Double(text.dropLast()), number.isFinite,
            number >= 0, number * unit <= 1e9
        else { return nil }
        return number * unit
    }
}
