import Basics

/// A writer of one compact JSON text as UTF-8.
///
/// The writer inserts commas. The caller must write one value after each key and close every container.
package struct JSONWriter: Sendable {
    /// The bytes written so far.
    package private(set) var bytes: [UInt8]
    /// Whether a comma is required before the next key or element.
    private var needsComma = false

    /// - Parameter bytes: The buffer to append to, whose capacity is reused.
    package init(appendingTo bytes: consuming [UInt8] = []) { self.bytes = bytes }

    package mutating func openObject() { open(UInt8(ascii: "{")) }

    package mutating func closeObject() { close(UInt8(ascii: "}")) }

    package mutating func openArray() { open(UInt8(ascii: "[")) }

    package mutating func closeArray() { close(UInt8(ascii: "]")) }

    /// Writes a key and its colon.
    package mutating func key(_ key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a key and its colon, which an earlier ``key(_:)-(String)`` has written.
    package mutating func key(written key: [UInt8]) {
        separate()
        bytes.append(contentsOf: key)
        needsComma = false
    }

    package mutating func string(_ value: String) {
        var value = value
        separate()
        bytes.append(UInt8(ascii: "\""))
        value.withUTF8 { text in unsafe Self.appendEscaped(text.span, to: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a string; `value` must be valid UTF-8.
    package mutating func string(_ value: Span<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Self.appendEscaped(value, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func integer(_ value: some FixedWidthInteger) {
        // Converts to one concrete type, because an unspecialized generic function is slow.
        if let value = Int64(exactly: value) { integer(value) } else { raw(String(value)) }
    }

    package mutating func integer(_ value: Int64) {
        separate()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        digits(value.magnitude)
    }

    package mutating func integer(_ value: Int) { integer(Int64(value)) }

    /// Writes a number with up to three decimals, or `null` for a number that is not finite.
    package mutating func number(_ value: Double) {
        guard value.isFinite else { return null() }
        // Above this limit, a double cannot represent thousandths, and the product would be inexact.
        guard abs(value) < 9e12 else { return raw("\(value)") }
        if Double(Int64(value)) == value { return integer(Int64(value)) }
        separate()
        let thousandths = Int64((value * 1000).rounded())
        let (whole, fraction) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1000)
        if thousandths < 0 { bytes.append(UInt8(ascii: "-")) }
        digits(whole)
        guard fraction != 0 else { return }
        bytes.append(UInt8(ascii: "."))
        bytes.append(UInt8(ascii: "0") + UInt8(fraction / 100))
        let hundredths = fraction % 100
        if hundredths > 0 { bytes.append(UInt8(ascii: "0") + UInt8(hundredths / 10)) }
        if hundredths % 10 > 0 { bytes.append(UInt8(ascii: "0") + UInt8(hundredths % 10)) }
    }

    /// Writes the digits of a number after its value has been started; writes no comma.
    package mutating func digits(_ value: UInt64) { bytes.append(decimal: value) }

    /// Writes a part of a JSON text, including its commas.
    ///
    /// The caller must ensure that the result is valid; no comma is written before the next value.
    package mutating func verbatim(_ part: Span<UInt8>) {
        bytes.append(copying: part)
        needsComma = false
    }

    /// Writes a string literal as ``verbatim(_:)-(Span<UInt8>)`` does.
    package mutating func verbatim(_ part: StaticString) {
        bytes.append(ascii: part)
        needsComma = false
    }

    package mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    package mutating func null() { raw("null") }

    /// Writes `json`, which must be one JSON value, unchanged.
    package mutating func raw(_ json: String) {
        separate()
        bytes.append(utf8: json)
    }

    /// Writes `json`, which must be one JSON value, unchanged.
    package mutating func raw(_ json: Span<UInt8>) {
        separate()
        bytes.append(copying: json)
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Escapes what RFC 8259 section 7 requires, and U+007F to U+009F, which terminals interpret.
    private static func appendEscaped(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
        var start = 0
        var index = 0
        while index < text.count {
            let block = text.stringBlock(at: index)
            let rest = StringBlock.mask(text.count - index)
            if (block.stops | block.positions(of: 0x7F)) & rest == 0 {
                index += StringBlock.size
                continue
            }
            let byte = text[index]
            // U+0080 to U+009F are two bytes, of which the second equals the code point.
            let isHighControl = byte == 0xC2 && 0x80..<0xA0 ~= text.byte(at: index + 1)
            let isPlain = byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != 0x7F
            guard !isPlain || isHighControl else {
                index += 1
                continue
            }
            bytes.append(copying: text.extracting(start..<index))
            appendEscape(of: isHighControl ? text[index + 1] : byte, to: &bytes)
            index += isHighControl ? 2 : 1
            start = index
        }
        bytes.append(copying: text.extracting(start..<text.count))
    }

    private static func appendEscape(of character: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch character {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(character)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(hexadecimal(character >> 4))
            bytes.append(hexadecimal(character & 15))
        }
    }

    private static func hexadecimal(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? nibble + UInt8(ascii: "0") : nibble - 10 + UInt8(ascii: "a")
    }
}
