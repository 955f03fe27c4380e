/// Sixteen bytes compared at once.
///
/// Comparisons of whole vectors are one instruction each; the bytes' places are read from the two words of the mask,
/// for Swift has no way to a mask of bits.
public struct Block {
    public static let size = 16

    public let bytes: SIMD16<UInt8>

    @inlinable @inline(__always)
    public init(_ bytes: SIMD16<UInt8>) { self.bytes = bytes }

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
}
