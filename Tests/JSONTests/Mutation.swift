import TestSupport

/// Random small changes to a document.
enum Mutation {
    /// Bytes with a meaning in JSON, and similar ones.
    private static let interesting =
        Array(#"{}[]",:\/0123456789-+.eEtfnu"#.utf8) + [
            0x00, 0x09, 0x0A, 0x0D, 0x1F, 0x20, 0x7F, 0x80, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF,
        ]

    /// Returns `bytes` with one to three changes.
    static func mutated(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) { change(&bytes, using: &generator) }
        return bytes
    }

    private static func change(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let byte = interesting.randomElement(using: &generator) ?? 0
        let position = Int.random(in: 0...bytes.count, using: &generator)
        guard position < bytes.count else { return bytes.append(byte) }
        let end = min(bytes.count, position + Int.random(in: 1...8, using: &generator))
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[position] = byte
        case 2: bytes.insert(byte, at: position)
        case 3: bytes.removeSubrange(position..<end)
        case 4: bytes.insert(contentsOf: bytes[position..<end], at: position)
        case 5: bytes.insert(contentsOf: bytes[position..<end], at: Int.random(in: 0...bytes.count, using: &generator))
        default: bytes.removeSubrange(position...)
        }
    }
}
