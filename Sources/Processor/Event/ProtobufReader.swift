import Basics
import JSON

/// A reader of the fields of a protobuf message.
///
/// Source: <https://protobuf.dev/programming-guides/encoding/>
struct ProtobufReader {
    enum Value {
        case integer(UInt64)
        /// The range of text, bytes or an embedded message.
        case bytes(Range<Int>)
        /// A fixed number of 32 or 64 bits, which aggregates do not contain.
        case fixed
    }

    private var position: Int
    private let end: Int

    init(_ message: Range<Int>) {
        position = message.lowerBound
        end = message.upperBound
    }

    /// Reads the next field; returns nil at the end.
    mutating func next(in bytes: Span<UInt8>) throws(PayloadError) -> (number: UInt64, value: Value)? {
        guard position < end else { return nil }
        let tag = try variableInteger(in: bytes)
        guard tag >> 3 != 0 else { throw Self.damaged }
        switch tag & 7 {
        case 0: return (tag >> 3, .integer(try variableInteger(in: bytes)))
        case 1: return (tag >> 3, try fixed(8))
        case 2:
            let length = try variableInteger(in: bytes)
            guard length <= UInt64(end - position) else { throw Self.damaged }
            let range = position..<position + Int(length)
            position = range.upperBound
            return (tag >> 3, .bytes(range))
        case 5: return (tag >> 3, try fixed(4))
        default: throw Self.damaged
        }
    }

    private mutating func fixed(_ length: Int) throws(PayloadError) -> Value {
        guard length <= end - position else { throw Self.damaged }
        position += length
        return .fixed
    }

    private mutating func variableInteger(in bytes: Span<UInt8>) throws(PayloadError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < end else { throw Self.damaged }
            let byte = bytes.byte(at: position)
            position += 1
            if shift == 63, byte > 1 { throw Self.damaged }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Self.damaged
    }

    private static let damaged = PayloadError(.kpl, "data is an aggregate, and its protobuf message is damaged or cut")
}
