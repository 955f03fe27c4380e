/// A base64 encoder that writes no line breaks.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc4648#section-4>
package enum Base64Text {
    /// The alphabet, and whether the last group is padded.
    package enum Form: Sendable {
        case padded
        /// The alphabet for URLs and file names, without padding.
        case urlWithoutPadding
    }

    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Returns `bytes` as base64.
    package static func encode(_ bytes: Span<UInt8>, _ form: Form = .padded) -> String {
        var text: [UInt8] = []
        append(bytes, form, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends `bytes` as base64 to `text`.
    package static func append(_ bytes: Span<UInt8>, _ form: Form = .padded, to text: inout [UInt8]) {
        let alphabet = form == .padded ? standard : url
        text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word: UInt32 = 0
            for index in 0..<3 { word = word << 8 | (index < count ? UInt32(bytes[start + index]) : 0) }
            for index in 0..<4 {
                if index <= count {
                    text.append(alphabet[Int(word >> UInt32(18 - 6 * index) & 63)])
                } else if form == .padded {
                    text.append(UInt8(ascii: "="))
                }
            }
        }
    }
}
