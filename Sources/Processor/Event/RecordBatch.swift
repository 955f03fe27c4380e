import Basics
import Clients
import JSON

/// A decoded event: typed records in shard order, bad records, and the bytes that both refer to.
package struct RecordBatch: Sendable {
    /// The records for the processors.
    package internal(set) var records: [EntityRecord] = []
    package internal(set) var badRecords: [RejectedRecord] = []
    /// The number of test records.
    package internal(set) var testRecords = 0
    /// The size of the decoded data, in bytes.
    package internal(set) var dataBytes = 0
    /// The index of the first Kinesis record that is left to the next invocation; nil if all records were decoded.
    var firstUndecoded: Int?
    var window: TumblingWindow?
    /// Whether an operator redelivers dead letters: the response then lists every failure, and no dead letter is written.
    var isRedelivery = false
    var sources: [KinesisRecord] = []
    var storage: TextStorage
    /// The catalog of the kinds of ``records``.
    package let catalog: EntityCatalog
    private var buffer: [UInt8] = []
    private var eventRange = 0..<0

    package init(_ catalog: EntityCatalog = .builtIn) {
        self.catalog = catalog
        storage = TextStorage(constants: catalog.plans.constants)
    }

    /// The number of user records; each record of an aggregate counts.
    package var recordCount: Int { records.count + badRecords.count + testRecords }

    /// Removes everything, and keeps the memory for the next event.
    mutating func removeAll() {
        records.removeAll(keepingCapacity: true)
        badRecords.removeAll(keepingCapacity: true)
        sources.removeAll(keepingCapacity: true)
        storage.removeAll()
        (testRecords, dataBytes, firstUndecoded, window, isRedelivery) = (0, 0, nil, nil, false)
        releaseEvent()
    }

    /// Releases the event's bytes, which are shared with the receiver, so that it can reuse the buffer for the next event.
    mutating func releaseEvent() {
        buffer = []
        eventRange = 0..<0
    }

    mutating func retainEvent(_ buffer: [UInt8], _ range: Range<Int>) {
        self.buffer = buffer
        eventRange = range
    }
}

/// Properties of records that processors use.
extension RecordBatch {
    /// Returns a stored text as a `String`.
    package func string(_ text: Text) -> String { storage.string(text) }

    /// Returns a stored text in UTF-8, for comparisons and as a key.
    package func bytes(_ text: Text) -> [UInt8] { Array(storage.bytes[text.range]) }

    /// Returns the texts of a list, in order.
    package func strings(_ list: TextList) -> [String] { texts(list).map(string) }

    func texts(_ list: TextList) -> ArraySlice<Text> {
        storage.items[Int(list.start)..<Int(list.start) + Int(list.count)]
    }

    package func sequenceNumber(of position: RecordPosition) -> SequenceNumber {
        sequenceNumber(ofSource: Int(position.source))
    }

    /// Returns the record's partition key; user records of an aggregate have keys of their own.
    package func partitionKey(of position: RecordPosition) -> String? {
        if let key = position.partitionKey { return string(key) }
        return sources[Int(position.source)].partitionKey.map(eventString)
    }

    /// Returns when the stream accepted the record; nil if the event does not contain it.
    package func arrivalMilliseconds(of position: RecordPosition) -> Int64? {
        sources[Int(position.source)].arrivalMilliseconds
    }

    /// Returns the stream's ARN, also if the event contains the ARN of an enhanced fan-out consumer.
    ///
    /// A text that is not the ARN of a stream is returned unchanged.
    package func streamARN(of position: RecordPosition) -> String? {
        sources[Int(position.source)].streamARN.map(eventString).map { KinesisStreamARN($0)?.arn.description ?? $0 }
    }

    /// Returns the name of the stream from its ARN or the ARN of its consumer; nil if the event contains neither.
    package func streamName(of position: RecordPosition) -> String? {
        sources[Int(position.source)].streamARN.map(eventString).flatMap { KinesisStreamARN($0)?.name }
    }

    /// Returns whether the event contains the same stream and shard for both records, byte for byte.
    func haveSameShard(_ one: KinesisRecord, _ other: KinesisRecord) -> Bool {
        haveSameBytes(one.streamARN, other.streamARN) && haveSameBytes(shardText(one), shardText(other))
    }

    private func haveSameBytes(_ one: EventText?, _ other: EventText?) -> Bool {
        guard let one, let other else { return one == nil && other == nil }
        guard one.isEscaped == other.isEscaped else { return false }
        return eventBytes(one).elementsEqual(eventBytes(other))
    }

    /// Returns the part of `eventID` before its first colon, or all of it if it has no colon.
    private func shardText(_ record: KinesisRecord) -> EventText? {
        guard var text = record.eventID, let colon = eventBytes(text).firstIndex(of: UInt8(ascii: ":")) else {
            return record.eventID
        }
        text.end = UInt32(colon - eventRange.lowerBound)
        return text
    }

    private func eventBytes(_ text: EventText) -> ArraySlice<UInt8> {
        buffer[eventRange.lowerBound + Int(text.start)..<eventRange.lowerBound + Int(text.end)]
    }

    /// Returns the part of `eventID` before the colon, such as `shardId-000000000000`.
    package func shardID(of position: RecordPosition) -> String? {
        guard let id = sources[Int(position.source)].eventID.map(eventString),
            let colon = id.utf8.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return String(id[..<colon])
    }

    /// The arrival of the oldest record, in milliseconds since the Unix epoch.
    var oldestArrival: Int64? { sources.lazy.compactMap(\.arrivalMilliseconds).min() }

    func sequenceNumber(ofSource index: Int) -> SequenceNumber {
        // The decoder has checked the digits, so zero is never used.
        SequenceNumber(eventString(sources[index].sequenceNumber)) ?? SequenceNumber.zero
    }

    /// Returns the unchanged data of a Kinesis record.
    func dataText(ofSource index: Int32) -> String { eventString(sources[Int(index)].data) }

    /// Returns the content of a string of the event, with escapes resolved.
    func eventString(_ text: EventText) -> String {
        let bytes = buffer.span.extracting(eventRange)
        guard text.isEscaped else { return bytes.string(text.string.range) }
        var resolved: [UInt8] = []
        JSONEscape.append(text.string, of: bytes, to: &resolved)
        return String(decoding: resolved, as: UTF8.self)
    }

    /// The event's object `window`.
    var windowBounds: JSONValue? {
        guard let range = window?.window else { return nil }
        return try? JSONValue(
            parsing: Array(buffer[eventRange.lowerBound + range.lowerBound..<eventRange.lowerBound + range.upperBound]))
    }

    /// The unchanged state of the window, `{}` in the window's first invocation; nil outside of windows.
    var windowState: ArraySlice<UInt8>? {
        guard let window else { return nil }
        guard let state = window.state else { return ArraySlice("{}".utf8) }
        return buffer[eventRange.lowerBound + state.lowerBound..<eventRange.lowerBound + state.upperBound]
    }
}
