import Foundation
import JSON
import Processor

/// Reading of files that a person names: bounded, decompressed, and refused in words where they are of another format.
enum InputFile {
    /// Bytes of one file, at most, before and after it is decompressed.
    static let limit = 1 << 30

    /// - Throws: ``CommandError`` when the file cannot be read, or has more than ``limit`` bytes.
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

    /// The text of a file: what it inflates to if it is gzip, otherwise as it is.
    ///
    /// - Throws: ``CommandError`` when it is of a format that has no JSON in it; its text names the remedy.
    static func text(_ bytes: [UInt8], name: String) throws(CommandError) -> [UInt8] {
        guard bytes.starts(with: [0x1F, 0x8B]) else {
            if let form = FileForm(bytes, name: name) { throw CommandError(description: form.refusal(of: name)) }
            return bytes
        }
        guard let inflated = inflated(bytes) else {
            throw CommandError(
                description: "\(name) is gzip, but damaged or incomplete, or inflates to more than \(limit >> 20) MiB; "
                    + "check it with gzip -t")
        }
        if let form = FileForm(inflated, name: name) { throw CommandError(description: form.refusal(of: name)) }
        return inflated
    }

    /// What gzip data inflates to; nil if it is not gzip, damaged, or too large.
    static func inflated(_ bytes: [UInt8]) -> [UInt8]? { RecordReader.inflated(bytes, limit: limit) }

    /// Ranges of the JSON objects that follow one another in `bytes`; nil unless it is two or more, and nothing else.
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
        "\(name) has more than \(limit >> 20) MiB; split it, with split -l for example"
    }
}

/// A format that is not JSON, or JSON of another arrangement than one object a line.
enum FileForm {
    case compressed(String, remedy: String)
    case utf16
    case markup
    case csv
    case array
    /// An object with a list of entities in the member of this name.
    case lists(String)
    /// An event, or a document, of something else.
    case foreign(ForeignEvent)

    /// Nil unless the format is known for sure; the bytes are then events, payloads, or broken ones.
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

    /// What the file is, what is expected, and how to convert it.
    func refusal(of name: String) -> String {
        let file = name == "-" ? "FILE" : name
        let expected = "expected an event, or one JSON object a line"
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
            "\(name) is one object with a list \"\(member)\"" + convert("jq -c '.\(member)[]' \(file)")
        case .foreign(let event): "\(name) is \(event.name); \(event.remedy)"
        }
    }

    private static let magics: [(magic: [UInt8], name: String, remedy: String)] = [
        ([0x50, 0x4B, 0x03, 0x04], "a ZIP archive", "extract it with unzip"),
        ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard data", "decompress it with zstd -d"),
        ([0x42, 0x5A, 0x68], "bzip2 data", "decompress it with bunzip2"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz data", "decompress it with unxz"),
        (Array("PAR1".utf8), "Parquet", "convert it to one JSON object a line"),
        (Array("Obj\u{01}".utf8), "Avro", "convert it to one JSON object a line"),
        (Array("SQLite format 3".utf8), "an SQLite database", "export one JSON object a line"),
    ]

    /// By its byte order mark, or by the NUL beside each of the first two characters.
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

    /// The form of one JSON object that is neither an event nor a payload; nil for anything else.
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

    /// Bytes of JSON that are read as a tree, at most: more than any event of Lambda's.
    private static let treeLimit = 16 << 20

    private static func isArrayOfObjects(_ bytes: [UInt8]) -> Bool {
        let start = bytes.drop(while: InputFile.isWhiteSpace)
        return start.first == UInt8(ascii: "[")
            && start.dropFirst().first { !InputFile.isWhiteSpace($0) } == UInt8(ascii: "{")
            && JSONScanner.isOneValue(bytes)
    }

    /// The member that has a list of objects and is named after a kind of entity; nil when a payload may be meant.
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

    /// A header of two names or more, and lines with as many separators as it has.
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

    /// Letters, digits and a few marks, perhaps in quotation marks.
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

/// An event that Lambda delivers for another service, or a document that another command reads.
struct ForeignEvent {
    /// With its article.
    var name: String
    var remedy = "the function processes Kinesis events; concertctl generate makes one"

    /// Nil for anything that may be a payload.
    init?(_ value: JSONValue) {
        func has(_ members: String...) -> Bool { members.allSatisfy { value[$0] != nil } }
        if has("KinesisBatchInfo", "requestContext") || has("sequence_number", "reason", "data") {
            name = "a dead letter"
            remedy = "concertctl dead-letters replay --bootstrap PATH replays it"
        } else if has("requestContext", "httpMethod") || has("requestContext", "routeKey") || has("rawPath", "headers")
        {
            name = "an event of API Gateway, of a load balancer or of a function URL"
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

    /// The other service's event that has `Records`, by the first of them; nil for Kinesis, and for what has no source.
    ///
    /// - Parameter record: JSON.
    init?(ofRecord record: [UInt8]) {
        guard let value = try? JSONValue(parsing: record), value["kinesis"] == nil,
            let source = (value["eventSource"] ?? value["EventSource"])?.string,
            !source.utf8.elementsEqual("aws:kinesis".utf8)
        else { return nil }
        name = "an event of \(MessageText.escaped(String(decoding: source.utf8.prefix(100), as: UTF8.self)))"
    }
}
