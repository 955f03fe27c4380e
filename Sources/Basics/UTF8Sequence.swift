/// Validation of UTF-8 by table 3-7 of the Unicode Standard: overlong forms, surrogates and values above U+10FFFF are
/// invalid.
package enum UTF8Sequence {
    /// Returns the length of the well-formed sequence at `offset`, 1 to 4, or nil if there is none.
    package static func length(in bytes: Span<UInt8>, at offset: Int) -> Int? {
        guard offset >= 0, offset < bytes.count else { return nil }
        let first = bytes.byte(at: offset)
        if first < 0x80 { return 1 }
        let second = bytes.byte(at: offset + 1)
        switch first {
        case 0xC2...0xDF: return isContinuation(second) ? 2 : nil
        case 0xE0...0xEF:
            let lowest: UInt8 = first == 0xE0 ? 0xA0 : 0x80
            let highest: UInt8 = first == 0xED ? 0x9F : 0xBF
            guard (lowest...highest).contains(second), isContinuation(bytes.byte(at: offset + 2)) else { return nil }
            return 3
        case 0xF0...0xF4:
            let lowest: UInt8 = first == 0xF0 ? 0x90 : 0x80
            let highest: UInt8 = first == 0xF4 ? 0x8F : 0xBF
            guard (lowest...highest).contains(second), isContinuation(bytes.byte(at: offset + 2)),
                isContinuation(bytes.byte(at: offset + 3))
            else { return nil }
            return 4
        default: return nil
        }
    }

    /// Returns the offset of the first byte that is not part of a well-formed sequence, or nil if `bytes` are valid
    /// UTF-8.
    package static func firstInvalidOffset(in bytes: Span<UInt8>) -> Int? {
        var offset = 0
        while offset < bytes.count {
            if let word = bytes.word(at: offset), word & 0x8080_8080_8080_8080 == 0 {
                offset += 8
                continue
            }
            guard let length = length(in: bytes, at: offset) else { return offset }
            offset += length
        }
        return nil
    }

    @inline(__always)
    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
