import Foundation
import JSON

@testable import Processor

/// Base64 text: accepted as RFC 4648 requires and decoded as Foundation does, at any offset and over any previous
/// content.
struct Base64Target: FuzzTarget {
    private let base64 = Base64.standard
    private var output: [UInt8] = []

    init() {}

    mutating func check(_ bytes: [UInt8]) {
        checkDecoding(bytes, from: Int(bytes.first ?? 0) % 40)
        // Most bytes are not valid base64, so their encoding is tested as well.
        let encoded = Array(Base64Text.encode(bytes.span).utf8)
        mustHold(encoded == Array(Data(bytes).base64EncodedString().utf8), "encoded unlike Foundation")
        checkDecoding(encoded, from: bytes.count % 40)
    }

    private mutating func checkDecoding(_ text: [UInt8], from offset: Int) {
        let input = [UInt8](repeating: UInt8(ascii: "\""), count: offset) + text + [UInt8(ascii: "\"")]
        let decoded = base64.decode(input.span, from: offset, into: &output)
        let expected = Data(base64Encoded: Data(text))
        guard let decoded, decoded.end == offset + text.count else {
            return mustHold(!Self.isRight(text), "refused, and nothing is wrong with it")
        }
        mustHold(decoded.count <= output.count, "\(decoded.count) bytes in a buffer of \(output.count)")
        // Foundation accepts non-zero trailing bits; RFC 4648, section 3.5, allows a decoder to reject them.
        mustHold(expected.map { Array($0) } == Array(output[..<decoded.count]), "decoded unlike Foundation")
    }

    /// Returns whether the format is valid; Foundation also accepts padding at invalid positions.
    private static func isRight(_ text: [UInt8]) -> Bool {
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        return text.count % 4 == 0 && padding <= 2
            && text.dropLast(padding).allSatisfy { character in
                switch character {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }
}
