/// A Kinesis sequence number, which is the position of a record in its shard: up to 128 decimal digits, stored as text.
///
/// Sequence numbers do not fit in any integer type, so they are compared as text: by length, then by digits.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html>
package struct SequenceNumber: Sendable, Hashable {
    package let digits: String

    /// Returns nil unless `digits` consists of 1 to 128 ASCII digits.
    package init?(_ digits: String) {
        guard (1...128).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.digits = digits
    }
}

extension SequenceNumber: Comparable {
    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.digits.utf8.count, lhs.digits) < (rhs.digits.utf8.count, rhs.digits)
    }
}

extension SequenceNumber: CustomStringConvertible {
    package var description: String { digits }
}

extension SequenceNumber {
    /// Zero, which is lower than any sequence number in a stream.
    static let zero = SequenceNumber(digits: "0", isChecked: ())

    private init(digits: String, isChecked: Void) { self.digits = digits }
}
