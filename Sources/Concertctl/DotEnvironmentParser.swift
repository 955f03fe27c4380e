/// A parser of `.env` files that works on bytes and accepts what python-dotenv accepts, without interpolation.
///
/// Source: <https://github.com/theskumar/python-dotenv/blob/v1.2.2/src/dotenv/parser.py>
struct DotEnvironmentParser {
    typealias Assignment = (name: [UInt8], value: [UInt8])

    private let bytes: [UInt8]
    private var offset = 0
    /// The last offset of each kind of quote, so that a file of unclosed quotes does not take quadratic time.
    private let lastQuote: (single: Int, double: Int)

    private init(_ text: [UInt8]) {
        bytes = Self.withPlainLineEnds(text)
        lastQuote = (bytes.lastIndex(of: Self.single) ?? -1, bytes.lastIndex(of: Self.double) ?? -1)
    }

    /// Returns the assignments in order.
    ///
    /// Other lines are skipped.
    static func assignments(in bytes: [UInt8]) -> [Assignment] {
        var parser = DotEnvironmentParser(bytes)
        parser.skip(byteOrderMark: [0xEF, 0xBB, 0xBF])
        var found: [Assignment] = []
        while parser.current != nil {
            if let assignment = parser.line() { found.append(assignment) }
        }
        return found
    }

    private static let (single, double) = (UInt8(ascii: "'"), UInt8(ascii: "\""))
    private static let (backslash, numberSign, equals) = (UInt8(ascii: "\\"), UInt8(ascii: "#"), UInt8(ascii: "="))

    /// Replaces CRLF and CR with LF, also within quotes.
    private static func withPlainLineEnds(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var previous: UInt8?
        for byte in text {
            if byte == 0x0D { result.append(0x0A) } else if byte != 0x0A || previous != 0x0D { result.append(byte) }
            previous = byte
        }
        return result
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A }

    /// Returns whether a byte is white space within a line.
    private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0B, 0x0C].contains(byte) }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skip(byteOrderMark: [UInt8]) {
        if bytes.starts(with: byteOrderMark) { offset = byteOrderMark.count }
    }

    private mutating func skip(while condition: (UInt8) -> Bool) {
        while let byte = current, condition(byte) { offset += 1 }
    }

    /// Reads one line, or several if a quoted value spans them.
    ///
    /// - Returns: Nil if the line is not an assignment.
    private mutating func line() -> Assignment? {
        skip { Self.isBlank($0) || Self.isLineEnd($0) }
        skipExport()
        let name = name()
        skip(while: Self.isBlank)
        var value: [UInt8]?
        if name != nil, current == Self.equals {
            offset += 1
            skip(while: Self.isBlank)
            value = self.value()
        }
        let isWhole = name == nil ? true : endsLine()
        skip { !Self.isLineEnd($0) }
        // Skip the rest of a line that has other text after its assignment.
        guard isWhole, let name, let value, !name.contains(0), !value.contains(0) else { return nil }
        return (name, value)
    }

    private mutating func skipExport() {
        let word = "export".utf8
        guard bytes[offset...].starts(with: word), let next = bytes[(offset + word.count)...].first, Self.isBlank(next)
        else { return }
        offset += word.count
        skip(while: Self.isBlank)
    }

    /// Returns nil for a comment and for a line without a name.
    private mutating func name() -> [UInt8]? {
        if current == Self.single {
            guard let end = bytes[(offset + 1)...].firstIndex(of: Self.single), end > offset + 1 else { return nil }
            defer { offset = end + 1 }
            return Array(bytes[(offset + 1)..<end])
        }
        let start = offset
        skip { !Self.isBlank($0) && !Self.isLineEnd($0) && $0 != Self.equals && $0 != Self.numberSign }
        return offset > start ? Array(bytes[start..<offset]) : nil
    }

    /// Returns nil for a quote that is not closed.
    private mutating func value() -> [UInt8]? {
        switch current {
        case Self.single: return quoted(Self.single, last: lastQuote.single)
        case Self.double: return quoted(Self.double, last: lastQuote.double)
        default: break
        }
        let start = offset
        skip { !Self.isLineEnd($0) }
        let line = bytes[start..<offset]
        // A comment starts at a number sign that follows white space.
        let comment = line.indices.dropFirst().first { line[$0] == Self.numberSign && Self.isBlank(line[$0 - 1]) }
        let text = line[..<(comment ?? line.endIndex)]
        return Array(text[...(text.lastIndex { !Self.isBlank($0) } ?? text.startIndex - 1)])
    }

    private mutating func quoted(_ quote: UInt8, last: Int) -> [UInt8]? {
        let start = offset + 1
        guard last >= start else { return nil }
        // An escaped quote closes the value only if no other quote does.
        let end =
            bytes[start...last].indices.first { bytes[$0] == quote && ($0 == start || bytes[$0 - 1] != Self.backslash) }
            ?? last
        offset = end + 1
        return Self.unescaped(bytes[start..<end], isDouble: quote == Self.double)
    }

    private static func unescaped(_ text: ArraySlice<UInt8>, isDouble: Bool) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == backslash, let next = rest.first, let escaped = meaning(of: next, isDouble: isDouble) else {
                result.append(byte)
                continue
            }
            rest.removeFirst()
            result.append(escaped)
        }
        return result
    }

    private static func meaning(of escaped: UInt8, isDouble: Bool) -> UInt8? {
        switch escaped {
        case backslash, single: return escaped
        case _ where !isDouble: return nil
        case double: return escaped
        case UInt8(ascii: "a"): return 0x07
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "v"): return 0x0B
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "r"): return 0x0D
        default: return nil
        }
    }

    /// Returns whether only a comment follows on the line.
    private mutating func endsLine() -> Bool {
        skip(while: Self.isBlank)
        if current == Self.numberSign { skip { !Self.isLineEnd($0) } }
        return current.map(Self.isLineEnd) ?? true
    }
}
