/// A small seeded source of random numbers, the same on every machine and in every release of Swift.
///
/// It is no `RandomNumberGenerator` on purpose: what the standard library makes of one may change from release to
/// release, and the generator's bytes with it.
///
/// Source: <https://prng.di.unimi.it/splitmix64.c>
package struct SplitMix64: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, 1.
    package mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

    /// A number from 0 up to, not including, `bound`.
    ///
    /// - Parameter bound: Above 0; the bias of large ones is too small to matter here.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    /// True `percent` times out of a hundred.
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    /// One of `choices`, which must not be empty.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

    mutating func text(_ length: Int, of alphabet: [UInt8]) -> String {
        String(decoding: (0..<length).map { _ in pick(alphabet) }, as: UTF8.self)
    }
}

/// What identifiers are made of.
enum Alphabet {
    static let base62 = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    static let hexadecimal = Array("0123456789abcdef".utf8)
}
