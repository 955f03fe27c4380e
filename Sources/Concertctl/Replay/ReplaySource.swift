import Basics
import Clients
import Foundation
import JSON

/// An event to deliver.
struct ReplayEvent {
    /// The file of the event, for messages.
    var name: String
    var bytes: [UInt8]
}

/// A reader of events from files, folders, and standard input, which combines payloads into events.
struct ReplaySource {
    /// The number of payloads per event.
    let batchSize: Int
    /// The position of each payload so far; its index is part of its sequence number, which increases from file to file.
    private(set) var origins: [PayloadOrigin] = []
    private(set) var unknownMembers = UnknownMembers()

    init(batchSize: Int) { self.batchSize = batchSize }

    /// Returns the events of all paths.
    ///
    /// - Throws: ``CommandError`` if a path cannot be read or a file has another format.
    mutating func events(at paths: [String]) throws -> [ReplayEvent] {
        var events: [ReplayEvent] = []
        for path in paths {
            if path == "-" {
                events += try self.events(in: try InputFile.contents(of: .standardInput, name: "-"), name: "-")
                continue
            }
            for file in try Self.files(at: path) {
                events += try self.events(in: try InputFile.contents(of: file), name: file)
            }
        }
        return events
    }

    /// Returns the file itself, or all event and payload files below a folder, sorted by name.
    static func files(at path: String) throws -> [String] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let attributes else { throw CommandError(description: "\(path) does not exist or is not readable") }
        guard attributes[.type] as? FileAttributeType == .typeDirectory else { return [path] }
        guard let names = FileManager.default.enumerator(atPath: path) else {
            throw CommandError(description: "cannot read the folder \(path)")
        }
        let found = names.compactMap { $0 as? String }.filter { name in
            func ends(_ suffix: String) -> Bool { name.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) }
            let isHidden = name.utf8.split(separator: UInt8(ascii: "/")).contains { $0.first == UInt8(ascii: ".") }
            return suffixes.contains { ends($0) || ends($0 + ".gz") } && !ends(".response.json") && !isHidden
        }
        return found.sorted().map { path.utf8.last == UInt8(ascii: "/") ? path + $0 : path + "/" + $0 }
    }

    private static let suffixes = [".json", ".ndjson", ".jsonl"]

    /// A JSON document, and the line on which it starts.
    private typealias Document = (text: ArraySlice<UInt8>, line: Int)

    private mutating func events(in file: [UInt8], name: String) throws -> [ReplayEvent] {
        let bytes = try InputFile.text(file, name: name)
        if name.utf8.suffix(11).elementsEqual(".event.json".utf8) { return [ReplayEvent(name: name, bytes: bytes)] }
        if JSONScanner.isOneValue(bytes) {
            if !Self.isEvent(bytes), let form = FileForm(ofObject: bytes) {
                throw CommandError(description: form.refusal(of: name))
            }
            return try events(of: [(bytes[...], 1)], name: name)
        }
        let lines = bytes.filledLines
        // An invalid .json file is one bad payload, unless it looks like one payload per line.
        let isOnePayload =
            name.utf8.suffix(5).elementsEqual(".json".utf8)
            && !(lines.first.map { JSONScanner.isOneValue(Array($0)) } ?? true)
        if let objects = InputFile.objects(in: bytes) {
            let numbers = bytes.lineNumbers(at: objects.map(\.lowerBound))
            return try events(of: zip(objects, numbers).map { (bytes[$0], $1) }, name: name)
        }
        if isOnePayload { return batches([(bytes[...], 1)], name: name) }
        let numbers = bytes.lineNumbers(at: lines.map(\.startIndex))
        let documents = zip(lines, numbers).flatMap { line, number in Self.objects(inLine: line).map { ($0, number) } }
        return try events(of: documents, name: name)
    }

    /// Returns the line, or its concatenated JSON objects.
    private static func objects(inLine line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        let bytes = Array(line)
        return InputFile.objects(in: bytes).map { $0.map { bytes[$0] } } ?? [line]
    }

    /// Returns events unchanged, and combines records and payloads into events, in order.
    private mutating func events(of documents: [Document], name: String) throws -> [ReplayEvent] {
        var events: [ReplayEvent] = []
        var payloads: [Document] = []
        var records: [RestoredRecord] = []
        func isRecord(_ document: ArraySlice<UInt8>) -> Bool {
            // Most documents are payloads, which need not be parsed here.
            document.prefix(4096).range(of: Self.sequenceMember) != nil
                || document.suffix(4096).range(of: Self.sequenceMember) != nil
        }
        for (document, line) in documents {
            // A line may also be an event, as in logs.
            if Self.isEvent(Array(document)) {
                events += batches(payloads, name: name) + recordEvents(records, name: name)
                (payloads, records) = ([], [])
                let bytes = Array(document)
                if let found = try KinesisRecords.records(ofOutput: bytes, name: name) {
                    events += recordEvents(found, name: name)
                } else {
                    events.append(ReplayEvent(name: name, bytes: bytes))
                }
            } else if isRecord(document), let record = try KinesisRecords.record(Array(document), name: name) {
                events += batches(payloads, name: name)
                payloads = []
                records.append(record)
            } else {
                events += recordEvents(records, name: name)
                records = []
                payloads.append((document, line))
            }
        }
        return events + batches(payloads, name: name) + recordEvents(records, name: name)
    }

    private static let sequenceMember = Array("\"SequenceNumber\"".utf8)

    private func recordEvents(_ records: [RestoredRecord], name: String) -> [ReplayEvent] {
        KinesisRecords.parts(of: records, batchSize: batchSize).map {
            ReplayEvent(name: name, bytes: LambdaEvent.bytes(of: Array($0)))
        }
    }

    /// Returns events of up to ``batchSize`` payloads, within Lambda's size limit.
    private mutating func batches(_ payloads: [Document], name: String) -> [ReplayEvent] {
        var events: [ReplayEvent] = []
        var start = payloads.startIndex
        while start < payloads.endIndex {
            var end = start
            var bytes = 0
            while end < payloads.endIndex, end - start < batchSize {
                bytes += EventLimit.size(ofData: payloads[end].text.count)
                if end > start, bytes > EventLimit.batch { break }
                end += 1
            }
            let batch = payloads[start..<end]
            events.append(
                ReplayEvent(
                    name: name, bytes: LambdaEvent.bytes(of: batch.map(\.text), firstIndex: origins.count)))
            for payload in batch {
                let origin = PayloadOrigin(name: name, line: payload.line)
                unknownMembers.add(Array(payload.text), origin: origin.text)
                origins.append(origin)
            }
            start = end
        }
        return events
    }

    /// Returns whether `bytes` is a JSON object with a list `Records`.
    static func isEvent(_ bytes: [UInt8]) -> Bool {
        var scanner = JSONScanner()
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes.span)
            guard try scanner.kind(in: bytes.span) == .object else { return false }
            var isFound = false
            var key = try scanner.openObject(in: bytes.span)
            while let name = key {
                let kind = try scanner.kind(in: bytes.span)
                if bytes.span.string(name.range) == "Records" { isFound = kind == .array }
                try scanner.skipValue(in: bytes.span)
                key = try scanner.nextKey(in: bytes.span)
            }
            try scanner.finish(in: bytes.span)
            return isFound
        } catch {
            return false
        }
    }
}

/// A builder of Lambda events from payloads or records, like the poller.
enum LambdaEvent {
    private static let streamARN = "arn:aws:kinesis:us-east-1:000000000000:stream/replay"
    private static let shardID = "shardId-000000000000"
    /// The start of all sequence numbers of payloads; with the payload's index, they have 56 digits like those of Kinesis.
    private static let sequenceNumberPrefix = "49590338271490256608559692538361571095921575"

    /// Returns an event with payloads.
    ///
    /// - Parameter firstIndex: The number of records before, so that sequence numbers increase.
    static func bytes(of payloads: [ArraySlice<UInt8>], firstIndex: Int) -> [UInt8] {
        var writer = JSONWriter()
        let arrival = Date().timeIntervalSince1970
        writer.openObject()
        writer.key("Records")
        writer.openArray()
        for (index, payload) in payloads.enumerated() {
            write(Array(payload), index: firstIndex + index, arrival: arrival, to: &writer)
        }
        writer.closeArray()
        writer.closeObject()
        return writer.bytes
    }

    /// Returns an event with records of a stream.
    static func bytes(of records: [RestoredRecord]) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("Records")
        writer.openArray()
        for record in records { write(record, to: &writer) }
        writer.closeArray()
        writer.closeObject()
        return writer.bytes
    }

    /// Returns the index of the payload in a record with this sequence number; nil for other sequence numbers.
    static func payloadIndex(ofSequenceNumber digits: String) -> Int? {
        digits.utf8.starts(with: sequenceNumberPrefix.utf8)
            ? Int(String(decoding: digits.utf8.dropFirst(sequenceNumberPrefix.utf8.count), as: UTF8.self)) : nil
    }

    private static func write(_ data: [UInt8], index: Int, arrival: Double, to writer: inout JSONWriter) {
        let sequenceNumber = sequenceNumberPrefix + String(format: "%012d", index)
        write(
            RestoredRecord(
                stream: streamARN, shard: shardID, sequenceNumber: sequenceNumber,
                partitionKey: "replay-\(index)", data: data, arrival: arrival), to: &writer)
    }

    private static func write(_ record: RestoredRecord, to writer: inout JSONWriter) {
        func write(_ key: String, _ value: String) {
            writer.key(key)
            writer.string(value)
        }
        writer.openObject()
        writer.key("kinesis")
        writer.openObject()
        write("kinesisSchemaVersion", "1.0")
        write("partitionKey", record.partitionKey)
        write("sequenceNumber", record.sequenceNumber)
        write("data", Data(record.data).base64EncodedString())
        writer.key("approximateArrivalTimestamp")
        let arrival = record.arrival.flatMap { (0..<1e11).contains($0) ? $0 : nil }
        writer.number(arrival ?? Date().timeIntervalSince1970)
        writer.closeObject()
        write("eventSource", "aws:kinesis")
        write("eventVersion", "1.0")
        write("eventID", "\(record.shard ?? shardID):\(record.sequenceNumber)")
        write("eventName", "aws:kinesis:record")
        write("invokeIdentityArn", "arn:aws:iam::000000000000:role/replay")
        write("awsRegion", KinesisStreamARN(record.stream ?? streamARN)?.arn.region ?? "us-east-1")
        write("eventSourceARN", record.stream ?? streamARN)
        writer.closeObject()
    }
}
