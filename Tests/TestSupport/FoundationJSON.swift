import Foundation

/// Foundation's reader of JSON, as a second opinion.
public enum FoundationJSON {
    /// Whether `bytes` are a JSON text.
    public static func accepts(_ bytes: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
    }

    /// Whether a reader that keeps to RFC 8259 must say the same of `bytes`.
    ///
    /// Foundation guesses UTF-16 and UTF-32 from a NUL or a byte order mark, refuses lone surrogates where the RFC leaves the
    /// choice, refuses numbers outside of a double, and takes a comma behind the last element.
    public static func isComparable(_ bytes: [UInt8]) -> Bool {
        if bytes.contains(0) { return false }
        if let first = bytes.first, [0xEF, 0xFE, 0xFF].contains(first) { return false }
        var digits = 0
        var openings = 0
        var lastSign: UInt8 = 0
        for (place, byte) in bytes.enumerated() {
            digits = (0x30...0x39).contains(byte) ? digits + 1 : 0
            if digits >= 18 || (digits >= 3 && isExponent(bytes[..<(place + 1 - digits)])) { return false }
            let isClosing = byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
            if isClosing, lastSign == UInt8(ascii: ",") { return false }
            // How deep it goes is each reader's own limit.
            if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { openings += 1 }
            if openings > 100 { return false }
            if ![0x20, 0x09, 0x0A, 0x0D].contains(byte) { lastSign = byte }
            let isSurrogate = bytes[..<place].last == UInt8(ascii: "u") && byte | 0x20 == UInt8(ascii: "d")
            if isSurrogate, bytes[..<(place - 1)].last == UInt8(ascii: "\\") { return false }
        }
        return true
    }

    /// Whether digits behind `bytes` would be an exponent.
    private static func isExponent(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.suffix(2).contains { $0 | 0x20 == 0x65 }
    }
}
