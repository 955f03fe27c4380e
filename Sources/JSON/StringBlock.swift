#if arch(x86_64)
public import _Builtin_intrinsics.intel
#endif

/// Thirty-two bytes looked at at once.
public struct StringBlock {
    public static let size = 32

    public let bytes: SIMD32<UInt8>

    @inlinable @inline(__always)
    public init(_ bytes: SIMD32<UInt8>) { self.bytes = bytes }

    /// Where a run of plain string content ends, 0 to 31: at a quote, a backslash, a control character or a byte outside
    /// ASCII; 32 when all of the block is plain.
    @inlinable @inline(__always)
    public var firstStop: Int { stops.trailingZeroBitCount }

    /// A bit for each byte that ends a run of plain string content, or is a space or U+007F: no part of a word.
    @inlinable @inline(__always)
    public var gaps: UInt32 { stops | positions(of: 0x20) | positions(of: 0x7F) }

    /// How many digits the block starts with.
    @inlinable @inline(__always)
    public var leadingDigits: Int { (~digits).trailingZeroBitCount }

    /// How many digits stand from a place in the block on, as far as the block reaches.
    ///
    /// - Parameter place: Not negative.
    @inlinable @inline(__always)
    public func leadingDigits(from offset: Int) -> Int {
        offset < Self.size ? (~(digits &>> UInt32(truncatingIfNeeded: offset))).trailingZeroBitCount : 0
    }

    /// A bit for each of the first `count` bytes, all bits where a block has no more.
    ///
    /// - Parameter count: Not negative.
    @inlinable @inline(__always)
    public static func mask(_ count: Int) -> UInt32 { count < size ? ~(UInt32.max << UInt32(count)) : .max }
}

#if arch(x86_64)
extension StringBlock {
    /// A bit for each byte, the first one lowest.
    @inlinable @inline(__always)
    var stops: UInt32 {
        // Same size, and every pattern of bits is a value of each.
        let bytes = unsafe unsafeBitCast(bytes, to: __m256i.self)
        // As signed numbers, control characters are below the space and bytes outside ASCII below zero.
        let low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), bytes)
        let quotes = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x22))
        let backslashes = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x5C))
        return UInt32(
            bitPattern: _mm256_movemask_epi8(_mm256_or_si256(low, _mm256_or_si256(quotes, backslashes))))
    }

    /// A bit for each byte that is `byte`.
    @inlinable @inline(__always)
    public func positions(of byte: UInt8) -> UInt32 {
        let bytes = unsafe unsafeBitCast(bytes, to: __m256i.self)
        let wanted = _mm256_set1_epi8(CChar(bitPattern: byte))
        return UInt32(bitPattern: _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, wanted)))
    }

    /// A bit for each byte that is a digit.
    @inlinable @inline(__always)
    var digits: UInt32 {
        let bytes = unsafe unsafeBitCast(bytes, to: __m256i.self)
        let values = _mm256_sub_epi8(bytes, _mm256_set1_epi8(0x30))
        let areDigits = _mm256_cmpeq_epi8(_mm256_min_epu8(values, _mm256_set1_epi8(9)), values)
        return UInt32(bitPattern: _mm256_movemask_epi8(areDigits))
    }

    /// The bytes that differ, a bit for each, the first one lowest.
    @inlinable @inline(__always)
    public func differences(from other: StringBlock) -> UInt32 {
        let one = unsafe unsafeBitCast(bytes, to: __m256i.self)
        let other = unsafe unsafeBitCast(other.bytes, to: __m256i.self)
        return ~UInt32(bitPattern: _mm256_movemask_epi8(_mm256_cmpeq_epi8(one, other)))
    }
}
#else
extension StringBlock {
    @inlinable @inline(__always)
    var stops: UInt32 { portableStops }

    @inlinable @inline(__always)
    public func positions(of byte: UInt8) -> UInt32 { portablePositions(of: byte) }

    @inlinable @inline(__always)
    var digits: UInt32 { portableDigits }

    @inlinable @inline(__always)
    public func differences(from other: StringBlock) -> UInt32 { portableDifferences(from: other) }
}
#endif

/// With the arithmetic of vectors alone, for any machine.
extension StringBlock {
    @inlinable
    var portableStops: UInt32 {
        Self.bits(bytes) {
            ($0 .< SIMD16(repeating: 0x20)) .| ($0 .>= SIMD16(repeating: 0x80)) .| ($0 .== SIMD16(repeating: 0x22))
                .| ($0 .== SIMD16(repeating: 0x5C))
        }
    }

    @inlinable
    func portablePositions(of byte: UInt8) -> UInt32 { Self.bits(bytes) { $0 .== SIMD16(repeating: byte) } }

    @inlinable
    var portableDigits: UInt32 {
        Self.bits(bytes) { ($0 &- SIMD16(repeating: 0x30)) .< SIMD16(repeating: 10) }
    }

    @inlinable
    func portableDifferences(from other: StringBlock) -> UInt32 {
        Self.bits(bytes ^ other.bytes) { $0 .!= SIMD16(repeating: 0) }
    }

    @inlinable @inline(__always)
    static func bits(_ bytes: SIMD32<UInt8>, _ mask: (SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>>) -> UInt32 {
        bits(mask(bytes.lowHalf)) | bits(mask(bytes.highHalf)) << 16
    }

    /// Each byte keeps the bit of its place, and eight of them add up to a byte.
    @inlinable @inline(__always)
    static func bits(_ mask: SIMDMask<SIMD16<Int8>>) -> UInt32 {
        let weights = SIMD16<UInt8>(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128)
        let kept = SIMD16<UInt8>(repeating: 0).replacing(with: weights, where: mask)
        return UInt32(kept.lowHalf.wrappedSum()) | UInt32(kept.highHalf.wrappedSum()) << 8
    }
}
