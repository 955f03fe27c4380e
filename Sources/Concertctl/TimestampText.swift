import Foundation

/// The formatting of timestamps in API responses.
enum TimestampText {
    /// Returns an ISO 8601 text such as `2026-11-24T12:00:00Z`.
    ///
    /// - Parameter seconds: The time since the Unix epoch, as Kinesis and Lambda return it.
    static func text(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
}
