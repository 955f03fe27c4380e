import JSON

/// Unicode's White_Space property, on UTF-8.
///
/// Source: <https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt>
enum WhiteSpace {
    /// `range` of `bytes`, which must be UTF-8, without white space at either end.
    @inline(__always)
    static func trimmed(_ range: Range<Int>, of bytes: Span<UInt8>) -> Range<Int> {
        // Nothing to cut where visible ASCII stands at both ends, as it mostly does.
        let first = bytes.byte(at: range.lowerBound)
        let last = bytes.byte(at: range.upperBound - 1)
        if !range.isEmpty, isVisible(first), isVisible(last) { return range }
        return cut(range, of: bytes)
    }

    /// Whether the byte is ASCII, and neither white space nor a control character.
    @inline(__always)
    static func isVisible(_ byte: UInt8) -> Bool { byte &- 0x21 < 0x7F - 0x21 }

    /// Whether the scalar has the property.
    static func contains(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    private static func cut(_ range: Range<Int>, of bytes: Span<UInt8>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end {
            let length = lengthOfSpace(in: bytes, at: start, end: end)
            if length == 0 { break }
            start += length
        }
        while start < end {
            var last = end - 1
            while last > start, bytes.byte(at: last) & 0xC0 == 0x80 { last -= 1 }
            if lengthOfSpace(in: bytes, at: last, end: end) == 0 { break }
            end = last
        }
        return start..<end
    }

    /// How many bytes the white space at `offset` has; 0 where there is none.
    private static func lengthOfSpace(in bytes: Span<UInt8>, at offset: Int, end: Int) -> Int {
        let first = bytes.byte(at: offset)
        switch first {
        case 0x09...0x0D, 0x20: return 1
        case 0xC2 where offset + 2 <= end:
            let second = bytes.byte(at: offset + 1)
            return second == 0x85 || second == 0xA0 ? 2 : 0
        case 0xE1...0xE3 where offset + 3 <= end:
            switch (first, bytes.byte(at: offset + 1), bytes.byte(at: offset + 2)) {
            case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8), (0xE2, 0x80, 0xA9),
                (0xE2, 0x80, 0xAF), (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80):
                return 3
            default: return 0
            }
        default: return 0
        }
    }
}
