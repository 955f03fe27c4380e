/// Why a record's bytes are not a payload we know.
///
/// Permanent: the same bytes fail the same way on each retry, so such a record goes to the dead-letter sink at once.
public struct PayloadError: Error, Equatable, Sendable {
    /// What kind of rule is broken; dead letters and alarms match on these words, so never rename one.
    public enum Reason: String, Sendable, CaseIterable {
        case base64, gzip, kpl, utf8, json, kind, missing, type, range
        /// Not the record's own fault: a destination took it for one that it will never take.
        case refused
    }

    public var reason: Reason
    /// Names the field, the value (shortened) and the rule.
    public var message: String

    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
