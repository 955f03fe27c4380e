import TestSupport

/// Small damage to bytes: bits flipped, bytes replaced, left out, repeated, the rest cut off.
enum Damage {
    /// `bytes` with one to three changes.
    static func damaged(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) { change(&bytes, using: &generator) }
        return bytes
    }

    private static func change(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let byte = UInt8.random(in: .min ... .max, using: &generator)
        let place = Int.random(in: 0...bytes.count, using: &generator)
        guard place < bytes.count else { return bytes.append(byte) }
        let end = min(bytes.count, place + Int.random(in: 1...8, using: &generator))
        switch Int.random(in: 0..<8, using: &generator) {
        case 0, 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes[place] = Array(#"{}[]",:\/0-.eN= "#.utf8).randomElement(using: &generator) ?? byte
        case 3: bytes[place] = byte
        case 4: bytes.insert(byte, at: place)
        case 5: bytes.removeSubrange(place..<end)
        case 6: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
        default: bytes.removeSubrange(place...)
        }
    }
}
