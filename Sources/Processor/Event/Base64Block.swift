#if arch(x86_64)
import _Builtin_intrinsics.intel
#endif

/// A block of 32 base64 characters, which are decoded at once.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc4648#section-4>
struct Base64Block {
    static let characters = 32
    /// The number of bytes that a block decodes to.
    static let bytes = 24

    /// The decoded bytes: twenty-four, followed by eight without meaning.
    let output: SIMD32<UInt8>
    /// The number of characters before the first one that is not in the alphabet; only their output is valid.
    let validCount: Int

    var isValid: Bool {
        @inline(__always) get { validCount == Self.characters }
    }

    #if !arch(x86_64)
    @inline(__always)
    init(_ characters: SIMD32<UInt8>) { self.init(portably: characters) }
    #endif
}

#if arch(x86_64)
/// The implementation with AVX2, whose shuffles look up sixteen values at once.
///
/// Source: Muła and Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions",
/// <https://arxiv.org/abs/1704.00605>
extension Base64Block {
    @inline(__always)
    init(_ characters: SIMD32<UInt8>) {
        // Both types have the same size, and every bit pattern is valid for each.
        let input = unsafe unsafeBitCast(characters, to: __m256i.self)
        let low = _mm256_and_si256(input, _mm256_set1_epi8(0x0F))
        let high = _mm256_and_si256(_mm256_srli_epi32(input, 4), _mm256_set1_epi8(0x0F))
        // A character is in the alphabet unless both of its halves belong to a common class of invalid characters.
        let classes = _mm256_and_si256(
            _mm256_shuffle_epi8(Self.lowClasses, low), _mm256_shuffle_epi8(Self.highClasses, high))
        let valid = UInt32(
            bitPattern: _mm256_movemask_epi8(_mm256_cmpeq_epi8(classes, _mm256_setzero_si256())))
        validCount = (~valid).trailingZeroBitCount
        // The difference between each character and its six bits, by its high half; "/" has the same high half as "+", and
        // uses an unused one.
        let slash = _mm256_cmpeq_epi8(input, _mm256_set1_epi8(0x2F))
        let distance = _mm256_shuffle_epi8(Self.distances, _mm256_add_epi8(slash, high))
        // 6 + 6 bits in each 16, 12 + 12 in each 32, these three bytes in order, and the bytes of both lanes next to each other.
        let pairs = _mm256_maddubs_epi16(_mm256_add_epi8(input, distance), _mm256_set1_epi32(0x0140_0140))
        let quanta = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x0001_1000))
        let ordered = _mm256_shuffle_epi8(quanta, Self.order)
        output = unsafe unsafeBitCast(
            _mm256_permutevar8x32_epi32(ordered, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7)),
            to: SIMD32<UInt8>.self)
    }

    /// For the low half of a character, one bit for each class of invalid characters that it can belong to.
    private static var lowClasses: __m256i {
        @inline(__always) get {
            twice(
                _mm_setr_epi8(
                    0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A))
        }
    }

    /// The same as ``lowClasses``, for the high half.
    private static var highClasses: __m256i {
        @inline(__always) get {
            twice(
                _mm_setr_epi8(
                    0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10))
        }
    }

    /// The differences by high half: 63 - "/", 62 - "+", 52 - "0", and 0 - "A" and 26 - "a" twice each.
    private static var distances: __m256i {
        @inline(__always) get {
            twice(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0))
        }
    }

    /// The byte order: three of each four bytes, the highest one first; four zeros at the end.
    private static var order: __m256i {
        @inline(__always) get {
            twice(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1))
        }
    }

    @inline(__always)
    private static func twice(_ lane: __m128i) -> __m256i { _mm256_broadcastsi128_si256(lane) }
}
#endif
