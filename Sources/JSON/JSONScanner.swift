import Basics

/// The type of a JSON value.
package enum JSONKind: UInt8, Sendable {
    case null, `true`, `false`, number, string, array, object
}

/// The range of a string's content, without its quotes.
package struct JSONString: Sendable, Equatable {
    package var range: Range<Int>
    /// Whether the content contains a backslash, so that its bytes differ from its text.
    package var isEscaped: Bool

    package init(range: Range<Int>, isEscaped: Bool) {
        self.range = range
        self.isEscaped = isEscaped
    }
}

/// A validating scanner that passes over a JSON text once, from left to right.
///
/// The scanner stores only an offset. Each call takes the bytes, and results are ranges of them, so nothing is copied.
/// It is strict: it accepts the grammar of RFC 8259, well-formed UTF-8, and at most ``depthLimit`` levels. Nesting is
/// stored in a bit field instead of on the call stack, so that no input can overflow the stack.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8259>
package struct JSONScanner: Sendable {
    /// The maximum number of nested arrays and objects.
    @inlinable
    package static var depthLimit: Int { 512 }

    /// The number of bytes scanned so far.
    package var offset: Int
    /// The number of containers that are open at `offset`.
    package var depth: Int

    /// - Parameter depth: The number of containers around `offset`, when a part of a larger text is scanned.
    @inlinable
    package init(at offset: Int = 0, depth: Int = 0) {
        self.offset = offset
        self.depth = depth
    }

    /// Runs what is not inlined on a copy, so that the address of this value does not escape and it stays in registers.
    @inlinable @inline(__always)
    mutating func apart<Result, Failure: Error>(
        _ body: (inout JSONScanner) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var copy = self
        let result = try body(&copy)
        self = copy
        return result
    }

    /// Skips a byte order mark at the start of the text.
    package mutating func skipByteOrderMark(in bytes: Span<UInt8>) {
        if bytes.byte(at: offset) == 0xEF, bytes.byte(at: offset + 1) == 0xBB, bytes.byte(at: offset + 2) == 0xBF {
            offset += 3
        }
    }

    /// Skips white space and returns the type of the next value, which its first byte determines.
    @inlinable @inline(__always)
    package mutating func kind(in bytes: Span<UInt8>) throws(JSONError) -> JSONKind {
        skipWhitespace(in: bytes)
        switch bytes.byte(at: offset) {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"): return .true
        case UInt8(ascii: "f"): return .false
        case UInt8(ascii: "n"): return .null
        default: throw .syntax(offset: offset, expected: "a value")
        }
    }

    /// Skips white space and checks that nothing else follows the outermost value.
    ///
    /// - Parameter count: Where the text ends if only zeros follow; nil for the end of `bytes`.
    package mutating func finish(in bytes: Span<UInt8>, count: Int? = nil) throws(JSONError) {
        skipWhitespace(in: bytes)
        guard offset == count ?? bytes.count else { throw .syntax(offset: offset, expected: "the end") }
    }

    @inlinable @inline(__always)
    mutating func skipWhitespace(in bytes: Span<UInt8>) {
        let byte = bytes.byte(at: offset)
        if byte > 0x20 { return }
        // A single space, which many writers emit after each colon and comma.
        if byte == 0x20, bytes.byte(at: offset + 1) > 0x20 {
            offset += 1
        } else {
            apart { $0.skipMoreWhitespace(in: bytes) }
        }
    }

    @usableFromInline
    mutating func skipMoreWhitespace(in bytes: Span<UInt8>) {
        while true {
            switch bytes.byte(at: offset) {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    private mutating func open(in bytes: Span<UInt8>) throws(JSONError) {
        guard depth < Self.depthLimit else { throw .tooDeep(offset: offset) }
        depth += 1
        offset += 1
    }

    private mutating func close() {
        depth -= 1
        offset += 1
    }
}

/// The members of objects and the elements of arrays.
extension JSONScanner {
    /// Skips `{` and returns the first key.
    ///
    /// If the object is empty, skips `}` and returns nil.
    @inlinable @inline(__always)
    package mutating func openObject(in bytes: Span<UInt8>) throws(JSONError) -> JSONString? {
        try apart { (scanner) throws(JSONError) in try scanner.openAnyObject(in: bytes) }
    }

    @usableFromInline
    mutating func openAnyObject(in bytes: Span<UInt8>) throws(JSONError) -> JSONString? {
        if depth < Self.depthLimit, let key = shortKey(behind: UInt8(ascii: "{"), in: bytes) {
            depth &+= 1
            return key
        }
        guard bytes.byte(at: offset) == UInt8(ascii: "{") else { throw .syntax(offset: offset, expected: "an object") }
        try open(in: bytes)
        skipWhitespace(in: bytes)
        if bytes.byte(at: offset) == UInt8(ascii: "}") {
            close()
            return nil
        }
        return try key(in: bytes)
    }

    /// Skips `,` and returns the next key.
    ///
    /// At the end of the object, skips `}` and returns nil.
    @inlinable @inline(__always)
    package mutating func nextKey(in bytes: Span<UInt8>) throws(JSONError) -> JSONString? {
        if let key = shortKey(behind: UInt8(ascii: ","), in: bytes) { return key }
        return try apart { (scanner) throws(JSONError) in try scanner.anyNextKey(in: bytes) }
    }

    /// Passes a comma, a space or none, and `key`; false, and nothing is passed, where anything else follows.
    @inlinable @inline(__always)
    package mutating func pass(_ key: QuotedKey, in bytes: Span<UInt8>) -> Bool {
        guard bytes.byte(at: offset) == UInt8(ascii: ",") else { return false }
        let start = bytes.byte(at: offset &+ 1) == 0x20 ? offset &+ 2 : offset &+ 1
        guard bytes.stringBlock(at: start).differences(from: StringBlock(key.text)) & key.mask == 0 else {
            return false
        }
        offset = start &+ key.count
        return true
    }

    /// Passes `byte`, a space or none, a short plain key, and its colon: each byte is looked at once.
    ///
    /// - Returns: Nil, and nothing is passed, where anything else follows.
    @inlinable @inline(__always)
    mutating func shortKey(behind byte: UInt8, in bytes: Span<UInt8>) -> JSONString? {
        guard bytes.byte(at: offset) == byte else { return nil }
        let start = bytes.byte(at: offset &+ 1) == 0x20 ? offset &+ 2 : offset &+ 1
        guard let end = bytes.endOfShortString(at: start), bytes.byte(at: end) == UInt8(ascii: ":") else { return nil }
        offset = end &+ 1
        // A string has two quotes.
        return JSONString(
            range: unsafe Range(uncheckedBounds: (start &+ 1, max(start &+ 1, end &- 1))), isEscaped: false)
    }

    @usableFromInline
    mutating func anyNextKey(in bytes: Span<UInt8>) throws(JSONError) -> JSONString? {
        skipWhitespace(in: bytes)
        switch bytes.byte(at: offset) {
        case UInt8(ascii: ","):
            offset += 1
            skipWhitespace(in: bytes)
            return try key(in: bytes)
        case UInt8(ascii: "}"):
            close()
            return nil
        default: throw .syntax(offset: offset, expected: "\",\" or \"}\"")
        }
    }

    /// Skips `[` and returns true if an element follows.
    ///
    /// If the array is empty, skips `]` and returns false.
    @inlinable @inline(__always)
    package mutating func openArray(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
        try apart { (scanner) throws(JSONError) in try scanner.openAnyArray(in: bytes) }
    }

    @usableFromInline
    mutating func openAnyArray(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
        guard bytes.byte(at: offset) == UInt8(ascii: "[") else { throw .syntax(offset: offset, expected: "an array") }
        try open(in: bytes)
        skipWhitespace(in: bytes)
        guard bytes.byte(at: offset) == UInt8(ascii: "]") else { return true }
        close()
        return false
    }

    /// Skips `,` and returns true if an element follows.
    ///
    /// At the end of the array, skips `]` and returns false.
    @inlinable @inline(__always)
    package mutating func nextElement(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
        try apart { (scanner) throws(JSONError) in try scanner.nextAnyElement(in: bytes) }
    }

    @usableFromInline
    mutating func nextAnyElement(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
        skipWhitespace(in: bytes)
        switch bytes.byte(at: offset) {
        case UInt8(ascii: ","):
            offset += 1
            return true
        case UInt8(ascii: "]"):
            close()
            return false
        default: throw .syntax(offset: offset, expected: "\",\" or \"]\"")
        }
    }

    /// Skips a key and its colon.
    private mutating func key(in bytes: Span<UInt8>) throws(JSONError) -> JSONString {
        guard bytes.byte(at: offset) == UInt8(ascii: "\"") else { throw .syntax(offset: offset, expected: "a key") }
        let key = try string(in: bytes)
        skipWhitespace(in: bytes)
        guard bytes.byte(at: offset) == UInt8(ascii: ":") else { throw .syntax(offset: offset, expected: "\":\"") }
        offset += 1
        return key
    }
}
