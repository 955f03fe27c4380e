import Foundation
import JSON
import Processor

/// A reader of input files, which limits their size, decompresses them, and rejects other formats with advice.
enum InputFile {
    /// The largest file, in bytes, before and after decompression.
    static let limit = 1 << 30

    /// Returns the contents of a file.
    ///
    /// - Throws: ``CommandError`` if the file cannot be read or has more than ``limit`` bytes.
    static func contents(of path: String) throws -> [UInt8] {
        let file: FileHandle
        do { file = try FileHandle(forReadingFrom: URL(filePath: path)) } catch {
            throw CommandError(description: "\(path) cannot be read: \((error as NSError).localizedDescription)")
        }
        defer { try? file.close() }
        return try contents(of: file, name: path)
    }

    static func contents(of file: FileHandle, name: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
                bytes.append(contentsOf: part)
                guard bytes.count <= limit else { break }
            }
        } catch {
            throw CommandError(description: "\(name) cannot be read: \((error as NSError).localizedDescription)")
        }
        guard bytes.count <= limit else { throw CommandError(description: tooLarge(name)) }
        return bytes
    }

    /// Returns the contents of a file, inflated if they are gzip.
    ///
    /// - Throws: ``CommandError`` if the format does not contain JSON; the error contains the remedy.
    static func text(_ bytes: [UInt8], name: String) throws(CommandError) -> [UInt8] {
        guard bytes.starts(with: [0x1F, 0x8B]) else {
            if let form = FileForm(bytes, name: name) { throw CommandError(description: form.refusal(of: name)) }
            return bytes
        }
        guard let inflated = inflated(bytes) else {
            throw CommandError(
                description: "\(name) is damaged or incomplete gzip data, or inflates to more than \(limit >> 20) MiB; "
                    + "check it with gzip -t")
        }
        if let form = FileForm(inflated, name: name) { throw CommandError(description: form.refusal(of: name)) }
        return inflated
    }

    /// Returns inflated gzip data; nil if it is not gzip, is damaged, or is too large.
    static func inflated(_ bytes: [UInt8]) -> [UInt8]? { RecordReader.inflated(bytes, limit: limit) }

    /// Returns the ranges of concatenated JSON objects; nil unless `bytes` consists of two or more.
    static func objects(in bytes: [UInt8]) -> [Range<Int>]? {
        var scanner = JSONScanner()
        scanner.skipByteOrderMark(in: bytes.span)
        var found: [Range<Int>] = []
        do throws(JSONError) {
            var start = scanner.offset
            while true {
                while start < bytes.count, isWhiteSpace(bytes[start]) { start += 1 }
                guard start < bytes.count else { break }
                guard bytes[start] == UInt8(ascii: "{") else { return nil }
                try scanner.skipValue(in: bytes.span)
                found.append(start..<scanner.offset)
                start = scanner.offset
            }
        } catch {
            return nil
        }
        return found.count > 1 ? found : nil
    }

    static func isWhiteSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    private static func tooLarge(_ name: String) -> String {
        "\(name) has more than \(limit >> 20) MiB; split it, for example with split -l"
    }
}

/// A file format other than one JSON object per line.
enum FileForm {
    case compressed(String, remedy: String)
    case utf16
    case markup
    case csv
    case array
    /// An object with a list of entities in this member.
    case lists(String)
    /// An event of another service, or a document of another command.
    case foreign(ForeignEvent)

    /// Returns nil unless the format is certain; the bytes are then treated as events or payloads.
    init?(_ bytes: [UInt8], name: String) {
        if let magic = Self.magics.first(where: { bytes.starts(with: $0.magic) }) {
            self = .compressed(magic.name, remedy: magic.remedy)
        } else if Self.isUTF16(bytes) {
            self = .utf16
        } else if Self.hasSuffix(name, ".event.json") {
            return nil
        } else if Self.isArrayOfObjects(bytes) {
            self = .array
        } else if Self.isMarkup(bytes) {
            self = .markup
        } else if Self.hasSuffix(name, ".csv") || Self.hasSuffix(name, ".tsv") || Self.isCSV(bytes) {
            self = .csv
        } else {
            return nil
        }
    }

    /// Returns the error text: the format, the expected format, and how to convert it.
    func refusal(of name: String) -> String {
        let file = name == "-" ? "FILE" : name
        let expected = "expected an event or one JSON object per line"
        func convert(_ command: String) -> String { "; \(expected). Convert it: \(command)" }
        return switch self {
        case .compressed(let format, let remedy): "\(name) is \(format); \(remedy)"
        case .utf16: "\(name) is UTF-16" + convert("iconv -f UTF-16 -t UTF-8 \(file)")
        case .markup: "\(name) is XML or HTML; \(expected)"
        case .csv:
            "\(name) is CSV"
                + convert(
                    "python3 -c 'import csv, json, sys; [print(json.dumps(r)) for r in csv.DictReader(sys.stdin)]' < \(file)"
                )
        case .array: "\(name) is a JSON array" + convert("jq -c '.[]' \(file)")
        case .lists(let member):
            "\(name) is an object with a list \"\(member)\"" + convert("jq -c '.\(member)[]' \(file)")
        case .foreign(let event): "\(name) is \(event.name); \(event.remedy)"
        }
    }

    private static let magics: [(magic: [UInt8], name: String, remedy: String)] = [
        ([0x50, 0x4B, 0x03, 0x04], "a ZIP archive", "extract it with unzip"),
        ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard data", "decompress it with zstd -d"),
        ([0x42, 0x5A, 0x68], "bzip2 data", "decompress it with bunzip2"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz data", "decompress it with unxz"),
        (Array("PAR1".utf8), "Parquet", "convert it to one JSON object per line"),
        (Array("Obj\u{01}".utf8), "Avro", "convert it to one JSON object per line"),
        (Array("SQLite format 3".utf8), "an SQLite database", "export one JSON object per line"),
    ]

    /// Detects a byte order mark, or NUL bytes next to the first two characters.
    private static func isUTF16(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 4 else { return bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) }
        let isZero = bytes[..<4].map { $0 == 0 }
        return bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
            || isZero == [false, true, false, true] || isZero == [true, false, true, false]
    }

    private static func isMarkup(_ bytes: [UInt8]) -> Bool {
        let start = bytes.drop(while: InputFile.isWhiteSpace)
        return start.starts(with: Array("<?xml".utf8)) || start.starts(with: Array("<html".utf8))
            || start.starts(with: Array("<!DOCTYPE".utf8)) || start.starts(with: Array("<!doctype".utf8))
    }

    /// Returns the format of a JSON object that is neither an event nor a payload; nil for anything else.
    ///
    /// - Parameter bytes: One JSON value.
    init?(ofObject bytes: [UInt8]) {
        if bytes.count <= Self.treeLimit, let value = try? JSONValue(parsing: bytes), let event = ForeignEvent(value) {
            self = .foreign(event)
        } else if let member = Self.listOfEntities(in: bytes) {
            self = .lists(member)
        } else {
            return nil
        }
    }

    /// The largest JSON document that is parsed as a tree, in bytes: larger than any Lambda event.
    private static let treeLimit = 16 << 20

    private static func isArrayOfObjects(_ bytes: [UInt8]) -> Bool {
        let start = bytes.drop(while: InputFile.isWhiteSpace)
        return start.first == UInt8(ascii: "[")
            && start.dropFirst().first { !InputFile.isWhiteSpace($0) } == UInt8(ascii: "{")
            && JSONScanner.isOneValue(bytes)
    }

    /// Returns the member with a list of objects that is named after a kind of entity; nil if the object may be a payload.
    private static func listOfEntities(in bytes: [UInt8]) -> String? {
        let lists = ["artists", "concerts", "events", "venues", "ticket_sales"]
        var scanner = JSONScanner()
        var found: String?
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes.span)
            guard try scanner.kind(in: bytes.span) == .object else { return nil }
            var key = try scanner.openObject(in: bytes.span)
            while let name = key {
                let text = bytes.span.string(name.range)
                if text == "data_type" { return nil }
                let isList = try scanner.kind(in: bytes.span) == .array
                let start = scanner.offset
                try scanner.skipValue(in: bytes.span)
                let first = bytes[start..<scanner.offset].dropFirst().first { !InputFile.isWhiteSpace($0) }
                if isList, first == UInt8(ascii: "{"), found == nil { found = lists.first { $0 == text } }
                key = try scanner.nextKey(in: bytes.span)
            }
            try scanner.finish(in: bytes.span)
        } catch {
            return nil
        }
        return found
    }

    /// Detects a header with two or more names, and lines with the same number of separators.
    private static func isCSV(_ bytes: [UInt8]) -> Bool {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        let lines = text.prefix(64 * 1024).split(maxSplits: 4) { $0 == 0x0A || $0 == 0x0D }.prefix(4)
        guard let header = lines.first else { return false }
        for separator in [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|")] {
            let names = header.split(separator: separator, omittingEmptySubsequences: false)
            guard names.count >= 2, names.allSatisfy(isColumnName) else { continue }
            let rows = lines.dropFirst()
            return rows.isEmpty
                ? names.contains { keys.contains(Array($0)) }
                : rows.first?.contains(separator) == true
        }
        return false
    }

    private static let keys = Set(
        ["artist_id", "concert_id", "event_id", "venue_id", "sale_id", "data_type"].map { Array($0.utf8) })

    /// Returns whether the field contains only letters, digits, and a few punctuation marks, possibly in quotation marks.
    private static func isColumnName(_ field: ArraySlice<UInt8>) -> Bool {
        var name = field
        if name.count >= 2, name.first == UInt8(ascii: "\""), name.last == UInt8(ascii: "\"") {
            name = name.dropFirst().dropLast()
        }
        guard (1...64).contains(name.count) else { return false }
        return name.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: " "), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    private static func hasSuffix(_ name: String, _ suffix: String) -> Bool {
        name.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }
}

/// An event of another service, or a document of another command.
struct ForeignEvent {
    /// The name with its article.
    var name: String
    var remedy = "the function processes Kinesis events; to create one, use concertctl generate"

    /// Returns nil if the value may be a payload.
    init?(_ value: JSONValue) {
        func has(_ members: String...) -> Bool { members.allSatisfy { value[$0] != nil } }
        if has("KinesisBatchInfo", "requestContext") || has("sequence_number", "reason", "data") {
            name = "a dead letter"
            remedy = "to replay it, use concertctl dead-letters replay --bootstrap PATH"
        } else if has("requestContext", "httpMethod") || has("requestContext", "routeKey") || has("rawPath", "headers")
        {
            name = "an event of API Gateway, a load balancer, or a function URL"
        } else if has("detail-type", "detail") {
            name = "an event of EventBridge"
        } else if value["awslogs"]?["data"] != nil {
            name = "an event of CloudWatch Logs"
        } else if has("records", "deliveryStreamArn") {
            name = "an event of Firehose"
        } else if has("key1", "key2", "key3") {
            name = "the Lambda console's test event"
        } else {
            return nil
        }
    }

    /// Detects another service's event with `Records` by its first record; returns nil for Kinesis and for records without
    /// a source.
    ///
    /// - Parameter record: The first record, as JSON.
    init?(ofRecord record: [UInt8]) {
        guard let value = try? JSONValue(parsing: record), value["kinesis"] == nil,
            let source = (value["eventSource"] ?? value["EventSource"])?.string,
            !source.utf8.elementsEqual("aws:kinesis".utf8)
        else { return nil }
        name = "an event of \(MessageText.escaped(String(decoding: source.utf8.prefix(100), as: UTF8.self)))"
    }
}
