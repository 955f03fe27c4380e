import Basics
import JSON

/// A decoder of a Kinesis record's data into user records: base64, then gzip, an aggregate or JSON by the first bytes.
struct DataDecoder: Sendable {
    var payloads: PayloadDecoder
    private let base64 = Base64.standard
    /// The decoded data of the current record, followed by remains of earlier ones; one buffer serves all records.
    private var decoded: [UInt8] = []
    private var inflated: [UInt8] = []
    /// Whether this batch contained data that expands, which is compressed or aggregated; and when decoding must end.
    private var hasExpanded = false
    private var deadline = EndOfDecoding(.now)
    private let textLimit: Int

    /// The upper bound of the text limit: a ``Text`` has 32 bits for its offset, and an aggregate may reach twice the limit.
    private static let highestLimit = 1 << 30
    /// The least text that an aggregate's compressed records may inflate to, even if the function has little memory.
    private static let leastAggregateLimit = 32 * 1024 * 1024

    /// - Parameter textLimit: The number of bytes of text to retain from one batch before the rest is left undecoded.
    init(_ catalog: EntityCatalog = .builtIn, textLimit: Int = EventDecoder.defaultTextLimit) {
        payloads = PayloadDecoder(catalog)
        self.textLimit = min(textLimit, Self.highestLimit)
    }

    /// Starts a batch.
    mutating func begin(deadline: ContinuousClock.Instant) {
        (hasExpanded, self.deadline) = (false, EndOfDecoding(deadline))
        payloads.storage.removeAll()
    }

    /// Scans the string at the scanner's offset, and adds its content to `batch`.
    ///
    /// - Returns: The range of the string.
    mutating func decode(
        _ scanner: inout JSONScanner, in bytes: Span<UInt8>, into batch: inout RecordBatch
    ) throws(JSONError) -> JSONString {
        let position = RecordPosition(source: Int32(batch.sources.count))
        if batch.firstUndecoded == nil, isExhausted(batch) { batch.firstUndecoded = batch.sources.count }
        guard batch.firstUndecoded == nil else { return try scanner.string(in: bytes) }
        let start = scanner.offset + 1
        if let (end, count) = base64.decode(bytes, from: start, into: &decoded),
            bytes.byte(at: end) == UInt8(ascii: "\"")
        {
            scanner.offset = end + 1
            addData(count: count, at: position, to: &batch)
            return JSONString(range: start..<end, isEscaped: false)
        }
        // Not plain base64: a string with escapes, a bad record, or another value.
        let string = try scanner.string(in: bytes)
        if let count = decodeEscaped(string, in: bytes) {
            addData(count: count, at: position, to: &batch)
        } else {
            let error = PayloadError(.base64, "data is not base64 of the standard alphabet with padding")
            batch.badRecords.append(RejectedRecord(error: error, position: position))
        }
        return string
    }

    /// Returns whether the rest of the batch must be left to the next invocation, because memory or time is used up.
    ///
    /// The first record is always decoded, so that each invocation makes progress. Only data that expands can take long.
    private func isExhausted(_ batch: RecordBatch) -> Bool {
        guard !batch.sources.isEmpty else { return false }
        let outcomes = batch.badRecords.count * 512 + batch.records.count * MemoryLayout<EntityRecord>.stride
        return payloads.storage.size + outcomes >= textLimit || hasExpanded && ContinuousClock.now >= deadline.instant
    }

    /// Decodes a string after resolving its escapes, because `/` may be written as `\/`.
    ///
    /// - Returns: The number of decoded bytes; nil if the string is not base64.
    private mutating func decodeEscaped(_ string: JSONString, in bytes: Span<UInt8>) -> Int? {
        guard string.isEscaped else { return nil }
        var text: [UInt8] = []
        JSONEscape.append(string, of: bytes, to: &text)
        guard let (end, count) = base64.decode(text.span, from: 0, into: &decoded), end == text.count else {
            return nil
        }
        return count
    }

    /// Adds the user records in the decoded data.
    ///
    /// - Parameter count: The number of decoded bytes that belong to this record.
    private mutating func addData(count: Int, at position: RecordPosition, to batch: inout RecordBatch) {
        // Moved out during the call, because the readers of the buffer modify the other members of this value.
        var data: [UInt8] = []
        swap(&data, &decoded)
        defer { swap(&data, &decoded) }
        batch.dataBytes += count
        let bytes = data.span.extracting(0..<count)
        guard Aggregation.isAggregate(bytes) else {
            return add(data.span.extracting(0..<count + Base64.zeros), count: count, at: position, to: &batch)
        }
        do throws(PayloadError) {
            let aggregation = try Aggregation(bytes)
            hasExpanded = true
            // Each key is stored once: thousands of records may have the same key, and it may be long.
            var partitionKeys: [Int: Text] = [:]
            for (index, record) in aggregation.records.enumerated() {
                let partitionKey = partitionKeys[record.partitionKey.lowerBound] ?? keep(data[record.partitionKey])
                partitionKeys[record.partitionKey.lowerBound] = partitionKey
                let position = RecordPosition(
                    source: position.source, subSequenceNumber: Int32(clamping: index), partitionKey: partitionKey)
                add(bytes.extracting(record.data), count: record.data.count, at: position, to: &batch)
            }
        } catch {
            batch.badRecords.append(RejectedRecord(error: error, position: position))
        }
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) -> Text {
        Text(payloads.storage.append(Array(bytes)))
    }

    /// Adds one user record of `count` bytes, which zeros may follow.
    private mutating func add(
        _ bytes: Span<UInt8>, count: Int, at position: RecordPosition, to batch: inout RecordBatch
    ) {
        do throws(PayloadError) {
            let recordCount = batch.records.count
            try decode(bytes, count: count, at: position, into: &batch.records)
            if batch.records.count == recordCount { batch.testRecords += 1 }
        } catch {
            batch.badRecords.append(RejectedRecord(error: error, position: position))
        }
    }

    /// Appends the content of one user record to `records`; nothing if it is a test record.
    ///
    /// - Parameters:
    ///   - bytes: The bytes of the record, which zeros may follow.
    ///   - count: The number of bytes that belong to the record; nil for all.
    mutating func decode(
        _ bytes: Span<UInt8>, count: Int? = nil, at position: RecordPosition, into records: inout [EntityRecord]
    ) throws(PayloadError) {
        let count = count ?? bytes.count
        if Gzip.isGzip(bytes) {
            // An aggregate cannot be split between invocations: Lambda retries from a Kinesis record on, not from a user record.
            guard
                position.subSequenceNumber == nil
                    || payloads.storage.size < max(2 * textLimit, Self.leastAggregateLimit)
            else {
                throw PayloadError(.gzip, "data is gzip, and its aggregate contains more than fits in memory")
            }
            var output: [UInt8] = []
            swap(&output, &inflated)
            defer { swap(&output, &inflated) }
            hasExpanded = true
            try Gzip.inflate(bytes.extracting(0..<count), into: &output)
            return try payloads.decode(output.span, at: position, into: &records)
        }
        if position.subSequenceNumber != nil, Aggregation.isAggregate(bytes.extracting(0..<count)) {
            throw .nestedAggregate
        }
        try payloads.decode(bytes, count: count, at: position, into: &records)
    }
}

/// The time when decoding must end.
///
/// A class, because the size of an instant is known only at run time, which would make access to adjacent members slower.
private final class EndOfDecoding: Sendable {
    let instant: ContinuousClock.Instant

    init(_ instant: ContinuousClock.Instant) { self.instant = instant }
}

extension PayloadError {
    fileprivate static var nestedAggregate: PayloadError {
        PayloadError(.kpl, "data is an aggregate inside an aggregate")
    }
}

/// Removal of a record's content.
extension RecordBatch {
    struct Mark: Sendable, Equatable {
        var storage: TextStorage.Mark
        fileprivate var records: Int
        fileprivate var badRecords: Int
        fileprivate var testRecords: Int
        fileprivate var dataBytes: Int
    }

    func mark(_ storage: TextStorage.Mark) -> Mark {
        Mark(
            storage: storage, records: records.count, badRecords: badRecords.count, testRecords: testRecords,
            dataBytes: dataBytes)
    }

    /// Sets the sub-sequence number, which the event gives, of everything that one Kinesis record added since `mark`.
    ///
    /// The record comes from an aggregate, and so cannot be an aggregate itself.
    mutating func setSubSequenceNumber(_ number: Int32, since mark: Mark) {
        let position = RecordPosition(source: Int32(sources.count), subSequenceNumber: number)
        var isAggregate = false
        for index in mark.records..<records.count {
            isAggregate = isAggregate || records[index].position.subSequenceNumber != nil
            records[index].position = position
        }
        for index in mark.badRecords..<badRecords.count {
            isAggregate = isAggregate || badRecords[index].position.subSequenceNumber != nil
            badRecords[index].position = position
        }
        guard isAggregate else { return }
        roll(back: mark)
        badRecords.append(RejectedRecord(error: .nestedAggregate, position: position))
    }

    mutating func roll(back mark: Mark) {
        records.removeLast(records.count - mark.records)
        badRecords.removeLast(badRecords.count - mark.badRecords)
        (testRecords, dataBytes) = (mark.testRecords, mark.dataBytes)
    }
}
