/// Bounds-checked reads of single bytes and of words.
extension Span<UInt8> {
    /// The byte at `offset`, or 0 where the span has ended.
    ///
    /// A NUL is allowed nowhere in a JSON text, so 0 stops every loop of the scanner without a check of its own.
    @inlinable @inline(__always)
    public func byte(at offset: Int) -> UInt8 {
        // One comparison for both bounds: a negative offset is a huge number without its sign.
        guard UInt(bitPattern: offset) < UInt(bitPattern: count) else { return 0 }
        // In bounds by the guard.
        return unsafe self[unchecked: offset]
    }

    /// The eight bytes from `offset` on, the first one lowest, or nil where fewer are left.
    @inlinable @inline(__always)
    public func word(at offset: Int) -> UInt64? {
        guard offset >= 0, offset <= count &- 8 else { return nil }
        // In bounds by the guard, for a count below 8 makes the right side negative; bytes have no padding between them,
        // and the load needs no alignment.
        return UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// The sixteen bytes from `offset` on as two words, as ``word(at:)`` gives one.
    @inlinable @inline(__always)
    func words(at offset: Int) -> (first: UInt64, second: UInt64)? {
        guard offset >= 0, offset <= count &- 16 else { return nil }
        // In bounds by the guard, as in `word(at:)`.
        return unsafe (
            UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)),
            UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 8, as: UInt64.self))
        )
    }

    /// Where the digits end that start at `offset`; `offset` itself where none stands there.
    @inlinable @inline(__always)
    public func endOfDigits(from offset: Int) -> Int {
        var end = offset
        while byte(at: end) &- UInt8(ascii: "0") < 10 { end += 1 }
        return end
    }

    /// Whether all of `range` are digits.
    @inlinable
    public func areDigits(_ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = Swift.min(range.upperBound &- position, StringBlock.size)
            guard stringBlock(at: position).leadingDigits >= wanted else { return false }
            position &+= StringBlock.size
        }
        return true
    }

    /// The text of `range`, with U+FFFD for what is not UTF-8.
    package func string(_ range: Range<Int>) -> String {
        let part = extracting(range)
        return unsafe part.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension Array where Element == UInt8 {
    /// Appends the bytes of `span`.
    package mutating func append(copying span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends a text that is part of the program.
    package mutating func append(ascii text: StaticString) {
        text.withUTF8Buffer { unsafe append(contentsOf: $0) }
    }

    /// Appends a number's digits.
    package mutating func append(decimal value: UInt64) {
        if value < 10 { return append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value)) }
        // The last digit first; the largest number has twenty.
        var digits = [20 of UInt8](repeating: 0)
        var (rest, start) = (value, 20)
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        append(copying: digits.span.extracting(start..<20))
    }

    /// Appends the text's UTF-8: at once, which `append(contentsOf: text.utf8)` does byte by byte.
    package mutating func append(utf8 text: String) {
        var text = text
        text.withUTF8 { unsafe append(contentsOf: $0) }
    }
}
