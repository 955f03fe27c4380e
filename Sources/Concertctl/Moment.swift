import Foundation

/// Moments as people and AWS write them.
enum Moment {
    /// - Parameter seconds: Since the Unix epoch, as Kinesis and Lambda send them.
    /// - Returns: Such as `2026-11-24T12:00:00Z`.
    static func text(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
}
