import Foundation

/// Foundation's JSON parser, as a second implementation.
package enum FoundationJSON {
    /// Returns whether `bytes` are a JSON text.
    package static func accepts(_ bytes: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
    }

    /// Returns whether any parser that follows RFC 8259 must treat `bytes` the same.
    ///
    /// Foundation guesses UTF-16 and UTF-32 from a NUL or a byte order mark, rejects unpaired surrogates where the RFC
    /// allows both, rejects numbers outside of a double's range, and accepts a comma after the last element.
    package static func isComparable(_ bytes: [UInt8]) -> Bool {
        if bytes.contains(0) { return false }
        if let first = bytes.first, [0xEF, 0xFE, 0xFF].contains(first) { return false }
        var digits = 0
        var openings = 0
        var lastSign: UInt8 = 0
        for (position, byte) in bytes.enumerated() {
            digits = (0x30...0x39).contains(byte) ? digits + 1 : 0
            if digits >= 18 || (digits >= 3 && isExponent(bytes[..<(position + 1 - digits)])) { return false }
            let isClosing = byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
            if isClosing, lastSign == UInt8(ascii: ",") { return false }
            // The maximum depth is specific to each parser.
            if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { openings += 1 }
            if openings > 100 { return false }
            if ![0x20, 0x09, 0x0A, 0x0D].contains(byte) { lastSign = byte }
            let isSurrogate = bytes[..<position].last == UInt8(ascii: "u") && byte | 0x20 == UInt8(ascii: "d")
            if isSurrogate, bytes[..<(position - 1)].last == UInt8(ascii: "\\") { return false }
        }
        return true
    }

    /// Returns whether digits after `bytes` would be an exponent.
    private static func isExponent(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.suffix(2).contains { $0 | 0x20 == 0x65 }
    }
}
