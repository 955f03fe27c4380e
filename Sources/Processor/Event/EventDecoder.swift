import Basics
import JSON

/// A decoder of an invocation's event into a batch of typed records, in one pass.
///
/// The decoder validates what the function relies on (JSON, UTF-8, `data`, `sequenceNumber`), and ignores everything else.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>
struct EventDecoder: Sendable {
    /// The most bytes of text to retain from one batch if the function's memory is unknown.
    static let defaultTextLimit = 96 * 1024 * 1024

    private var data: DataDecoder
    /// The last record that was read member by member, and its range; nil before the first one.
    private var model: (record: PartialRecord, range: Range<Int>)?
    /// The form of ``model``; nil until the next record is read.
    private var form: RecordForm?
    private let eventKeys = KeyTable([
        ("Records", EventKey.records.rawValue), ("window", EventKey.window.rawValue),
        ("state", EventKey.state.rawValue), ("isFinalInvokeForWindow", EventKey.isFinal.rawValue),
        ("redelivery", EventKey.redelivery.rawValue),
    ])
    private let recordKeys = KeyTable([
        ("kinesis", RecordKey.kinesis.rawValue), ("eventSource", RecordKey.eventSource.rawValue),
        ("eventID", RecordKey.eventID.rawValue), ("eventSourceARN", RecordKey.eventSourceARN.rawValue),
    ])
    private let kinesisKeys = KeyTable([
        ("data", KinesisKey.data.rawValue), ("sequenceNumber", KinesisKey.sequenceNumber.rawValue),
        ("partitionKey", KinesisKey.partitionKey.rawValue),
        ("approximateArrivalTimestamp", KinesisKey.arrival.rawValue),
        ("subSequenceNumber", KinesisKey.subSequenceNumber.rawValue),
    ])

    private let eventSources = KeyTable([("aws:kinesis", 0)])

    private enum EventKey: UInt16 { case records, window, state, isFinal, redelivery }
    private enum RecordKey: UInt16 { case kinesis, eventSource, eventID, eventSourceARN }
    private enum KinesisKey: UInt16 { case data, sequenceNumber, partitionKey, arrival, subSequenceNumber }

    /// - Parameter textLimit: The number of bytes of values to retain from one batch.
    ///
    ///   Compressed records can contain a thousand times more than the event's size, so the rest of such a batch is left
    ///   to the next invocation. This limits memory without losing records.
    init(_ catalog: EntityCatalog = .builtIn, textLimit: Int = Self.defaultTextLimit) {
        data = DataDecoder(catalog, textLimit: textLimit)
    }

    /// Decodes an event.
    ///
    /// - Parameters:
    ///   - buffer: Contains the event in `range`; the batch shares it until ``RecordBatch/releaseEvent()``.
    ///   - batch: Its previous content is removed; its memory is reused.
    ///   - deadline: When to leave the rest to the next invocation.
    /// - Throws: ``EventError`` if this is not a Kinesis event.
    mutating func decode(
        _ buffer: [UInt8], _ range: Range<Int>, into batch: inout RecordBatch, deadline: ContinuousClock.Instant
    ) throws(EventError) {
        batch.removeAll()
        guard range.count <= Int32.max else {
            throw .notKinesis(found: "\(range.count) bytes, more than any Lambda event")
        }
        swap(&data.payloads.storage, &batch.storage)
        defer { swap(&data.payloads.storage, &batch.storage) }
        data.begin(deadline: deadline)
        var hasRecords = false
        do {
            try scan(buffer.span.extracting(range), into: &batch, hasRecords: &hasRecords)
        } catch let error as EventError {
            throw error
        } catch let error as JSONError {
            throw .notJSON(error)
        } catch {
            throw .notKinesis(found: "\(error)")
        }
        guard hasRecords else { throw .notKinesis(found: "it has no list \"Records\"") }
        batch.retainEvent(buffer, range)
    }

    private mutating func scan(_ bytes: Span<UInt8>, into batch: inout RecordBatch, hasRecords: inout Bool) throws {
        var scanner = JSONScanner()
        var window: Range<Int>?
        var state: Range<Int>?
        var isFinal = false
        var isRedelivery = false
        scanner.skipByteOrderMark(in: bytes)
        guard try scanner.kind(in: bytes) == .object else {
            try scanner.skipValue(in: bytes)
            try scanner.finish(in: bytes)
            throw EventError.notKinesis(found: "it is not a JSON object")
        }
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            let kind = try scanner.kind(in: bytes)
            let start = scanner.offset
            switch eventKeys.id(of: name, in: bytes).flatMap({ EventKey(rawValue: $0) }) {
            case .records:
                hasRecords = kind == .array
                data.payloads.storage.removeAll()
                batch.removeAll()
                if hasRecords {
                    try records(&scanner, in: bytes, into: &batch)
                } else {
                    try scanner.skipValue(in: bytes)
                }
            case .window:
                try scanner.skipValue(in: bytes)
                window = kind == .object ? start..<scanner.offset : nil
            case .isFinal:
                try scanner.skipValue(in: bytes)
                isFinal = kind == .true
            case .redelivery:
                try scanner.skipValue(in: bytes)
                isRedelivery = kind == .true
            case .state:
                try scanner.skipValue(in: bytes)
                state = kind == .object ? start..<scanner.offset : nil
            case nil: try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
        try scanner.finish(in: bytes)
        batch.isRedelivery = isRedelivery
        if let window { batch.window = TumblingWindow(state: state, window: window, isFinal: isFinal) }
    }

    private mutating func records(
        _ scanner: inout JSONScanner, in bytes: Span<UInt8>, into batch: inout RecordBatch
    ) throws {
        (model, form) = (nil, nil)
        var goesOn = try scanner.openArray(in: bytes)
        while goesOn {
            let index = batch.sources.count
            guard try scanner.kind(in: bytes) == .object else {
                throw EventError.invalidRecord(index: index, problem: "it is not an object")
            }
            if let record = likeRecord(&scanner, in: bytes, into: &batch) {
                batch.sources.append(try complete(record, at: index, in: bytes))
            } else {
                let start = scanner.offset
                let before = batch.mark(data.payloads.storage.mark)
                let record = try record(&scanner, in: bytes, into: &batch)
                if let number = record.subSequenceNumber {
                    batch.setSubSequenceNumber(number, since: before)
                }
                batch.sources.append(try complete(record, at: index, in: bytes))
                // A form has no value for the sub-sequence number.
                model = record.subSequenceNumber == nil ? (record, start..<scanner.offset) : nil
                form = nil
            }
            goesOn = try scanner.nextElement(in: bytes)
        }
    }

    /// Reads a record that has the form of the last one; returns nil, without any effect, if it has another form.
    private mutating func likeRecord(
        _ scanner: inout JSONScanner, in bytes: Span<UInt8>, into batch: inout RecordBatch
    ) -> PartialRecord? {
        guard let model else { return nil }
        let form = form ?? model.record.form(at: model.range)
        self.form = form
        var record = PartialRecord(hasKinesis: true, streamARN: model.record.streamARN)
        let before = batch.mark(data.payloads.storage.mark)
        var trial = scanner
        // Errors are reported when the record is read member by member.
        if (try? fill(&record, by: form, &trial, in: bytes, into: &batch)) == true {
            scanner = trial
            return record
        }
        if batch.mark(data.payloads.storage.mark) != before {
            data.payloads.storage.roll(back: before.storage)
            batch.roll(back: before)
        }
        return nil
    }

    /// Reads the values of a record by `form`.
    ///
    /// - Returns: False if the record differs from the form.
    private mutating func fill(
        _ record: inout PartialRecord, by form: RecordForm, _ scanner: inout JSONScanner, in bytes: Span<UInt8>,
        into batch: inout RecordBatch
    ) throws(JSONError) -> Bool {
        for step in form.steps {
            guard bytes.matches(step.text, at: scanner.offset) else { return false }
            scanner.offset += step.text.count
            switch step.value {
            case .data:
                guard bytes.byte(at: scanner.offset) == UInt8(ascii: "\"") else { return false }
                record.data = EventText(try data.decode(&scanner, in: bytes, into: &batch))
            case .sequenceNumber: record.sequenceNumber = EventText(try scanner.string(in: bytes))
            case .partitionKey: record.partitionKey = EventText(try scanner.string(in: bytes))
            case .eventID: record.eventID = EventText(try scanner.string(in: bytes))
            case .arrival: record.arrivalMilliseconds = milliseconds(try scanner.number(in: bytes), in: bytes)
            }
        }
        guard bytes.matches(form.end, at: scanner.offset) else { return false }
        scanner.offset += form.end.count
        return true
    }

    private mutating func record(
        _ scanner: inout JSONScanner, in bytes: Span<UInt8>, into batch: inout RecordBatch
    ) throws -> PartialRecord {
        var record = PartialRecord()
        let before = batch.mark(data.payloads.storage.mark)
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            switch recordKeys.id(of: name, in: bytes) {
            case RecordKey.kinesis.rawValue?:
                record.removeKinesis()
                record.hasKinesis = try scanner.kind(in: bytes) == .object
                if record.hasKinesis {
                    try kinesis(&scanner, in: bytes, into: &record, &batch, before: before)
                } else {
                    try scanner.skipValue(in: bytes)
                }
            case RecordKey.eventSource.rawValue?:
                try eventSource(&scanner, in: bytes, index: batch.sources.count)
            case RecordKey.eventID.rawValue?: record.eventID = try text(&scanner, in: bytes)
            case RecordKey.eventSourceARN.rawValue?: record.streamARN = try text(&scanner, in: bytes)
            default: try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
        return record
    }

    /// Reads the object `kinesis`.
    ///
    /// - Parameter before: The state to return to if `data` is repeated, because the last value of repeated members counts.
    private mutating func kinesis(
        _ scanner: inout JSONScanner, in bytes: Span<UInt8>, into record: inout PartialRecord,
        _ batch: inout RecordBatch,
        before: RecordBatch.Mark
    ) throws {
        var key = try scanner.openObject(in: bytes)
        while let name = key {
            switch kinesisKeys.id(of: name, in: bytes) {
            case KinesisKey.data.rawValue?:
                if batch.mark(data.payloads.storage.mark) != before {
                    data.payloads.storage.roll(back: before.storage)
                    batch.roll(back: before)
                }
                if try scanner.kind(in: bytes) == .string {
                    record.data = EventText(try data.decode(&scanner, in: bytes, into: &batch))
                } else {
                    record.data = nil
                    try scanner.skipValue(in: bytes)
                }
            case KinesisKey.sequenceNumber.rawValue?: record.sequenceNumber = try text(&scanner, in: bytes)
            case KinesisKey.partitionKey.rawValue?: record.partitionKey = try text(&scanner, in: bytes)
            case KinesisKey.arrival.rawValue?:
                record.arrival = nil
                if try scanner.kind(in: bytes) == .number {
                    let range = try scanner.number(in: bytes)
                    (record.arrival, record.arrivalMilliseconds) = (range, milliseconds(range, in: bytes))
                } else {
                    record.arrivalMilliseconds = nil
                    try scanner.skipValue(in: bytes)
                }
            case KinesisKey.subSequenceNumber.rawValue?:
                record.subSequenceNumber = try subSequenceNumber(&scanner, in: bytes, index: batch.sources.count)
            default: try scanner.skipValue(in: bytes)
            }
            key = try scanner.nextKey(in: bytes)
        }
    }

    /// Reads the index of a redelivered record in its aggregate; returns nil for `null`.
    private func subSequenceNumber(_ scanner: inout JSONScanner, in bytes: Span<UInt8>, index: Int) throws -> Int32? {
        let kind = try scanner.kind(in: bytes)
        if kind == .number {
            let value = DecimalValue(try scanner.number(in: bytes), of: bytes)
            if let number = value.integer, number >= 0, number <= Int64(Int32.max) {
                return Int32(truncatingIfNeeded: number)
            }
        } else if kind == .null {
            try scanner.skipValue(in: bytes)
            return nil
        }
        throw EventError.invalidRecord(
            index: index, problem: "kinesis.subSequenceNumber is not a whole number of 32 bits")
    }

    /// Reads a string; returns nil for any other value.
    private func text(_ scanner: inout JSONScanner, in bytes: Span<UInt8>) throws(JSONError) -> EventText? {
        guard try scanner.kind(in: bytes) == .string else {
            try scanner.skipValue(in: bytes)
            return nil
        }
        return EventText(try scanner.string(in: bytes))
    }

    /// Converts seconds to milliseconds; returns nil unless the time is in the years 1970 to 9999.
    private func milliseconds(_ number: Range<Int>, in bytes: Span<UInt8>) -> Int64? {
        let value = DecimalValue(number, of: bytes).thousandths
        return value.flatMap { $0 < (Timestamp.seconds.upperBound + 1) * 1000 ? $0 : nil }
    }

    private func eventSource(_ scanner: inout JSONScanner, in bytes: Span<UInt8>, index: Int) throws {
        let kind = try scanner.kind(in: bytes)
        let start = scanner.offset
        let string = kind == .string ? try scanner.string(in: bytes) : nil
        if string == nil { try scanner.skipValue(in: bytes) }
        guard kind != .null else { return }
        guard let string, eventSources.id(of: string, in: bytes) != nil else {
            let found = MessageText.shown(start..<scanner.offset, of: bytes)
            throw EventError.notKinesis(found: "record \(index) has the event source \(found)")
        }
    }

    private func complete(_ record: PartialRecord, at index: Int, in bytes: Span<UInt8>) throws(EventError)
        -> KinesisRecord
    {
        guard record.hasKinesis else { throw .notKinesis(found: "record \(index) has no object \"kinesis\"") }
        guard let sequenceNumber = record.sequenceNumber else {
            throw .invalidRecord(index: index, problem: "kinesis.sequenceNumber is missing or not text")
        }
        guard isSequenceNumber(sequenceNumber.string, in: bytes) else {
            throw .invalidRecord(index: index, problem: "kinesis.sequenceNumber is not 1 to 128 digits")
        }
        guard let data = record.data else {
            throw .invalidRecord(index: index, problem: "kinesis.data is missing or not text")
        }
        return KinesisRecord(
            sequenceNumber: sequenceNumber, data: data, partitionKey: record.partitionKey, eventID: record.eventID,
            streamARN: record.streamARN, arrivalMilliseconds: record.arrivalMilliseconds)
    }

    private func isSequenceNumber(_ text: JSONString, in bytes: Span<UInt8>) -> Bool {
        guard !text.isEscaped else { return SequenceNumber(Self.resolved(text, in: bytes)) != nil }
        return (1...128).contains(text.range.count) && bytes.areDigits(text.range)
    }

    /// Returns a string's content with its escapes resolved.
    private static func resolved(_ string: JSONString, in bytes: Span<UInt8>) -> String {
        guard string.isEscaped else { return bytes.string(string.range) }
        var resolved: [UInt8] = []
        JSONEscape.append(string, of: bytes, to: &resolved)
        return String(decoding: resolved, as: UTF8.self)
    }
}
