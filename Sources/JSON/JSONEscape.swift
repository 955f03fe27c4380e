import Basics

/// The decoder of escape sequences in JSON strings.
package enum JSONEscape {
    /// Appends the content of `string`, a scanned string of `bytes`, to `output` as UTF-8 with its escapes decoded.
    ///
    /// An unpaired surrogate becomes U+FFFD. The result is never longer than the content.
    package static func append(_ string: JSONString, of bytes: Span<UInt8>, to output: inout [UInt8]) {
        var resolved: [UInt8] = []
        let count = resolve(string, of: bytes, into: &resolved)
        output.append(contentsOf: resolved[..<count])
    }

    /// Decodes as ``append(_:of:to:)`` does, but overwrites the content of `output`, which grows if needed and never
    /// shrinks.
    ///
    /// - Returns: The number of bytes of `output` that belong to the result.
    package static func resolve(_ string: JSONString, of bytes: Span<UInt8>, into output: inout [UInt8]) -> Int {
        let missing = string.range.count - output.count
        if missing > 0 { output.append(contentsOf: repeatElement(0, count: missing)) }
        var target = output.mutableSpan
        var position = string.range.lowerBound
        let end = string.range.upperBound
        var count = 0
        while position < end {
            let byte = bytes.byte(at: position)
            guard byte == UInt8(ascii: "\\") else {
                target[count] = byte
                (position, count) = (position + 1, count + 1)
                continue
            }
            let escape = bytes.byte(at: position + 1)
            if escape == UInt8(ascii: "u") {
                count += write(scalar(in: bytes, at: &position), to: &target, at: count)
            } else {
                target[count] = character(of: escape)
                (position, count) = (position + 2, count + 1)
            }
        }
        return count
    }

    /// Returns the four hexadecimal digits from `offset` as a UTF-16 code unit, or nil if they are not all valid.
    package static func codeUnit(in bytes: Span<UInt8>, at offset: Int) -> UInt32? {
        guard let word = bytes.word(at: offset) else { return codeUnitNearEnd(in: bytes, at: offset) }
        let characters = UInt32(truncatingIfNeeded: word)
        let letters = characters &>> 6 & 0x0101_0101
        let digits = (characters & 0x0F0F_0F0F) &+ letters &* 9
        // "0" to "9" are 0x30 to 0x39; "A" starts at 0x41 and "a" at 0x61.
        let isRightHalf = characters & 0xD0D0_D0D0 == 0x1010_1010 &+ letters &* 0x30
        let isRightCase = characters & 0x2020_2020 | letters &<< 5 == 0x2020_2020
        // A value is 10 or more (seen in the top bit) exactly for letters, and never 16.
        let isRightValue = (digits &+ 0x7676_7676) & 0x8080_8080 == letters &<< 7 && digits & 0xF0F0_F0F0 == 0
        guard isRightHalf, isRightCase, isRightValue else { return nil }
        let pairs = (digits.byteSwapped | digits.byteSwapped &>> 4) & 0x00FF_00FF
        return (pairs | pairs &>> 8) & 0xFFFF
    }

    private static func codeUnitNearEnd(in bytes: Span<UInt8>, at offset: Int) -> UInt32? {
        var unit: UInt32 = 0
        for index in 0..<4 {
            let byte = bytes.byte(at: offset + index)
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    /// Reads `\uXXXX`, including the escape of the low surrogate that follows a high one.
    private static func scalar(in bytes: Span<UInt8>, at position: inout Int) -> UInt32 {
        let replacement: UInt32 = 0xFFFD
        let unit = codeUnit(in: bytes, at: position + 2) ?? replacement
        position += 6
        guard unit & 0xF800 == 0xD800 else { return unit }
        guard unit & 0xFC00 == 0xD800, bytes.byte(at: position) == UInt8(ascii: "\\"),
            bytes.byte(at: position + 1) == UInt8(ascii: "u"), let low = codeUnit(in: bytes, at: position + 2),
            low & 0xFC00 == 0xDC00
        else { return replacement }
        position += 6
        return 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
    }

    private static func character(of escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: escape
        }
    }

    /// - Returns: The number of bytes written.
    private static func write(_ scalar: UInt32, to output: inout MutableSpan<UInt8>, at index: Int) -> Int {
        if scalar < 0x80 {
            output[index] = UInt8(scalar)
            return 1
        }
        let last = UInt8(0x80 | scalar & 0x3F)
        if scalar < 0x800 {
            output[index] = UInt8(0xC0 | scalar >> 6)
            output[index + 1] = last
            return 2
        }
        if scalar < 0x10000 {
            output[index] = UInt8(0xE0 | scalar >> 12)
            output[index + 1] = UInt8(0x80 | scalar >> 6 & 0x3F)
            output[index + 2] = last
            return 3
        }
        output[index] = UInt8(0xF0 | scalar >> 18 & 0x07)
        output[index + 1] = UInt8(0x80 | scalar >> 12 & 0x3F)
        output[index + 2] = UInt8(0x80 | scalar >> 6 & 0x3F)
        output[index + 3] = last
        return 4
    }
}
