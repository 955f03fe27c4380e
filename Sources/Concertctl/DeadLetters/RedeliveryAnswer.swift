import JSON
import Processor

/// A function's response to a redelivery event, validated against the event's records.
enum RedeliveryAnswer: Sendable {
    /// The failed records by their index in the event; all others were processed.
    case answered([Int: RecordFailure])
    /// A response of an older function that does not support redelivery and does not return failed records.
    case outdated
    /// Not a response to this event.
    case invalid(String)

    struct RecordFailure: Sendable {
        var reason: String
        var message: String
    }

    /// The most bytes of a reason and of a message.
    private static let limit = (reason: 100, message: 2000)

    init(parsing body: [UInt8], of records: [RestoredRecord]) {
        guard let value = try? JSONValue(parsing: body), let items = value["batchItemFailures"]?.array else {
            let shown = String(decoding: body.prefix(200), as: UTF8.self)
            self = .invalid("the response is not a batch response: \(shown)")
            return
        }
        guard let failures = value["failures"]?.array else {
            self = .outdated
            return
        }
        // Indices by sequence number, as bytes; the records of an aggregate have the same sequence number.
        var numbers: [[UInt8]: [Int]] = [:]
        for (index, record) in records.enumerated() {
            numbers[Array(record.sequenceNumber.utf8), default: []].append(index)
        }
        var failed: [Int: RecordFailure] = [:]
        for element in failures {
            let sequence = element["itemIdentifier"]?.string
            let sub = element["subSequenceNumber"]?.integer
            let matching = (sequence.flatMap { numbers[Array($0.utf8)] } ?? []).filter { index in
                // A redelivered aggregate fails if one of its records does.
                guard let sub, let own = records[index].subSequenceNumber else { return true }
                return own == sub
            }
            guard !matching.isEmpty else {
                self = .invalid(
                    "the response contains record \(sequence ?? "without an identifier"), which was not in the event")
                return
            }
            let failure = RecordFailure(
                reason: Self.shortened(element["reason"]?.string ?? "unknown", Self.limit.reason),
                message: Self.shortened(element["message"]?.string ?? "", Self.limit.message))
            for index in matching where failed[index] == nil { failed[index] = failure }
        }
        for element in items {
            let sequence = element["itemIdentifier"]?.string ?? ""
            guard let matching = numbers[Array(sequence.utf8)] else {
                self = .invalid("the response contains record \"\(sequence)\", which was not in the event")
                return
            }
            if matching.contains(where: { failed[$0] != nil }) { continue }
            for index in matching {
                failed[index] = RecordFailure(reason: "unknown", message: "the response contains no reason")
            }
        }
        self = .answered(failed)
    }

    private static func shortened(_ text: String, _ limit: Int) -> String {
        text.utf8.count <= limit ? text : String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "..."
    }
}
