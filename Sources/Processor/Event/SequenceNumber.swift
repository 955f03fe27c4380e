/// Position of a record in its shard: a decimal number of up to 128 digits, kept as text.
///
/// Kinesis sequence numbers do not fit in any integer type, so they are compared as numbers without being converted: by
/// length, then by digits.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html>
public struct SequenceNumber: Sendable, Hashable {
    public let digits: String

    /// Fails when `digits` is empty, longer than 128 characters, or holds anything but ASCII digits.
    public init?(_ digits: String) {
        guard (1...128).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.digits = digits
    }
}

extension SequenceNumber: Comparable {
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.digits.utf8.count, lhs.digits) < (rhs.digits.utf8.count, rhs.digits)
    }
}

extension SequenceNumber: CustomStringConvertible {
    public var description: String { digits }
}

extension SequenceNumber {
    /// Lower than any that a stream gives.
    static let zero = SequenceNumber(digits: "0", isChecked: ())

    private init(digits: String, isChecked: Void) { self.digits = digits }
}
