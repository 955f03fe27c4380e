import Basics
import Clients
import JSON

/// One message to subscribers.
struct Notification: Sendable, Equatable {
    var type: NotificationType
    var entity: EntityKey
    /// The content: one JSON object.
    var body: [UInt8]
    /// The name of the state that the notification reports; the same for every repeat of the notification.
    var stateName: String
    /// A key that is the same for each attempt of one notification, and unique to it.
    var idempotencyKey: String
}

/// Identifiers for FIFO topics.
extension Notification {
    /// The group within which the order is kept: the entity's ID, or its digest if SNS does not accept the ID.
    var messageGroupID: String { Self.valid(entity.id) }

    /// The identifier by entity, type and state; a state that recurs has a new one.
    var messageDeduplicationID: String { Self.valid(entity.id + "/\(type.rawValue)/\(stateName)".utf8) }

    /// Returns `text`, or its digest if SNS does not accept the text as an identifier.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatchRequestEntry.html>
    private static func valid(_ text: [UInt8]) -> String {
        let isValid = (1...128).contains(text.count) && text.allSatisfy { (0x21...0x7E).contains($0) }
        return isValid ? String(decoding: text, as: UTF8.self) : SHA256.digest(of: text).hexadecimal
    }
}

extension DeliveredState {
    /// Returns the ``Notification/stateName`` of this state.
    func name(of type: NotificationType) -> String {
        switch facts {
        case .concert(_, let eventDate): "\(eventDate)/\(deliveryCount(of: type))"
        case .artist: "popular/\(deliveryCount(of: type))"
        }
    }
}

/// Creation of notifications.
extension RecordBatch {
    /// Returns the notification about a change of a record's entity.
    func notification(
        of record: EntityRecord, _ entity: EntityKey, _ change: NotificationRules.Change, _ state: DeliveredState
    ) -> Notification {
        let position = record.position
        let sequenceNumber = state.version.sequenceNumber.digits
        let stream = streamARN(of: position)
        let shard = shardID(of: position)
        let identity = [
            stream ?? "", shard ?? "", sequenceNumber, String(state.version.subSequenceNumber ?? 0),
            change.type.rawValue,
        ]
        let arrival = arrivalMilliseconds(of: position)
        var writer = JSONWriter()
        writer.openObject()
        writer.member("type", change.type.rawValue)
        writer.key("entity")
        writeDocument(of: record, state.version, to: &writer)
        if !change.previous.isEmpty { writer.member("previous", change.previous) }
        writer.member("stream", stream)
        writer.member("shard", shard)
        writer.member("sequence_number", sequenceNumber)
        writer.member("time", arrival.map { Timestamp(millisecondsSinceEpoch: $0).description })
        writer.closeObject()
        return Notification(
            type: change.type, entity: entity, body: Self.escapingNoncharacters(writer.bytes),
            stateName: state.name(of: change.type),
            idempotencyKey: SHA256.digest(of: Array(identity.joined(separator: "\n").utf8)).hexadecimal)
    }

    /// Writes the document with the members that it has in the cache.
    private func writeDocument(of record: EntityRecord, _ version: RecordVersion, to writer: inout JSONWriter) {
        writer.openObject()
        writeMembers(of: record, to: &writer)
        writer.member(version)
        writer.closeObject()
    }

    /// Returns `json` with U+FFFE and U+FFFF escaped: SNS and SQS do not accept characters that XML does not allow.
    private static func escapingNoncharacters(_ json: [UInt8]) -> [UInt8] {
        let marks: [[UInt8]: String] = [[0xEF, 0xBF, 0xBE]: "\\ufffe", [0xEF, 0xBF, 0xBF]: "\\uffff"]
        guard marks.keys.contains(where: { json.range(of: $0) != nil }) else { return json }
        return marks.reduce(json) { json, mark in json.substituting(mark.key, with: Array(mark.value.utf8)) }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value)
    }

    fileprivate mutating func member(_ name: String, _ previous: [NotificationRules.PreviousValue]) {
        key(name)
        openObject()
        for value in previous {
            switch value {
            case .status(let status): member("status", status.rawValue)
            case .eventDate(let date): member("event_date", date.description)
            case .popularityScore(let score):
                key("popularity_score")
                raw(score)
            }
        }
        closeObject()
    }
}
