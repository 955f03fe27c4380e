import Clients
import Foundation
import JSON

/// The partition key of a payload: the ID of its entity, so that all versions of one are in one shard, in order.
///
/// The ID is found as the function finds it, in every shape of payload, but also where another rule is broken: a
/// version that is bad must still not overtake a good one. A payload without an ID has a hash of its bytes.
enum PartitionKey {
    /// What Kinesis takes, in characters.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html>
    static let maxLength = 256

    /// - Parameter id: As the function found it; nil when it calls the record bad, or a test.
    static func key(of bytes: [UInt8], id: String? = nil) -> String {
        let id = id ?? (try? JSONValue(parsing: bytes)).flatMap { entityID(in: $0) }
        guard let id, !id.isEmpty, id.unicodeScalars.count <= maxLength else {
            return SHA256.digest(of: bytes).hexadecimal
        }
        return id
    }

    private static let ids: [(fields: [String], kinds: [String])] = [
        (["sale_id"], ["ticket_sales", "ticket_sale"]),
        (["concert_id", "event_id"], ["concerts", "concert", "events", "event"]),
        (["venue_id"], ["venues", "venue"]),
        (["artist_id"], ["artists", "artist"]),
    ]

    private static func entityID(in record: JSONValue) -> String? {
        var object = record
        // Wrapped at most twice, and only where nothing beside `data` tells what it is.
        for _ in 0..<2 {
            guard let inner = object["data"], inner.object != nil, text(object["data_type"]) == nil,
                ids.flatMap(\.fields).allSatisfy({ text(object[$0]) == nil })
            else { break }
            object = inner
        }
        var kind = text(object["data_type"])
        if let payload = object["payload"], payload.object != nil {
            object = payload
            kind = kind ?? text(object["data_type"])
        }
        let candidates = kind.map { kind in ids.filter { $0.kinds.contains { isSame($0, kind) } } } ?? ids
        return candidates.lazy.flatMap(\.fields).compactMap { text(object[$0]) }.first
    }

    /// Ignores the case of ASCII letters.
    private static func isSame(_ name: String, _ kind: String) -> Bool {
        name.utf8.elementsEqual(kind.utf8.lazy.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
    }

    private static func text(_ value: JSONValue?) -> String? {
        guard let text = value?.string?.trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty else {
            return nil
        }
        return text
    }
}
