/// Bounds-checked reads of bytes and words.
extension Span<UInt8> {
    /// Returns the byte at `offset`, or 0 if `offset` is past the end.
    ///
    /// NUL is not valid anywhere in a JSON text, so 0 stops every loop of the scanner without a separate check.
    @inlinable @inline(__always)
    package func byte(at offset: Int) -> UInt8 {
        // One comparison checks both bounds: a negative offset becomes a large unsigned number.
        guard UInt(bitPattern: offset) < UInt(bitPattern: count) else { return 0 }
        // In bounds because of the guard.
        return unsafe self[unchecked: offset]
    }

    /// Returns the eight bytes from `offset` as a little-endian word, or nil if fewer bytes remain.
    @inlinable @inline(__always)
    package func word(at offset: Int) -> UInt64? {
        guard offset >= 0, offset <= count &- 8 else { return nil }
        // In bounds because of the guard: for a count below 8, the right side is negative. Bytes have no padding, and
        // the load is unaligned.
        return UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// Returns the sixteen bytes from `offset` as two little-endian words; see ``word(at:)``.
    @inlinable @inline(__always)
    package func words(at offset: Int) -> (first: UInt64, second: UInt64)? {
        guard offset >= 0, offset <= count &- 16 else { return nil }
        // In bounds because of the guard, as in `word(at:)`.
        return unsafe (
            UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)),
            UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 8, as: UInt64.self))
        )
    }

    /// Returns the end of the digits that start at `offset`, or `offset` if there are none.
    @inlinable @inline(__always)
    package func endOfDigits(from offset: Int) -> Int {
        var end = offset
        while byte(at: end) &- UInt8(ascii: "0") < 10 { end += 1 }
        return end
    }

    /// Returns whether all bytes of `range` are digits.
    @inlinable
    package func areDigits(_ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = Swift.min(range.upperBound &- position, StringBlock.size)
            guard stringBlock(at: position).leadingDigits >= wanted else { return false }
            position &+= StringBlock.size
        }
        return true
    }

    /// Returns the text of `range`, with U+FFFD in place of invalid UTF-8.
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

    /// Appends a string literal.
    package mutating func append(ascii text: StaticString) {
        text.withUTF8Buffer { unsafe append(contentsOf: $0) }
    }

    /// Appends a number in decimal digits.
    package mutating func append(decimal value: UInt64) {
        if value < 10 { return append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value)) }
        // Digits are written from last to first; the largest number has twenty.
        var digits = [20 of UInt8](repeating: 0)
        var (rest, start) = (value, 20)
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        append(copying: digits.span.extracting(start..<20))
    }

    /// Appends the text's UTF-8 in one copy; `append(contentsOf: text.utf8)` copies byte by byte.
    package mutating func append(utf8 text: String) {
        var text = text
        text.withUTF8 { unsafe append(contentsOf: $0) }
    }
}
