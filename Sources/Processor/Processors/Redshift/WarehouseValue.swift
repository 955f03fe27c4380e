import Basics
import JSON

/// The value of one column of one row.
enum WarehouseValue: Sendable, Equatable {
    case null
    /// Any text without U+0000.
    case text(String)
    /// Plain digits, in the syntax of both SQL and JSON.
    case number(String)
    /// A date, or a time in UTC, in SQL syntax: digits and punctuation.
    case moment(String)
}

/// The SQL form.
extension WarehouseValue {
    /// Appends an expression whose value does not depend on whether `\` is an escape in literals.
    ///
    /// In Redshift, `\` in a literal is an escape; in PostgreSQL it is not. Therefore no `\` is sent: the literal contains a
    /// placeholder that the server replaces.
    func appendSQL(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "NULL".utf8)
        case .number(let digits): bytes.append(contentsOf: digits.utf8)
        case .moment(let text): Self.appendLiteral(text.utf8, to: &bytes)
        case .text(let text):
            guard text.utf8.contains(UInt8(ascii: "\\")) else { return Self.appendLiteral(text.utf8, to: &bytes) }
            let placeholder = Self.placeholder(in: text)
            bytes.append(contentsOf: "REPLACE(".utf8)
            Self.appendLiteral(text.utf8, backslash: Array(placeholder.utf8), to: &bytes)
            bytes.append(contentsOf: ",'\(placeholder)',CHR(92))".utf8)
        }
    }

    /// Returns the first of `<0>`, `<1>` and so on that `text` does not contain.
    ///
    /// The placeholder begins with its only `<` and ends with its only `>`, so it cannot overlap with the text around it.
    private static func placeholder(in text: String) -> String {
        let words = text.utf8.split(separator: UInt8(ascii: "<"))
        var used: Set<Int> = []
        for word in words {
            let digits = word.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty, word.dropFirst(digits.count).first == UInt8(ascii: ">") else { continue }
            if let number = Int(String(decoding: digits, as: UTF8.self)) { used.insert(number) }
        }
        let free = (0...used.count).first { !used.contains($0) } ?? used.count
        return "<\(free)>"
    }

    private static func appendLiteral(
        _ text: some Sequence<UInt8>, backslash: [UInt8] = [], to bytes: inout [UInt8]
    ) {
        bytes.append(UInt8(ascii: "'"))
        for byte in text {
            switch byte {
            case UInt8(ascii: "'"):
                bytes.append(byte)
                bytes.append(byte)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: backslash)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "'"))
    }
}

/// The JSON form.
extension WarehouseValue {
    /// Writes the value as a member of an open object; NULL is omitted.
    func write(_ column: String, to writer: inout JSONWriter) {
        switch self {
        case .null: return
        case .text(let text), .moment(let text):
            writer.key(column)
            writer.string(text)
        case .number(let digits):
            writer.key(column)
            writer.raw(digits)
        }
    }
}
