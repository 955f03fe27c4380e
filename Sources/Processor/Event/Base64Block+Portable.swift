/// The portable implementation, which uses vector arithmetic without table lookups.
extension Base64Block {
    private typealias Characters = SIMD32<UInt8>
    private typealias Mask = SIMDMask<SIMD32<Int8>>
    /// The same bits as words: Swift compiles bit operations on four words to one instruction, and those on 32 bytes to a loop.
    private typealias Words = SIMD4<UInt64>

    @inline(__always)
    init(portably characters: SIMD32<UInt8>) {
        let upper: Mask = (characters &- Characters(repeating: UInt8(ascii: "A"))) .< Characters(repeating: 26)
        let lower: Mask = (characters &- Characters(repeating: UInt8(ascii: "a"))) .< Characters(repeating: 26)
        let digit: Mask = (characters &- Characters(repeating: UInt8(ascii: "0"))) .< Characters(repeating: 10)
        let plus: Mask = characters .== Characters(repeating: UInt8(ascii: "+"))
        let slash: Mask = characters .== Characters(repeating: UInt8(ascii: "/"))
        // The difference between each character and its six bits: 0 - "A", 26 - "a", 52 - "0", 62 - "+" and 63 - "/".
        let distance =
            (Self.words(upper) & Self.every(0xBF)) | (Self.words(lower) & Self.every(0xB9))
            | (Self.words(digit) & Self.every(0x04)) | (Self.words(plus) & Self.every(0x13))
            | (Self.words(slash) & Self.every(0x10))
        let sextets = characters &+ (unsafe unsafeBitCast(distance, to: Characters.self))
        output = Self.packed(unsafe unsafeBitCast(sextets, to: SIMD8<UInt32>.self))
        let valid = Self.words(upper .| lower .| digit .| plus .| slash)
        validCount =
            valid[0] & valid[1] & valid[2] & valid[3] == .max ? Self.characters : Self.firstInvalid(valid)
    }

    private static func firstInvalid(_ valid: Words) -> Int {
        for index in 0..<4 where valid[index] != .max {
            return index * 8 + (~UInt64(littleEndian: valid[index])).trailingZeroBitCount / 8
        }
        return characters
    }

    /// Joins the six bits of each byte: 6 + 6 in each 16 bits, 12 + 12 in each 32 bits, and these three bytes in order.
    @inline(__always)
    private static func packed(_ sextets: SIMD8<UInt32>) -> SIMD32<UInt8> {
        let low = SIMD8<UInt32>(repeating: 0x003F_003F)
        let pairs =
            ((sextets & low) &<< SIMD8<UInt32>(repeating: 6)) | ((sextets &>> SIMD8<UInt32>(repeating: 8)) & low)
        let quanta =
            ((pairs & SIMD8<UInt32>(repeating: 0xFFFF)) &<< SIMD8<UInt32>(repeating: 12))
            | (pairs &>> SIMD8<UInt32>(repeating: 16))
        let v = unsafe unsafeBitCast(quanta, to: Characters.self)
        // Three bytes of each four, the highest one first; the fourth one is zero.
        return Characters(
            v[2], v[1], v[0], v[6], v[5], v[4], v[10], v[9], v[8], v[14], v[13], v[12],
            v[18], v[17], v[16], v[22], v[21], v[20], v[26], v[25], v[24], v[30], v[29], v[28],
            v[3], v[3], v[3], v[3], v[3], v[3], v[3], v[3])
    }

    @inline(__always)
    private static func every(_ byte: UInt8) -> Words { Words(repeating: UInt64(byte) &* 0x0101_0101_0101_0101) }

    // All of these types have 32 bytes, and every bit pattern is valid for each.
    @inline(__always)
    private static func words(_ mask: Mask) -> Words { unsafe unsafeBitCast(mask, to: Words.self) }
}
