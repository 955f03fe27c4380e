import JSON

/// A string of the event: where its content stands, without its quotes.
struct EventText: Sendable, Equatable {
    var start: UInt32
    var end: UInt32
    var isEscaped: Bool

    init(_ string: JSONString) {
        // Events are below 2 GiB, which the decoder checks before it starts.
        start = UInt32(truncatingIfNeeded: string.range.lowerBound)
        end = UInt32(truncatingIfNeeded: string.range.upperBound)
        isEscaped = string.isEscaped
    }

    var string: JSONString { JSONString(range: Int(start)..<Int(end), isEscaped: isEscaped) }
}

/// One record of the event, as ranges of its bytes.
struct KinesisRecord: Sendable {
    var sequenceNumber: EventText
    /// The record's data as it came: base64, unless it is a bad record for that.
    var data: EventText
    /// Missing on streams that distribute records themselves.
    var partitionKey: EventText?
    /// The shard and the sequence number, with a colon between them.
    var eventID: EventText?
    var streamARN: EventText?
    /// When the stream accepted the record, in milliseconds since the Unix epoch.
    var arrivalMilliseconds: Int64?
}

/// A user record: a Kinesis record, or one of the several that an aggregate holds.
public struct RecordPosition: Sendable, Hashable {
    /// Index in the event's `Records`.
    let source: Int32
    /// -1 outside of an aggregate.
    private let index: Int32
    /// Of no length and at the end of all where there is none.
    private let key: Text

    /// Index in the aggregate, which Kinesis calls the sub-sequence number; nil outside of one.
    public var subSequenceNumber: Int32? { index < 0 ? nil : index }
    /// The aggregate's own partition key for this record.
    var partitionKey: Text? { key.start == .max ? nil : key }

    /// Kept as two words: it is handed on for every record, and halves of words that are put together anew cost more than that.
    init(source: Int32, subSequenceNumber: Int32? = nil, partitionKey: Text? = nil) {
        self.source = source
        index = subSequenceNumber ?? -1
        key = partitionKey ?? Text(start: .max, count: 0)
    }
}

/// A record of a known kind, all of whose fields are valid.
public struct EntityRecord: Sendable {
    package var kind: EntityKind
    /// Where the batch's ``TextStorage`` has the values of its fields.
    var firstValue: UInt32
    public var position: RecordPosition
}

/// A record that is not an entity of a known kind.
public struct BadRecord: Sendable {
    public var error: PayloadError
    public var position: RecordPosition
}

/// What the event says of a tumbling window.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
struct TumblingWindow: Sendable {
    /// The JSON object that the last invocation of this window answered, nil in a window's first.
    var state: Range<Int>?
    /// Where the object `window` stands, with the window's start and end.
    var window: Range<Int>
    /// Whether no further invocation of this window follows.
    var isFinal: Bool
}
