import Basics

/// Strings, numbers and literals.
extension JSONScanner {
    /// Skips the string that starts at `offset` after checking its escapes and its UTF-8.
    @inlinable @inline(__always)
    package mutating func string(in bytes: Span<UInt8>) throws(JSONError) -> JSONString {
        guard let end = bytes.endOfShortString(at: offset) ?? bytes.endOfLongString(at: offset) else {
            return try apart { (scanner) throws(JSONError) in try scanner.anyString(in: bytes) }
        }
        let start = offset + 1
        offset = end
        return JSONString(range: start..<end - 1, isEscaped: false)
    }

    /// Passes a space or none, and a short plain string; nil, and nothing is passed, where anything else follows.
    @inlinable @inline(__always)
    package mutating func shortString(in bytes: Span<UInt8>) -> Range<Int>? {
        let start = bytes.byte(at: offset) == 0x20 ? offset &+ 1 : offset
        guard let end = bytes.endOfShortString(at: start) else { return nil }
        offset = end
        // A string has two quotes.
        return unsafe Range(uncheckedBounds: (start &+ 1, max(start &+ 1, end &- 1)))
    }

    @usableFromInline
    mutating func anyString(in bytes: Span<UInt8>) throws(JSONError) -> JSONString {
        guard bytes.byte(at: offset) == UInt8(ascii: "\"") else { throw .syntax(offset: offset, expected: "a string") }
        let start = offset + 1
        var position = start
        var isEscaped = false
        while true {
            position = bytes.endOfPlainContent(from: position)
            switch bytes.byte(at: position) {
            case UInt8(ascii: "\""):
                offset = position + 1
                return JSONString(range: start..<position, isEscaped: isEscaped)
            case UInt8(ascii: "\\"):
                isEscaped = true
                // Characters outside ASCII usually come in runs.
                repeat {
                    position = try Self.endOfEscape(in: bytes, at: position)
                } while bytes.byte(at: position) == UInt8(ascii: "\\")
            case 0x80...:
                guard let length = UTF8Sequence.length(in: bytes, at: position) else {
                    throw .notUTF8(offset: position)
                }
                position += length
            default: throw .syntax(offset: position, expected: "a character or the end of the string")
            }
        }
    }

    /// Returns the end of the escape that starts at `position`.
    private static func endOfEscape(in bytes: Span<UInt8>, at position: Int) throws(JSONError) -> Int {
        switch bytes.byte(at: position + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return position + 2
        case UInt8(ascii: "u"):
            guard JSONEscape.codeUnit(in: bytes, at: position + 2) != nil else {
                throw .syntax(offset: position, expected: "four hexadecimal digits")
            }
            return position + 6
        default: throw .syntax(offset: position, expected: "an escape")
        }
    }

    /// Skips the number that starts at `offset` and returns its range.
    @inlinable @inline(__always)
    package mutating func number(in bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
        // The common case: digits with an optional decimal point, without a sign or an exponent.
        let start = offset
        let block = bytes.stringBlock(at: start)
        var count = block.leadingDigits
        if bytes.byte(at: start &+ count) == UInt8(ascii: "."), count > 0 {
            let fraction = block.leadingDigits(from: count &+ 1)
            count = fraction > 0 ? count &+ 1 &+ fraction : 0
        }
        let end = start &+ count
        guard count > 0, count < StringBlock.size, bytes.byte(at: end) | 0x20 != UInt8(ascii: "e"),
            bytes.byte(at: start) != UInt8(ascii: "0") || bytes.byte(at: start &+ 1) == UInt8(ascii: ".") || count == 1
        else { return try apart { (scanner) throws(JSONError) in try scanner.anyNumber(in: bytes) } }
        offset = end
        return unsafe Range(uncheckedBounds: (start, end))
    }

    @usableFromInline
    mutating func anyNumber(in bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
        let start = offset
        if bytes.byte(at: offset) == UInt8(ascii: "-") { offset += 1 }
        if bytes.byte(at: offset) == UInt8(ascii: "0") { offset += 1 } else { try digits(in: bytes) }
        if bytes.byte(at: offset) == UInt8(ascii: ".") {
            offset += 1
            try digits(in: bytes)
        }
        if bytes.byte(at: offset) | 0x20 == UInt8(ascii: "e") {
            offset += 1
            let sign = bytes.byte(at: offset)
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
            try digits(in: bytes)
        }
        return start..<offset
    }

    /// Skips one or more digits.
    private mutating func digits(in bytes: Span<UInt8>) throws(JSONError) {
        let end = bytes.endOfDigits(from: offset)
        guard end > offset else { throw .syntax(offset: offset, expected: "a digit") }
        offset = end
    }

    /// Skips `null`, `true` or `false`.
    package mutating func literal(_ kind: JSONKind, in bytes: Span<UInt8>) throws(JSONError) {
        // As a word, the first character lowest.
        if let word = bytes.word(at: offset) {
            switch kind {
            case .null where UInt32(truncatingIfNeeded: word) == 0x6C6C_756E: return offset += 4
            case .true where UInt32(truncatingIfNeeded: word) == 0x6575_7274: return offset += 4
            case .false where word & 0xFF_FFFF_FFFF == 0x65_736C_6166: return offset += 5
            default: break
            }
        }
        switch kind {
        case .null: try expect("null", in: bytes)
        case .true: try expect("true", in: bytes)
        case .false: try expect("false", in: bytes)
        default: throw .syntax(offset: offset, expected: "null, true or false")
        }
    }

    private mutating func expect(_ text: StaticString, in bytes: Span<UInt8>) throws(JSONError) {
        for index in 0..<text.utf8CodeUnitCount {
            // `index` is less than the literal's length.
            guard bytes.byte(at: offset &+ index) == (unsafe text.utf8Start[index]) else {
                throw .syntax(offset: offset, expected: text)
            }
        }
        offset += text.utf8CodeUnitCount
    }
}
