import Foundation
import JSON

@testable import Processor

/// Base64 text: taken when RFC 4648 does, decoded as Foundation does, wherever it stands, over whatever stood in the buffer.
struct Base64Target: FuzzTarget {
    private let base64 = Base64.standard
    private var output: [UInt8] = []

    init() {}

    mutating func check(_ bytes: [UInt8]) {
        checkDecoding(bytes, from: Int(bytes.first ?? 0) % 40)
        // Most bytes are no base64, so their encoding is looked at as well.
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
        // Foundation takes bits that are left over and not zero; RFC 4648, section 3.5, lets a decoder choose.
        mustHold(expected.map { Array($0) } == Array(output[..<decoded.count]), "decoded unlike Foundation")
    }

    /// Whether the form is right; Foundation also takes padding in places where it has no business.
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
