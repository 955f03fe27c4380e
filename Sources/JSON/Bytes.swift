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
}

/// Eight bytes compared at once.
enum Word {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The high bit of each byte of `word` that equals `byte`; exact up to the first one.
    @inline(__always)
    static func matches(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference & highBits
    }

    /// The high bit of each byte of `word` that ends a run of plain string content: a quote, a backslash,
    /// a control character or a byte outside ASCII; exact up to the first one.
    @inline(__always)
    static func stringStops(_ word: UInt64) -> UInt64 {
        let controls = (word &- (ones &* 0x20)) & ~word
        return (controls | word | matches(word, 0x22) | matches(word, 0x5C)) & highBits
    }
}
