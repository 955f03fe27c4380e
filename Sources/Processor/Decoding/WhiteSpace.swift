import Basics
import JSON

/// The White_Space property of Unicode, for UTF-8.
///
/// Source: <https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt>
enum WhiteSpace {
    /// Returns `range` of `bytes`, which must be UTF-8, without leading and trailing white space.
    @inline(__always)
    static func trimmed(_ range: Range<Int>, of bytes: Span<UInt8>) -> Range<Int> {
        // Usually both ends are visible ASCII, so there is nothing to trim.
        let first = bytes.byte(at: range.lowerBound)
        let last = bytes.byte(at: range.upperBound - 1)
        if !range.isEmpty, isVisible(first), isVisible(last) { return range }
        return cut(range, of: bytes)
    }

    /// Returns whether the byte is visible ASCII, which excludes white space and control characters.
    @inline(__always)
    static func isVisible(_ byte: UInt8) -> Bool { byte &- 0x21 < 0x7F - 0x21 }

    /// Returns whether the scalar has the property.
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

    /// Returns the number of bytes of the white space at `offset`; 0 if there is none.
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
