import JSON

/// Turns one Kinesis record's data into user records: base64, then gzip, aggregate or JSON by its first bytes.
struct DataDecoder: Sendable {
    var payloads: PayloadDecoder
    private let base64 = Base64.standard
    /// The data of the record at hand, decoded, and whatever an earlier one left behind it; one buffer for all.
    private var decoded: [UInt8] = []
    private var inflated: [UInt8] = []
    /// Whether this batch has had data that expands, compressed or aggregated, and when decoding must end.
    private var hasExpanded = false
    private var deadline = EndOfDecoding(.now)
    private let textLimit: Int

    /// A ``Text`` has 32 bits for its offset; the largest aggregate goes to twice the limit.
    private static let highestLimit = 1 << 30
    /// The text that an aggregate's compressed records may inflate to, however little memory the function has.
    private static let leastAggregateLimit = 32 * 1024 * 1024

    /// - Parameter textLimit: How many bytes of text to retain from one batch before the rest is left undecoded.
    init(_ catalog: EntityCatalog = .builtIn, textLimit: Int = EventDecoder.defaultTextLimit) {
        payloads = PayloadDecoder(catalog)
        self.textLimit = min(textLimit, Self.highestLimit)
    }

    /// Begins a batch.
    mutating func begin(deadline: ContinuousClock.Instant) {
        (hasExpanded, self.deadline) = (false, EndOfDecoding(deadline))
        payloads.storage.removeAll()
    }

    /// Passes the string at the scanner's offset, and adds to `batch` what it holds.
    ///
    /// - Returns: Where the string stands.
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
        // Not plain base64: a string with escapes, a bad record, or no string at all.
        let string = try scanner.string(in: bytes)
        if let count = decodeEscaped(string, in: bytes) {
            addData(count: count, at: position, to: &batch)
        } else {
            let error = PayloadError(.base64, "data is not base64 of the standard alphabet with padding")
            batch.badRecords.append(BadRecord(error: error, position: position))
        }
        return string
    }

    /// Whether the rest of the batch must be left to the next invocation, for lack of memory or time.
    ///
    /// The first record is always decoded, so that there is progress. Only data that expands can take long.
    private func isExhausted(_ batch: RecordBatch) -> Bool {
        guard !batch.sources.isEmpty else { return false }
        let outcomes = batch.badRecords.count * 512 + batch.records.count * MemoryLayout<EntityRecord>.stride
        return payloads.storage.size + outcomes >= textLimit || hasExpanded && ContinuousClock.now >= deadline.instant
    }

    /// Decodes the string once its escapes are resolved, for `\/` may stand for `/`.
    ///
    /// - Returns: How many bytes it stands for; nil when it is not base64.
    private mutating func decodeEscaped(_ string: JSONString, in bytes: Span<UInt8>) -> Int? {
        guard string.isEscaped else { return nil }
        var text: [UInt8] = []
        JSONEscape.append(string, of: bytes, to: &text)
        guard let (end, count) = base64.decode(text.span, from: 0, into: &decoded), end == text.count else {
            return nil
        }
        return count
    }

    /// - Parameter count: How many of the decoded bytes are this record's.
    private mutating func addData(count: Int, at position: RecordPosition, to batch: inout RecordBatch) {
        // Taken out for the while, since what reads the buffer also writes to the rest of this value.
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
            // Each key is kept once: thousands of records may name the same one, and it may be long.
            var partitionKeys: [Int: Text] = [:]
            for (index, record) in aggregation.records.enumerated() {
                let partitionKey = partitionKeys[record.partitionKey.lowerBound] ?? keep(data[record.partitionKey])
                partitionKeys[record.partitionKey.lowerBound] = partitionKey
                let position = RecordPosition(
                    source: position.source, subSequenceNumber: Int32(clamping: index), partitionKey: partitionKey)
                add(bytes.extracting(record.data), count: record.data.count, at: position, to: &batch)
            }
        } catch {
            batch.badRecords.append(BadRecord(error: error, position: position))
        }
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) -> Text {
        Text(payloads.storage.append(Array(bytes)))
    }

    /// Adds one user record: so many bytes, and zeros behind them or none.
    private mutating func add(
        _ bytes: Span<UInt8>, count: Int, at position: RecordPosition, to batch: inout RecordBatch
    ) {
        do throws(PayloadError) {
            let recordCount = batch.records.count
            try decode(bytes, count: count, at: position, into: &batch.records)
            if batch.records.count == recordCount { batch.testRecords += 1 }
        } catch {
            batch.badRecords.append(BadRecord(error: error, position: position))
        }
    }

    /// Appends what one user record holds to `records`; nothing where it is a test.
    ///
    /// - Parameters:
    ///   - bytes: Those of the record, and zeros behind them or none.
    ///   - count: How many bytes are the record's; nil for all.
    mutating func decode(
        _ bytes: Span<UInt8>, count: Int? = nil, at position: RecordPosition, into records: inout [EntityRecord]
    ) throws(PayloadError) {
        let count = count ?? bytes.count
        if Gzip.isGzip(bytes) {
            // An aggregate cannot be cut: Lambda retries from a Kinesis record on, not from within one.
            guard
                position.subSequenceNumber == nil
                    || payloads.storage.size < max(2 * textLimit, Self.leastAggregateLimit)
            else {
                throw PayloadError(.gzip, "data is gzip, and its aggregate holds more than fits in memory")
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

/// When decoding must end.
///
/// A class: how large an instant is, is known only when the program runs, and everything beside it would be found more slowly.
private final class EndOfDecoding: Sendable {
    let instant: ContinuousClock.Instant

    init(_ instant: ContinuousClock.Instant) { self.instant = instant }
}

extension PayloadError {
    fileprivate static var nestedAggregate: PayloadError {
        PayloadError(.kpl, "data is an aggregate inside an aggregate")
    }
}

/// Going back to before a record.
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

    /// Gives what one Kinesis record added since `mark` the sub-sequence number that the event gives for it.
    ///
    /// The record is then one of an aggregate, and so cannot be an aggregate itself.
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
        badRecords.append(BadRecord(error: .nestedAggregate, position: position))
    }

    mutating func roll(back mark: Mark) {
        records.removeLast(records.count - mark.records)
        badRecords.removeLast(badRecords.count - mark.badRecords)
        (testRecords, dataBytes) = (mark.testRecords, mark.dataBytes)
    }
}
