/// What escapes in a JSON string stand for.
public enum JSONEscape {
    /// Appends the content of `string`, a scanned string of `bytes`, to `output` as UTF-8 with its escapes resolved.
    ///
    /// A surrogate without its partner becomes U+FFFD. The result is never longer than the content.
    public static func append(_ string: JSONString, of bytes: Span<UInt8>, to output: inout [UInt8]) {
        var position = string.range.lowerBound
        let end = string.range.upperBound
        while position < end {
            var plainEnd = position
            while plainEnd < end, bytes.byte(at: plainEnd) != UInt8(ascii: "\\") { plainEnd += 1 }
            if plainEnd > position {
                output.append(copying: bytes.extracting(position..<plainEnd))
                position = plainEnd
                continue
            }
            let escape = bytes.byte(at: position + 1)
            if escape == UInt8(ascii: "u") {
                append(scalar(in: bytes, at: &position), to: &output)
            } else {
                output.append(character(of: escape))
                position += 2
            }
        }
    }

    /// The four hexadecimal digits from `offset` on as a UTF-16 code unit, or nil when they are not there.
    static func codeUnit(in bytes: Span<UInt8>, at offset: Int) -> UInt32? {
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

    /// Reads `\uXXXX`, and the low surrogate's escape behind a high one.
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

    private static func append(_ scalar: UInt32, to output: inout [UInt8]) {
        switch scalar {
        case 0..<0x80: output.append(UInt8(scalar))
        case 0x80..<0x800:
            output.append(UInt8(0xC0 | scalar >> 6))
            output.append(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x10000:
            output.append(UInt8(0xE0 | scalar >> 12))
            output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(0x80 | scalar & 0x3F))
        default:
            output.append(UInt8(0xF0 | scalar >> 18 & 0x07))
            output.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}
