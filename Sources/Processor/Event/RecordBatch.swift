import Clients
import JSON

/// One event, decoded: typed records in shard order, bad records, and the bytes that both point into.
public struct RecordBatch: Sendable {
    /// Records for the processors.
    public internal(set) var records: [EntityRecord] = []
    public internal(set) var badRecords: [BadRecord] = []
    /// How many test records came.
    public internal(set) var testRecords = 0
    /// Decoded data, in bytes.
    public internal(set) var dataBytes = 0
    /// The first Kinesis record that was left for the next invocation, for lack of memory; nil when all were decoded.
    var firstUndecoded: Int?
    var window: TumblingWindow?
    /// Whether an operator redelivers dead letters: every failure is answered, and no dead letter is written.
    var isRedelivery = false
    var sources: [KinesisRecord] = []
    var storage: TextStorage
    /// The kinds of ``records``.
    package let catalog: EntityCatalog
    private var buffer: [UInt8] = []
    private var eventRange = 0..<0

    package init(_ catalog: EntityCatalog = .builtIn) {
        self.catalog = catalog
        storage = TextStorage(constants: catalog.plans.constants)
    }

    /// Records as the producers count them: an aggregate's are counted one by one.
    public var recordCount: Int { records.count + badRecords.count + testRecords }

    /// Forgets everything, and keeps the memory for the next event.
    mutating func removeAll() {
        records.removeAll(keepingCapacity: true)
        badRecords.removeAll(keepingCapacity: true)
        sources.removeAll(keepingCapacity: true)
        storage.removeAll()
        (testRecords, dataBytes, firstUndecoded, window, isRedelivery) = (0, 0, nil, nil, false)
        releaseEvent()
    }

    /// The event's bytes are shared with whoever received them; letting go makes them writable for the next one.
    mutating func releaseEvent() {
        buffer = []
        eventRange = 0..<0
    }

    mutating func retainEvent(_ buffer: [UInt8], _ range: Range<Int>) {
        self.buffer = buffer
        eventRange = range
    }
}

/// What a processor asks about a record.
extension RecordBatch {
    /// A kept text as a `String`.
    public func string(_ text: Text) -> String { storage.string(text) }

    /// A kept text's UTF-8, to compare it and to use it as a key.
    public func bytes(_ text: Text) -> [UInt8] { Array(storage.bytes[text.range]) }

    /// The texts of a list, in order.
    public func strings(_ list: TextList) -> [String] { texts(list).map(string) }

    func texts(_ list: TextList) -> ArraySlice<Text> {
        storage.items[Int(list.start)..<Int(list.start) + Int(list.count)]
    }

    public func sequenceNumber(of position: RecordPosition) -> SequenceNumber {
        sequenceNumber(ofSource: Int(position.source))
    }

    /// The key that the producer gave this record; an aggregate's user records each have their own.
    public func partitionKey(of position: RecordPosition) -> String? {
        if let key = position.partitionKey { return string(key) }
        return sources[Int(position.source)].partitionKey.map(eventString)
    }

    /// When the stream accepted the record; nil when the event does not say.
    public func arrivalMilliseconds(of position: RecordPosition) -> Int64? {
        sources[Int(position.source)].arrivalMilliseconds
    }

    /// The stream's own ARN, also where the event gives that of an enhanced fan-out consumer.
    ///
    /// A text that is not the ARN of a stream is returned as it is.
    public func streamARN(of position: RecordPosition) -> String? {
        sources[Int(position.source)].streamARN.map(eventString).map { KinesisStreamARN($0)?.arn.description ?? $0 }
    }

    /// The name of the stream, whose ARN or whose consumer's ARN the event gives; nil where it gives neither.
    package func streamName(of position: RecordPosition) -> String? {
        sources[Int(position.source)].streamARN.map(eventString).flatMap { KinesisStreamARN($0)?.name }
    }

    /// Whether the event gives the same stream and shard for both, byte for byte.
    func haveSameShard(_ one: KinesisRecord, _ other: KinesisRecord) -> Bool {
        haveSameBytes(one.streamARN, other.streamARN) && haveSameBytes(shardText(one), shardText(other))
    }

    private func haveSameBytes(_ one: EventText?, _ other: EventText?) -> Bool {
        guard let one, let other else { return one == nil && other == nil }
        guard one.isEscaped == other.isEscaped else { return false }
        return eventBytes(one).elementsEqual(eventBytes(other))
    }

    /// The part of `eventID` before its first colon; the whole where there is none.
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

    /// The part of `eventID` before the colon, such as `shardId-000000000000`.
    public func shardID(of position: RecordPosition) -> String? {
        guard let id = sources[Int(position.source)].eventID.map(eventString),
            let colon = id.utf8.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return String(id[..<colon])
    }

    /// When the oldest record arrived, in milliseconds since the Unix epoch.
    var oldestArrival: Int64? { sources.lazy.compactMap(\.arrivalMilliseconds).min() }

    func sequenceNumber(ofSource index: Int) -> SequenceNumber {
        // The decoder has checked that these are digits; zero is never reached.
        SequenceNumber(eventString(sources[index].sequenceNumber)) ?? SequenceNumber.zero
    }

    /// A Kinesis record's data as it came.
    func dataText(ofSource index: Int32) -> String { eventString(sources[Int(index)].data) }

    /// The content of a string of the event, escapes resolved.
    func eventString(_ text: EventText) -> String {
        let bytes = buffer.span.extracting(eventRange)
        guard text.isEscaped else { return bytes.string(text.string.range) }
        var resolved: [UInt8] = []
        JSONEscape.append(text.string, of: bytes, to: &resolved)
        return String(decoding: resolved, as: UTF8.self)
    }

    /// The object `window` of the event.
    var windowBounds: JSONValue? {
        guard let range = window?.window else { return nil }
        return try? JSONValue(
            parsing: Array(buffer[eventRange.lowerBound + range.lowerBound..<eventRange.lowerBound + range.upperBound]))
    }

    /// The window's state as it came, `{}` in a window's first invocation; nil outside of windows.
    var windowState: ArraySlice<UInt8>? {
        guard let window else { return nil }
        guard let state = window.state else { return ArraySlice("{}".utf8) }
        return buffer[eventRange.lowerBound + state.lowerBound..<eventRange.lowerBound + state.upperBound]
    }
}
