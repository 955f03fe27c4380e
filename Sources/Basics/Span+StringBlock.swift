/// Searches that compare many bytes at once.
extension Span<UInt8> {
    /// Returns the thirty-two bytes from `offset`, padded with zeros after the last byte.
    @inlinable @inline(__always)
    package func stringBlock(at offset: Int) -> StringBlock {
        guard offset >= 0, offset <= count &- StringBlock.size else { return lastStringBlock(at: offset) }
        // In bounds because of the guard: for a count below 32, the right side is negative.
        return StringBlock(
            unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD32<UInt8>.self))
    }

    /// Returns what ``stringBlock(at:)`` returns if fewer than thirty-two bytes remain.
    @usableFromInline @inline(never)
    func lastStringBlock(at offset: Int) -> StringBlock {
        var block = SIMD32<UInt8>(repeating: 0)
        guard offset >= 0, offset < count else { return StringBlock(block) }
        let rest = extracting(offset..<Swift.min(count, offset + StringBlock.size))
        unsafe withUnsafeMutableBytes(of: &block) { block in
            // In bounds: the rest is not longer than the block.
            unsafe rest.withUnsafeBytes { unsafe block.copyMemory(from: $0) }
        }
        return StringBlock(block)
    }

    /// Returns the end of the plain string content that starts at `offset`, searching ``StringBlock/size`` bytes.
    @inlinable @inline(__always)
    package func endOfPlainRun(from offset: Int) -> Int { offset &+ stringBlock(at: offset).firstStop }

    /// Returns the end of the plain string content that starts at `offset`, of any length.
    @usableFromInline @inline(never)
    package func endOfPlainContent(from offset: Int) -> Int {
        var position = offset
        while true {
            // The next block's address must not depend on this block's content.
            let stops = stringBlock(at: position).stops
            if stops != 0 { return position &+ stops.trailingZeroBitCount }
            position &+= StringBlock.size
        }
    }

    /// Returns the end of the string that starts at `offset`, including its quotes, or nil unless it is plain and
    /// short.
    @inlinable @inline(__always)
    package func endOfShortString(at offset: Int) -> Int? {
        guard byte(at: offset) == UInt8(ascii: "\"") else { return nil }
        let end = endOfPlainRun(from: offset &+ 1)
        return byte(at: end) == UInt8(ascii: "\"") ? end &+ 1 : nil
    }

    /// Returns the end of the plain string of any length that starts at `offset`; see ``endOfShortString(at:)``.
    @inlinable @inline(__always)
    package func endOfLongString(at offset: Int) -> Int? {
        guard byte(at: offset) == UInt8(ascii: "\"") else { return nil }
        let end = endOfPlainContent(from: offset &+ 1)
        return byte(at: end) == UInt8(ascii: "\"") ? end &+ 1 : nil
    }

    /// Returns the index of the first `byte` in `range`, or nil if there is none.
    ///
    /// - Parameter range: A range within the span.
    @inlinable
    package func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        var position = range.lowerBound
        while position < range.upperBound {
            let positions =
                stringBlock(at: position).positions(of: byte) & StringBlock.mask(range.upperBound &- position)
            if positions != 0 { return position &+ positions.trailingZeroBitCount }
            position &+= StringBlock.size
        }
        return nil
    }

    /// Returns whether the bytes of `range`, none of which is zero, are equal to those at `offset`.
    @inlinable @inline(__always)
    package func matches(_ range: Range<Int>, at offset: Int) -> Bool {
        let count = range.upperBound &- range.lowerBound
        var done = 0
        while count &- done >= StringBlock.size {
            guard stringBlock(at: range.lowerBound &+ done).differences(from: stringBlock(at: offset &+ done)) == 0
            else {
                return false
            }
            done &+= StringBlock.size
        }
        let differences = stringBlock(at: range.lowerBound &+ done).differences(from: stringBlock(at: offset &+ done))
        // Fewer bits than the block has, by the loop's condition.
        return differences & (1 &<< UInt32(truncatingIfNeeded: count &- done) &- 1) == 0
    }
}
