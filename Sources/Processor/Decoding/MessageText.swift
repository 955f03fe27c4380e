import Basics
import JSON

/// Values from records in a form that is safe in messages: shortened, and without control characters.
package enum MessageText {
    /// The most Unicode scalars to show of a value.
    private static let limit = 100

    static func shown(_ range: Range<Int>, of bytes: Span<UInt8>) -> String {
        // A scalar has at most four bytes.
        let end = min(range.upperBound, range.lowerBound + 4 * limit)
        let scalars = bytes.string(range.lowerBound..<end).unicodeScalars
        let isWhole = end == range.upperBound && scalars.count <= limit
        return isWhole ? escaped(String(scalars)) : escaped(String(scalars.prefix(limit))) + "..."
    }

    /// Returns `text` with control characters, and characters that change the text direction, as `\u{...}`.
    package static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar) {
                result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
