import Basics
import JSON

/// A decoder of base64 with the standard alphabet, with padding, without line breaks.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc4648#section-4>
struct Base64: Sendable {
    /// The six bits of each character, shifted to their position in a group of four; the top bit is set for other characters.
    ///
    /// Arrays, not inline storage, so that a copy of this value does not copy 4 KiB.
    private let first = Self.table(shift: 18)
    private let second = Self.table(shift: 12)
    private let third = Self.table(shift: 6)
    private let fourth = Self.table(shift: 0)

    private static let invalid: UInt32 = 0x8000_0000

    /// The only instance; all copies share its tables.
    static let standard = Base64()

    private init() {}

    /// Decodes the characters from `offset` up to the first one that is not in the alphabet.
    ///
    /// - Parameter output: Receives `count` decoded bytes, followed by ``zeros`` zeros; it grows if necessary, and never shrinks.
    /// - Returns: The end of the text, including padding; nil if its end is invalid.
    func decode(
        _ bytes: Span<UInt8>, from offset: Int, into output: inout [UInt8]
    ) -> (end: Int, count: Int)? {
        guard let (end, count) = decoded(bytes, from: offset, into: &output) else { return nil }
        let missing = count + Self.zeros - output.count
        if missing > 0 { output.append(contentsOf: repeatElement(0, count: missing)) }
        // In bounds: at least as many bytes follow the first `count`.
        unsafe output.withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: SIMD32(repeating: 0), toByteOffset: count, as: SIMD32<UInt8>.self)
        }
        return (end, count)
    }

    /// The number of zeros after the decoded bytes, so that a ``StringBlock`` can be read at each byte.
    static let zeros = StringBlock.size

    private func decoded(
        _ bytes: Span<UInt8>, from offset: Int, into output: inout [UInt8]
    ) -> (end: Int, count: Int)? {
        var (position, count) = blocks(of: bytes, from: offset, into: &output)
        // The rest of the last block, and the padding: fewer than 32 characters if all are valid.
        while true {
            if output.count - count < 3 { output.append(contentsOf: repeatElement(0, count: 1024)) }
            let characters = [4 of UInt8] { bytes.byte(at: position + $0) }
            let value = quantum(characters)
            guard value & Self.invalid != 0 else {
                output[count] = UInt8(truncatingIfNeeded: value >> 16)
                output[count + 1] = UInt8(truncatingIfNeeded: value >> 8)
                output[count + 2] = UInt8(truncatingIfNeeded: value)
                (position, count) = (position + 4, count + 3)
                continue
            }
            return last(characters, at: position, into: &output, count)
        }
    }

    /// Decodes whole blocks, and the groups of four in the last block before the first character that is not in the alphabet.
    private func blocks(
        of bytes: Span<UInt8>, from offset: Int, into output: inout [UInt8]
    ) -> (position: Int, count: Int) {
        var (position, count) = (offset, 0)
        var isAtEnd = offset < 0
        while !isAtEnd, position <= bytes.count - Base64Block.characters {
            if output.count - count < Base64Block.characters {
                output.append(contentsOf: repeatElement(0, count: max(1024, output.count)))
            }
            (position, count, isAtEnd) = unsafe output.withUnsafeMutableBytes { target in
                unsafe blocks(of: bytes, from: position, into: target, at: count)
            }
        }
        return (position, count)
    }

    /// - Parameter position: Not negative, like `start`.
    private func blocks(
        of bytes: Span<UInt8>, from position: Int, into output: UnsafeMutableRawBufferPointer, at start: Int
    ) -> (position: Int, count: Int, isAtEnd: Bool) {
        let lastPosition = bytes.count - Base64Block.characters
        let lastCount = output.count - Base64Block.characters
        var (position, count) = (position, start)
        while position <= lastPosition, count <= lastCount {
            // In bounds: the loop's conditions leave 32 bytes to read and 32 to write.
            let block = Base64Block(
                unsafe bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: SIMD32<UInt8>.self))
            unsafe output.storeBytes(of: block.output, toByteOffset: count, as: SIMD32<UInt8>.self)
            guard block.isValid else {
                // The output of complete groups before the end is valid; the bytes after it are overwritten.
                let quanta = block.validCount / 4
                return (position + 4 * quanta, count + 3 * quanta, true)
            }
            position &+= Base64Block.characters
            count &+= Base64Block.bytes
        }
        return (position, count, false)
    }

    /// Decodes the end of the text: nothing, or a padded group of one or two bytes.
    private func last(
        _ characters: InlineArray<4, UInt8>, at position: Int, into output: inout [UInt8], _ count: Int
    ) -> (end: Int, count: Int)? {
        let padding = UInt8(ascii: "=")
        if first[Int(characters[0])] & Self.invalid != 0 {
            return characters[0] == padding ? nil : (position, count)
        }
        let value = first[Int(characters[0])] | second[Int(characters[1])]
        guard value & Self.invalid == 0, characters[3] == padding else { return nil }
        var output = output.mutableSpan
        output[count] = UInt8(truncatingIfNeeded: value >> 16)
        if characters[2] == padding { return (position + 4, count + 1) }
        let third = third[Int(characters[2])]
        guard third & Self.invalid == 0 else { return nil }
        output[count + 1] = UInt8(truncatingIfNeeded: (value | third) >> 8)
        return (position + 4, count + 2)
    }

    @inline(__always)
    private func quantum(_ characters: InlineArray<4, UInt8>) -> UInt32 {
        first[Int(characters[0])] | second[Int(characters[1])] | third[Int(characters[2])] | fourth[Int(characters[3])]
    }

    private static func table(shift: UInt32) -> [UInt32] {
        var table = [UInt32](repeating: invalid, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var value: UInt32 = 0
        for character in alphabet.utf8 {
            table[Int(character)] = value << shift
            value += 1
        }
        return table
    }
}
