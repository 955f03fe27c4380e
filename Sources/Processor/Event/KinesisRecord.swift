import JSON

/// A string of the event: the range of its content, without quotes.
struct EventText: Sendable, Equatable {
    var start: UInt32
    var end: UInt32
    var isEscaped: Bool

    init(_ string: JSONString) {
        // Events are smaller than 2 GiB, which the decoder checks first.
        start = UInt32(truncatingIfNeeded: string.range.lowerBound)
        end = UInt32(truncatingIfNeeded: string.range.upperBound)
        isEscaped = string.isEscaped
    }

    var string: JSONString { JSONString(range: Int(start)..<Int(end), isEscaped: isEscaped) }
}

/// One record of the event, as ranges of its bytes.
struct KinesisRecord: Sendable {
    var sequenceNumber: EventText
    /// The unchanged data of the record: base64, unless it is a bad record.
    var data: EventText
    /// The partition key; nil if the stream assigns records to shards itself.
    var partitionKey: EventText?
    /// The shard and the sequence number, separated by a colon.
    var eventID: EventText?
    var streamARN: EventText?
    /// When the stream accepted the record, in milliseconds since the Unix epoch.
    var arrivalMilliseconds: Int64?
}

/// The position of a user record: a Kinesis record, or one of the records in an aggregate.
package struct RecordPosition: Sendable, Hashable {
    /// The index in the event's `Records`.
    let source: Int32
    /// The index in the aggregate; -1 outside of one.
    private let index: Int32
    /// The aggregate's partition key; its start is the highest number if there is none.
    private let key: Text

    /// The index in the aggregate, which Kinesis calls the sub-sequence number; nil outside of one.
    package var subSequenceNumber: Int32? { index < 0 ? nil : index }
    /// The partition key of this record in its aggregate.
    var partitionKey: Text? { key.start == .max ? nil : key }

    /// Creates a position.
    ///
    /// It is stored as two whole words, because it is passed on for every record, and combining parts of words is slow.
    init(source: Int32, subSequenceNumber: Int32? = nil, partitionKey: Text? = nil) {
        self.source = source
        index = subSequenceNumber ?? -1
        key = partitionKey ?? Text(start: .max, count: 0)
    }
}

/// A record of a known kind, all of whose fields are valid.
package struct EntityRecord: Sendable {
    package var kind: EntityKind
    /// The index of the first of its fields' values in the batch's ``TextStorage``.
    var firstValue: UInt32
    package var position: RecordPosition
}

/// A record that cannot be processed: a bad record, or one that a processor rejected.
package struct RejectedRecord: Sendable {
    package var error: PayloadError
    package var position: RecordPosition
}

/// The members of the event about a tumbling window.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
struct TumblingWindow: Sendable {
    /// The range of the state that the window's previous invocation returned; nil in the window's first invocation.
    var state: Range<Int>?
    /// The range of the object `window`, which has the window's start and end.
    var window: Range<Int>
    /// Whether this is the window's last invocation.
    var isFinal: Bool
}
