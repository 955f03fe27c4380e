/// Looking at many bytes at once.
extension Span<UInt8> {
    /// The thirty-two bytes from `offset` on, with zeros behind the last one.
    @inlinable @inline(__always)
    public func stringBlock(at offset: Int) -> StringBlock {
        guard offset >= 0, offset <= count &- StringBlock.size else { return lastStringBlock(at: offset) }
        // In bounds by the guard: a count below 32 makes the right side negative.
        return StringBlock(
            unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD32<UInt8>.self))
    }

    /// As ``stringBlock(at:)``, where fewer bytes are left.
    @usableFromInline @inline(never)
    func lastStringBlock(at offset: Int) -> StringBlock {
        var block = SIMD32<UInt8>(repeating: 0)
        guard offset >= 0, offset < count else { return StringBlock(block) }
        let rest = extracting(offset..<Swift.min(count, offset + StringBlock.size))
        unsafe withUnsafeMutableBytes(of: &block) { block in
            // In bounds: the rest is no longer than the block.
            unsafe rest.withUnsafeBytes { unsafe block.copyMemory(from: $0) }
        }
        return StringBlock(block)
    }

    /// Where a run of plain string content ends that starts at `offset`, looked for in ``StringBlock/size`` bytes.
    @inlinable @inline(__always)
    public func endOfPlainRun(from offset: Int) -> Int { offset &+ stringBlock(at: offset).firstStop }

    /// Where plain string content ends that starts at `offset`, however long it is.
    @usableFromInline @inline(never)
    func endOfPlainContent(from offset: Int) -> Int {
        var position = offset
        while true {
            // Where the next block stands must not wait for what this one holds.
            let stops = stringBlock(at: position).stops
            if stops != 0 { return position &+ stops.trailingZeroBitCount }
            position &+= StringBlock.size
        }
    }

    /// Where the string ends that starts at `offset`, quotes included: nil unless it is plain and short, as most are.
    @inlinable @inline(__always)
    public func endOfShortString(at offset: Int) -> Int? {
        guard byte(at: offset) == UInt8(ascii: "\"") else { return nil }
        let end = endOfPlainRun(from: offset &+ 1)
        return byte(at: end) == UInt8(ascii: "\"") ? end &+ 1 : nil
    }

    /// As ``endOfShortString(at:)``, of a plain string of any length.
    @inlinable @inline(__always)
    public func endOfLongString(at offset: Int) -> Int? {
        guard byte(at: offset) == UInt8(ascii: "\"") else { return nil }
        let end = endOfPlainContent(from: offset &+ 1)
        return byte(at: end) == UInt8(ascii: "\"") ? end &+ 1 : nil
    }

    /// Where `byte` stands first in `range`; nil where it does not.
    ///
    /// - Parameter range: Within the span.
    @inlinable
    public func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        var position = range.lowerBound
        while position < range.upperBound {
            let places = stringBlock(at: position).places(of: byte) & StringBlock.mask(range.upperBound &- position)
            if places != 0 { return position &+ places.trailingZeroBitCount }
            position &+= StringBlock.size
        }
        return nil
    }

    /// Whether the bytes of `range`, none of which is zero, are at `offset` as well.
    @inlinable @inline(__always)
    public func stands(_ range: Range<Int>, at offset: Int) -> Bool {
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
