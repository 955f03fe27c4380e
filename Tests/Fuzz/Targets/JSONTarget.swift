import Foundation
import JSON

/// Documents: skipped and walked alike, read back as written, and taken or refused as Foundation does.
struct JSONTarget: FuzzTarget {
    func check(_ bytes: [UInt8]) {
        let refusal = refusal(of: bytes)
        let value = try? JSONValue(parsing: bytes)
        // A tree of values has no byte order mark in front, and so neither has what is compared.
        if bytes.first != 0xEF { mustHold((value == nil) == (refusal != nil), "skipping and walking differ") }
        if let value {
            var writer = JSONWriter()
            value.write(to: &writer)
            mustHold((try? JSONValue(parsing: writer.bytes)) == value, "not read as it was written")
        }
        guard Foundation.isComparable(bytes) else { return }
        let parsed = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        mustHold((parsed != nil) == (refusal == nil), "Foundation differs: \(refusal.map { "\($0)" } ?? "accepted")")
    }

    private func refusal(of bytes: [UInt8]) -> JSONError? {
        var scanner = JSONScanner()
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes.span)
            try scanner.skipValue(in: bytes.span)
            try scanner.finish(in: bytes.span)
            return nil
        } catch {
            mustHold((0...bytes.count).contains(scanner.offset), "stands at \(scanner.offset) of \(bytes.count)")
            return error
        }
    }

    private enum Foundation {
        /// Whether Foundation must say the same of `bytes`.
        ///
        /// It guesses UTF-16 from a NUL or a byte order mark, refuses lone surrogates where this scanner puts U+FFFD and
        /// numbers outside of a double, and takes a comma behind the last element.
        static func isComparable(_ bytes: [UInt8]) -> Bool {
            if bytes.contains(0) { return false }
            if let first = bytes.first, [0xEF, 0xFE, 0xFF].contains(first) { return false }
            var (digits, depth) = (0, 0)
            var lastSign: UInt8 = 0
            for (place, byte) in bytes.enumerated() {
                digits = (0x30...0x39).contains(byte) ? digits + 1 : 0
                if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
                // Zeros may stand in front of an exponent, so any exponent of three digits is left out.
                if digits >= 18 || depth > 32 || digits >= 3 && Self.hasExponent(bytes[..<place]) { return false }
                if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}"), lastSign == UInt8(ascii: ",") {
                    return false
                }
                if ![0x20, 0x09, 0x0A, 0x0D].contains(byte) { lastSign = byte }
                if byte | 0x20 == UInt8(ascii: "d"), bytes[..<place].last == UInt8(ascii: "u") { return false }
            }
            return true
        }

        private static func hasExponent(_ bytes: ArraySlice<UInt8>) -> Bool {
            bytes.reversed().drop { (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D }.first.map { $0 | 0x20 }
                == UInt8(ascii: "e")
        }
    }
}
