import TestSupport

/// Random mutations of bytes: flipped bits; replaced, removed and repeated bytes; truncation.
enum Damage {
    /// Returns `bytes` with one to three changes.
    static func damaged(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) { change(&bytes, using: &generator) }
        return bytes
    }

    private static func change(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let byte = UInt8.random(in: .min ... .max, using: &generator)
        let offset = Int.random(in: 0...bytes.count, using: &generator)
        guard offset < bytes.count else { return bytes.append(byte) }
        let end = min(bytes.count, offset + Int.random(in: 1...8, using: &generator))
        switch Int.random(in: 0..<8, using: &generator) {
        case 0, 1: bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes[offset] = Array(#"{}[]",:\/0-.eN= "#.utf8).randomElement(using: &generator) ?? byte
        case 3: bytes[offset] = byte
        case 4: bytes.insert(byte, at: offset)
        case 5: bytes.removeSubrange(offset..<end)
        case 6: bytes.insert(contentsOf: bytes[offset..<end], at: Int.random(in: 0...bytes.count, using: &generator))
        default: bytes.removeSubrange(offset...)
        }
    }
}
