#if arch(x86_64)
public import _Builtin_intrinsics.intel
#endif

/// A block of thirty-two bytes that are compared at once.
@usableFromInline
package struct StringBlock {
    @usableFromInline package static let size = 32

    @usableFromInline package let bytes: SIMD32<UInt8>

    @inlinable @inline(__always)
    package init(_ bytes: SIMD32<UInt8>) { self.bytes = bytes }

    /// The end of plain string content, 0 to 31: the index of the first quote, backslash, control character or byte
    /// outside ASCII; 32 if the whole block is plain.
    @inlinable @inline(__always)
    package var firstStop: Int { stops.trailingZeroBitCount }

    /// A bit for each byte that ends plain string content or is a space or U+007F, which separate words.
    @inlinable @inline(__always)
    package var gaps: UInt32 { stops | positions(of: 0x20) | positions(of: 0x7F) }

    /// The number of digits at the start of the block.
    @inlinable @inline(__always)
    package var leadingDigits: Int { (~digits).trailingZeroBitCount }

    /// Returns the number of digits from `offset` to the end of the block.
    ///
    /// - Parameter offset: A number that is not negative.
    @inlinable @inline(__always)
    package func leadingDigits(from offset: Int) -> Int {
        offset < Self.size ? (~(digits &>> UInt32(truncatingIfNeeded: offset))).trailingZeroBitCount : 0
    }

    /// Returns a bit for each of the first `count` bytes; all bits if `count` exceeds the block's size.
    ///
    /// - Parameter count: A number that is not negative.
    @inlinable @inline(__always)
    package static func mask(_ count: Int) -> UInt32 { count < size ? ~(UInt32.max << UInt32(count)) : .max }
}

extension StringBlock {
    /// Any number that differs for most short texts, and for most numbers with them.
    @inlinable @inline(__always)
    package func hash(_ number: UInt32) -> UInt64 {
        // Same size, and every pattern of bits is a value of each.
        let words = unsafe unsafeBitCast(bytes, to: (UInt64, UInt64, UInt64, UInt64).self)
        return (words.0 ^ words.1 &* 31 ^ words.2 ^ UInt64(number)) &* 0x9E37_79B9_7F4A_7C15
    }
}

#if arch(x86_64)
extension StringBlock {
    /// Returns a bit for each byte; the lowest bit is the first byte.
    @inlinable @inline(__always)
    package var stops: UInt32 {
        // The types have the same size, and every bit pattern is valid for both.
        let bytes = unsafe unsafeBitCast(bytes, to: __m256i.self)
        // In signed comparison, control characters are less than a space, and bytes outside ASCII less than zero.
        let low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), bytes)
        let quotes = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x22))
        let backslashes = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x5C))
        return UInt32(
            bitPattern: _mm256_movemask_epi8(_mm256_or_si256(low, _mm256_or_si256(quotes, backslashes))))
    }

    /// Returns a bit for each byte that equals `byte`.
    @inlinable @inline(__always)
    package func positions(of byte: UInt8) -> UInt32 {
        let bytes = unsafe unsafeBitCast(bytes, to: __m256i.self)
        let wanted = _mm256_set1_epi8(CChar(bitPattern: byte))
        return UInt32(bitPattern: _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, wanted)))
    }

    /// A bit for each digit.
    @inlinable @inline(__always)
    package var digits: UInt32 {
        let bytes = unsafe unsafeBitCast(bytes, to: __m256i.self)
        let values = _mm256_sub_epi8(bytes, _mm256_set1_epi8(0x30))
        let areDigits = _mm256_cmpeq_epi8(_mm256_min_epu8(values, _mm256_set1_epi8(9)), values)
        return UInt32(bitPattern: _mm256_movemask_epi8(areDigits))
    }

    /// Returns a bit for each byte that differs; the lowest bit is the first byte.
    @inlinable @inline(__always)
    package func differences(from other: StringBlock) -> UInt32 {
        let one = unsafe unsafeBitCast(bytes, to: __m256i.self)
        let other = unsafe unsafeBitCast(other.bytes, to: __m256i.self)
        return ~UInt32(bitPattern: _mm256_movemask_epi8(_mm256_cmpeq_epi8(one, other)))
    }

    /// The first bytes, and zeros instead of those behind them.
    ///
    /// - Parameter count: 0 to 32.
    @inlinable @inline(__always)
    package func start(_ count: Int) -> StringBlock {
        let bytes = unsafe unsafeBitCast(bytes, to: __m256i.self)
        let positions = _mm256_setr_epi8(
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
            29, 30, 31)
        let isKept = _mm256_cmpgt_epi8(_mm256_set1_epi8(CChar(truncatingIfNeeded: count)), positions)
        return StringBlock(unsafe unsafeBitCast(_mm256_and_si256(bytes, isKept), to: SIMD32<UInt8>.self))
    }
}
#else
extension StringBlock {
    @inlinable @inline(__always)
    package var stops: UInt32 { portableStops }

    @inlinable @inline(__always)
    package func positions(of byte: UInt8) -> UInt32 { portablePositions(of: byte) }

    @inlinable @inline(__always)
    package var digits: UInt32 { portableDigits }

    @inlinable @inline(__always)
    package func differences(from other: StringBlock) -> UInt32 { portableDifferences(from: other) }

    @inlinable @inline(__always)
    package func start(_ count: Int) -> StringBlock { portableStart(count) }
}
#endif

/// The portable implementation, with the standard library's vectors.
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

    @inlinable
    func portableStart(_ count: Int) -> StringBlock {
        var words = unsafe unsafeBitCast(bytes, to: SIMD4<UInt64>.self)
        for index in 0..<4 {
            let kept = min(max(count - 8 * index, 0), 8)
            words[index] &= kept == 0 ? 0 : .max >> UInt64(64 - 8 * kept)
        }
        return StringBlock(unsafe unsafeBitCast(words, to: SIMD32<UInt8>.self))
    }

    @inlinable @inline(__always)
    static func bits(_ bytes: SIMD32<UInt8>, _ mask: (SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>>) -> UInt32 {
        bits(mask(bytes.lowHalf)) | bits(mask(bytes.highHalf)) << 16
    }

    /// Each byte keeps the bit of its index, and eight of them add up to a byte.
    @inlinable @inline(__always)
    static func bits(_ mask: SIMDMask<SIMD16<Int8>>) -> UInt32 {
        let weights = SIMD16<UInt8>(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128)
        let kept = SIMD16<UInt8>(repeating: 0).replacing(with: weights, where: mask)
        return UInt32(kept.lowHalf.wrappedSum()) | UInt32(kept.highHalf.wrappedSum()) << 8
    }
}
