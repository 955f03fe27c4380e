/// Sixteen bytes compared at once.
///
/// Comparisons of whole vectors are one instruction each; the bytes' places are read from the two words of the mask,
/// for Swift has no way to a mask of bits.
public struct Block {
    public static let size = 16

    public let bytes: SIMD16<UInt8>

    @inlinable @inline(__always)
    public init(_ bytes: SIMD16<UInt8>) { self.bytes = bytes }

    /// Where a run of plain string content ends, 0 to 15: at a quote, a backslash, a control character or a byte outside
    /// ASCII; 16 when all of the block is plain.
    @inlinable @inline(__always)
    public var firstStringStop: Int {
        // As signed numbers, control characters are below the space and bytes outside ASCII below zero.
        let signed = unsafe unsafeBitCast(bytes, to: SIMD16<Int8>.self)
        let low: SIMDMask<SIMD16<Int8>> = signed .< SIMD16<Int8>(repeating: 0x20)
        let quotes: SIMDMask<SIMD16<Int8>> = bytes .== SIMD16<UInt8>(repeating: UInt8(ascii: "\""))
        let backslashes: SIMDMask<SIMD16<Int8>> = bytes .== SIMD16<UInt8>(repeating: UInt8(ascii: "\\"))
        return Self.firstIndex(in: low .| quotes .| backslashes)
    }

    /// Whether none of the bytes ends a run of plain string content.
    @inlinable @inline(__always)
    static func isPlain(_ bytes: SIMD32<UInt8>) -> Bool {
        let signed = unsafe unsafeBitCast(bytes, to: SIMD32<Int8>.self)
        let low: SIMDMask<SIMD32<Int8>> = signed .< SIMD32<Int8>(repeating: 0x20)
        let quotes: SIMDMask<SIMD32<Int8>> = bytes .== SIMD32<UInt8>(repeating: UInt8(ascii: "\""))
        let backslashes: SIMDMask<SIMD32<Int8>> = bytes .== SIMD32<UInt8>(repeating: UInt8(ascii: "\\"))
        let words = unsafe unsafeBitCast(low .| quotes .| backslashes, to: SIMD4<UInt64>.self)
        return words[0] | words[1] | words[2] | words[3] == 0
    }

    /// The first eight bytes, and the other eight, the first one lowest.
    @inlinable @inline(__always)
    public var words: (UInt64, UInt64) {
        let words = unsafe unsafeBitCast(bytes, to: SIMD2<UInt64>.self)
        return (UInt64(littleEndian: words[0]), UInt64(littleEndian: words[1]))
    }

    @inlinable @inline(__always)
    public static func firstIndex(in mask: SIMDMask<SIMD16<Int8>>) -> Int {
        // Same size, and every pattern of bits is a number.
        let words = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        if words[0] != 0 { return UInt64(littleEndian: words[0]).trailingZeroBitCount >> 3 }
        if words[1] != 0 { return 8 + UInt64(littleEndian: words[1]).trailingZeroBitCount >> 3 }
        return size
    }
}

extension Span<UInt8> {
    /// The sixteen bytes from `offset` on, or nil where fewer are left.
    @inlinable @inline(__always)
    public func block(at offset: Int) -> Block? {
        guard offset >= 0, offset <= count &- Block.size else { return nil }
        // In bounds by the guard: a count below 16 makes the right side negative.
        return Block(
            unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self))
    }

    /// Where the blocks end, from `offset` on, whose 32 bytes are all plain string content.
    @inlinable @inline(__always)
    func endOfPlainBlocks(from offset: Int) -> Int {
        var end = offset
        // In bounds by the condition: a count below 32 makes the right side negative.
        while end >= 0, end <= count &- 2 * Block.size,
            Block.isPlain(unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: end, as: SIMD32<UInt8>.self))
        {
            end += 2 * Block.size
        }
        return end
    }

    /// Where the string ends that starts at `offset`, quotes included: nil unless it is plain and short, as most are.
    @inlinable @inline(__always)
    public func endOfShortString(at offset: Int) -> Int? {
        guard byte(at: offset) == UInt8(ascii: "\""), let first = block(at: offset + 1) else { return nil }
        var end = offset + 1 + first.firstStringStop
        if end == offset + 1 + Block.size {
            guard let second = block(at: end) else { return nil }
            end += second.firstStringStop
        }
        // Where the second block has no stop this is the byte behind it, which may end the string, too.
        return byte(at: end) == UInt8(ascii: "\"") ? end + 1 : nil
    }

    /// Where `byte` stands first in `range`; nil where it does not.
    @inlinable
    public func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        var position = range.lowerBound
        while position <= range.upperBound - Block.size, let block = block(at: position) {
            let index = Block.firstIndex(in: block.bytes .== SIMD16<UInt8>(repeating: byte))
            if index < Block.size { return position + index }
            position += Block.size
        }
        while position < range.upperBound, position < count {
            if self[position] == byte { return position }
            position += 1
        }
        return nil
    }

    /// Whether the bytes of `range`, none of which is zero, stand at `offset` as well.
    @inlinable @inline(__always)
    public func stands(_ range: Range<Int>, at offset: Int) -> Bool {
        let size = 2 * Block.size
        var (left, right) = (range.lowerBound, offset)
        while left <= range.upperBound - size {
            guard isSame(left, right) else { return false }
            left += size
            right += size
        }
        if left == range.upperBound { return true }
        // The last bytes again, as far as that reaches into what has been compared already.
        if range.count >= size {
            let back = size - (range.upperBound - left)
            return isSame(left - back, right - back)
        }
        if range.count >= Block.size {
            let rest = range.count - Block.size
            return isHalfSame(left, right) && isHalfSame(left + rest, right + rest)
        }
        while left < range.upperBound {
            guard byte(at: left) == byte(at: right) else { return false }
            left += 1
            right += 1
        }
        return true
    }

    /// Whether 32 bytes stand at each place, and are the same.
    @inlinable @inline(__always)
    func isSame(_ left: Int, _ right: Int) -> Bool {
        guard left >= 0, right >= 0, left <= count &- 32, right <= count &- 32 else { return false }
        // In bounds by the guard: a count below 32 makes the right sides negative.
        let one = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: left, as: SIMD4<UInt64>.self)
        let other = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: right, as: SIMD4<UInt64>.self)
        let difference = one ^ other
        return difference[0] | difference[1] | difference[2] | difference[3] == 0
    }

    /// As ``isSame(_:_:)``, with 16 bytes.
    @inlinable @inline(__always)
    func isHalfSame(_ left: Int, _ right: Int) -> Bool {
        guard let one = block(at: left), let other = block(at: right) else { return false }
        let (ones, others) = (one.words, other.words)
        return ones.0 == others.0 && ones.1 == others.1
    }
}
