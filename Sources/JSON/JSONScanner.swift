/// What a JSON value is.
public enum JSONKind: UInt8, Sendable {
    case null, `true`, `false`, number, string, array, object
}

/// Where a string's content stands in the bytes, quotes left out.
public struct JSONString: Sendable, Equatable {
    public var range: Range<Int>
    /// Whether the content holds a backslash, and so reads differently from its bytes.
    public var isEscaped: Bool

    public init(range: Range<Int>, isEscaped: Bool) {
        self.range = range
        self.isEscaped = isEscaped
    }
}

/// Walks a JSON text from left to right, once, and checks every byte it passes.
///
/// The scanner keeps an offset alone: bytes are handed to each call, and what it finds are ranges into them, so nothing is
/// copied. It is strict: RFC 8259's grammar, well-formed UTF-8, no more than ``depthLimit`` levels. Nesting is kept in
/// a bit field and not on the call stack, so no input can overflow it.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8259>
public struct JSONScanner: Sendable {
    /// Levels of arrays and objects that a text may have.
    @inlinable
    public static var depthLimit: Int { 512 }

    /// Bytes passed so far.
    public var offset: Int
    /// Levels open at `offset`.
    public var depth: Int

    /// - Parameter depth: Levels already open around `offset`, when a part of a larger text is scanned.
    @inlinable
    public init(at offset: Int = 0, depth: Int = 0) {
        self.offset = offset
        self.depth = depth
    }

    /// Runs what is not inlined on a copy: nobody takes this value's own address, so it stays in registers.
    @inlinable @inline(__always)
    mutating func apart<Result, Failure: Error>(
        _ body: (inout JSONScanner) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var copy = self
        let result = try body(&copy)
        self = copy
        return result
    }

    /// Passes a byte order mark, where one stands at the very start.
    public mutating func skipByteOrderMark(in bytes: Span<UInt8>) {
        if bytes.byte(at: offset) == 0xEF, bytes.byte(at: offset + 1) == 0xBB, bytes.byte(at: offset + 2) == 0xBF {
            offset += 3
        }
    }

    /// Passes white space, and says what the value behind it is by its first byte.
    @inlinable @inline(__always)
    public mutating func kind(in bytes: Span<UInt8>) throws(JSONError) -> JSONKind {
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

    /// Passes what may follow the outermost value: white space, then the end.
    ///
    /// - Parameter count: Where the text ends if only zeros follow; nil for the end of `bytes`.
    public mutating func finish(in bytes: Span<UInt8>, count: Int? = nil) throws(JSONError) {
        skipWhitespace(in: bytes)
        guard offset == count ?? bytes.count else { throw .syntax(offset: offset, expected: "the end") }
    }

    @inlinable @inline(__always)
    mutating func skipWhitespace(in bytes: Span<UInt8>) {
        let byte = bytes.byte(at: offset)
        if byte > 0x20 { return }
        // One space, as some writers put behind each colon and comma.
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

/// Objects and arrays, member by member.
extension JSONScanner {
    /// Passes `{` and returns the first key, or nil (and passes `}`) when the object is empty.
    @inlinable @inline(__always)
    public mutating func openObject(in bytes: Span<UInt8>) throws(JSONError) -> JSONString? {
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

    /// Passes `,` and returns the next key, or nil (and passes `}`) when the object has ended.
    @inlinable @inline(__always)
    public mutating func nextKey(in bytes: Span<UInt8>) throws(JSONError) -> JSONString? {
        if let key = shortKey(behind: UInt8(ascii: ","), in: bytes) { return key }
        return try apart { (scanner) throws(JSONError) in try scanner.anyNextKey(in: bytes) }
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

    /// Passes `[`; true when an element follows, false (and `]` is passed) when the array is empty.
    @inlinable @inline(__always)
    public mutating func openArray(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
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

    /// Passes `,`; true when an element follows, false (and `]` is passed) when the array has ended.
    @inlinable @inline(__always)
    public mutating func nextElement(in bytes: Span<UInt8>) throws(JSONError) -> Bool {
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

    /// Passes a key and its colon.
    private mutating func key(in bytes: Span<UInt8>) throws(JSONError) -> JSONString {
        guard bytes.byte(at: offset) == UInt8(ascii: "\"") else { throw .syntax(offset: offset, expected: "a key") }
        let key = try string(in: bytes)
        skipWhitespace(in: bytes)
        guard bytes.byte(at: offset) == UInt8(ascii: ":") else { throw .syntax(offset: offset, expected: "\":\"") }
        offset += 1
        return key
    }
}
