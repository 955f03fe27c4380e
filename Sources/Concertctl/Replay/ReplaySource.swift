import Foundation
import JSON

/// One event to be delivered.
struct ReplayEvent {
    /// The file that it came from, for messages.
    var name: String
    var bytes: [UInt8]
}

/// Finds events in files, folders and standard input, and puts payloads together to events.
struct ReplaySource {
    /// Payloads an event.
    let batchSize: Int
    /// Payloads so far, so that sequence numbers go on from file to file.
    private var payloadCount = 0

    init(batchSize: Int) { self.batchSize = batchSize }

    /// - Throws: ``CommandError`` for a path that cannot be read.
    mutating func events(at paths: [String]) throws -> [ReplayEvent] {
        var events: [ReplayEvent] = []
        for path in paths {
            if path == "-" {
                events += self.events(in: [UInt8](try FileHandle.standardInput.readToEnd() ?? Data()), name: "-")
                continue
            }
            for file in try Self.files(at: path) {
                events += self.events(in: try Self.contents(of: file), name: file)
            }
        }
        return events
    }

    /// The file itself, or all event and payload files below a folder, by name.
    static func files(at path: String) throws -> [String] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let attributes else { throw CommandError(description: "\(path) does not exist, or may not be read") }
        guard attributes[.type] as? FileAttributeType == .typeDirectory else { return [path] }
        guard let names = FileManager.default.enumerator(atPath: path) else {
            throw CommandError(description: "the folder \(path) cannot be read")
        }
        let found = names.compactMap { $0 as? String }.filter { name in
            [".json", ".ndjson", ".jsonl"].contains { name.hasSuffix($0) } && !name.hasSuffix(".response.json")
                && !name.split(separator: "/").contains { $0.hasPrefix(".") }
        }
        return found.sorted().map { path.hasSuffix("/") ? path + $0 : path + "/" + $0 }
    }

    static func contents(of path: String) throws -> [UInt8] {
        do { return [UInt8](try Data(contentsOf: URL(filePath: path))) } catch {
            throw CommandError(description: "\(path) cannot be read: \((error as NSError).localizedDescription)")
        }
    }

    private mutating func events(in bytes: [UInt8], name: String) -> [ReplayEvent] {
        if name.hasSuffix(".event.json") || Self.isEvent(bytes) { return [ReplayEvent(name: name, bytes: bytes)] }
        let lines = bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
            .filter { !$0.allSatisfy { $0 == 0x20 || $0 == 0x09 } }
        // A broken .json file is one bad payload, unless it looks like one payload a line.
        let isOnePayload = name.hasSuffix(".json") && !(lines.first.map { JSONScanner.isOneValue(Array($0)) } ?? true)
        if isOnePayload || JSONScanner.isOneValue(bytes) { return batches([bytes[...]], name: name) }
        var events: [ReplayEvent] = []
        var payloads: [ArraySlice<UInt8>] = []
        for line in lines {
            // A line may be a whole event as well, as they stand in logs.
            guard Self.isEvent(Array(line)) else {
                payloads.append(line)
                continue
            }
            events += batches(payloads, name: name) + [ReplayEvent(name: name, bytes: Array(line))]
            payloads = []
        }
        return events + batches(payloads, name: name)
    }

    private mutating func batches(_ payloads: [ArraySlice<UInt8>], name: String) -> [ReplayEvent] {
        stride(from: 0, to: payloads.count, by: batchSize).map { start in
            let part = payloads[start..<min(start + batchSize, payloads.count)]
            defer { payloadCount += part.count }
            return ReplayEvent(name: name, bytes: LambdaEvent.bytes(of: part, firstIndex: payloadCount))
        }
    }

    /// Whether `bytes` are one JSON object with a member `Records` that is a list.
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

/// A Lambda event made of payloads, as the poller would make it of their records.
enum LambdaEvent {
    private static let streamARN = "arn:aws:kinesis:us-east-1:000000000000:stream/replay"
    private static let shardID = "shardId-000000000000"
    /// Sequence numbers have 56 digits; these start here.
    private static let firstSequenceNumber = "49590338271490256608559692538361571095921575989136580000"

    /// - Parameter firstIndex: How many records came before, so that sequence numbers go on.
    static func bytes(of payloads: ArraySlice<ArraySlice<UInt8>>, firstIndex: Int) -> [UInt8] {
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

    /// An event of records that were on a stream once.
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

    private static func write(_ data: [UInt8], index: Int, arrival: Double, to writer: inout JSONWriter) {
        let sequenceNumber = firstSequenceNumber.dropLast(12) + String(format: "%012d", index)
        write(
            RestoredRecord(
                stream: streamARN, shard: shardID, sequenceNumber: String(sequenceNumber),
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
        writer.number(record.arrival ?? Date().timeIntervalSince1970)
        writer.closeObject()
        write("eventSource", "aws:kinesis")
        write("eventVersion", "1.0")
        write("eventID", "\(record.shard ?? shardID):\(record.sequenceNumber)")
        write("eventName", "aws:kinesis:record")
        write("invokeIdentityArn", "arn:aws:iam::000000000000:role/replay")
        let parts = (record.stream ?? streamARN).split(separator: ":", omittingEmptySubsequences: false)
        write("awsRegion", parts.count > 3 ? String(parts[3]) : "us-east-1")
        write("eventSourceARN", record.stream ?? streamARN)
        writer.closeObject()
    }
}
