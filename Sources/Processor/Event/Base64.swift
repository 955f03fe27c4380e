import JSON

/// Base64 with the standard alphabet, padded, without line breaks.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc4648#section-4>
struct Base64: Sendable {
    /// The six bits of each character, in the place they have in a word of four; the top bit where it is none.
    ///
    /// Arrays and not inline: a copy of this value must not copy 4 KiB.
    private let first = Self.table(shift: 18)
    private let second = Self.table(shift: 12)
    private let third = Self.table(shift: 6)
    private let fourth = Self.table(shift: 0)

    private static let invalid: UInt32 = 0x8000_0000

    /// Appends what the characters from `offset` on stand for to `output`, up to the first that is not of the alphabet.
    ///
    /// - Returns: Where the text ends, padding included; nil when it has no right end, with an unspecified part appended.
    func decode(_ bytes: Span<UInt8>, from offset: Int, into output: inout [UInt8]) -> Int? {
        var position = offset
        // Whole chunks of 64 characters first, so that the output grows once for 48 bytes.
        var chunk = [48 of UInt8](repeating: 0)
        chunks: while position <= bytes.count - 64 {
            for index in 0..<8 {
                guard let word = bytes.word(at: position + 8 * index) else { break chunks }
                let high = quantum(UInt32(truncatingIfNeeded: word))
                let low = quantum(UInt32(truncatingIfNeeded: word >> 32))
                if (high | low) & Self.invalid != 0 { break chunks }
                chunk[6 * index] = UInt8(truncatingIfNeeded: high >> 16)
                chunk[6 * index + 1] = UInt8(truncatingIfNeeded: high >> 8)
                chunk[6 * index + 2] = UInt8(truncatingIfNeeded: high)
                chunk[6 * index + 3] = UInt8(truncatingIfNeeded: low >> 16)
                chunk[6 * index + 4] = UInt8(truncatingIfNeeded: low >> 8)
                chunk[6 * index + 5] = UInt8(truncatingIfNeeded: low)
            }
            output.append(copying: chunk.span)
            position += 64
        }
        while true {
            let characters = [4 of UInt8] { bytes.byte(at: position + $0) }
            let value = quantum(characters)
            guard value & Self.invalid != 0 else {
                output.append(UInt8(truncatingIfNeeded: value >> 16))
                output.append(UInt8(truncatingIfNeeded: value >> 8))
                output.append(UInt8(truncatingIfNeeded: value))
                position += 4
                continue
            }
            return last(characters, at: position, into: &output)
        }
    }

    /// The end of the text: nothing, or a padded quantum of one or two bytes.
    private func last(_ characters: InlineArray<4, UInt8>, at position: Int, into output: inout [UInt8]) -> Int? {
        let padding = UInt8(ascii: "=")
        if first[Int(characters[0])] & Self.invalid != 0 { return characters[0] == padding ? nil : position }
        let value = first[Int(characters[0])] | second[Int(characters[1])]
        guard value & Self.invalid == 0, characters[3] == padding else { return nil }
        output.append(UInt8(truncatingIfNeeded: value >> 16))
        if characters[2] == padding { return position + 4 }
        let third = third[Int(characters[2])]
        guard third & Self.invalid == 0 else { return nil }
        output.append(UInt8(truncatingIfNeeded: (value | third) >> 8))
        return position + 4
    }

    @inline(__always)
    private func quantum(_ word: UInt32) -> UInt32 {
        first[Int(word & 0xFF)] | second[Int(word >> 8 & 0xFF)] | third[Int(word >> 16 & 0xFF)]
            | fourth[Int(word >> 24)]
    }

    @inline(__always)
    private func quantum(_ characters: InlineArray<4, UInt8>) -> UInt32 {
        first[Int(characters[0])] | second[Int(characters[1])] | third[Int(characters[2])] | fourth[Int(characters[3])]
    }

    private static func table(shift: UInt32) -> [UInt32] {
        var table = [UInt32](repeating: invalid, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, character) in alphabet.utf8.enumerated() { table[Int(character)] = UInt32(value) << shift }
        return table
    }
}

extension Base64 {
    /// `bytes` as base64 text.
    static func encode(_ bytes: Span<UInt8>) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word: UInt32 = 0
            for index in 0..<3 { word = word << 8 | (index < count ? UInt32(bytes[start + index]) : 0) }
            for index in 0..<4 {
                let isPadding = index > count
                text.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(word >> UInt32(18 - 6 * index) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
