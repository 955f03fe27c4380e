import JSON

/// What one column of one row holds.
enum WarehouseValue: Sendable, Equatable {
    case null
    /// Of any content but U+0000.
    case text(String)
    /// Plain digits, as SQL and JSON both read them.
    case number(String)
    /// A date, or a time in UTC, as SQL reads them; digits and punctuation.
    case moment(String)
}

/// SQL.
extension WarehouseValue {
    /// Appends an expression of the value, which the server reads the same whether `\` escapes in its literals or not.
    ///
    /// Redshift takes `\` in a literal for an escape and PostgreSQL does not, so none is ever sent: another text stands for
    /// it and is replaced on the server.
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

    /// The first of `<0>`, `<1>` and so on that `text` does not hold.
    ///
    /// It begins with its only `<` and ends with its only `>`, so it cannot overlap with what stands around it either.
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

/// JSON.
extension WarehouseValue {
    /// Writes the value as a member of an object that is open; NULL is left out.
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
