/// Base64 with the standard alphabet, padded, for the short texts that headers carry.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc4648#section-4>
enum Base64Text {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Returns `bytes` as base64.
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for index in start..<start + 3 { word = word << 8 | (index < bytes.count ? UInt32(bytes[index]) : 0) }
            for index in 0..<4 {
                text.append(index > part.count ? UInt8(ascii: "=") : alphabet[Int(word >> UInt32(18 - 6 * index) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
