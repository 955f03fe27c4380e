/// The reason why a record cannot be processed.
///
/// Permanent: the same bytes fail in the same way on each retry, so the record is dead-lettered without retries.
package struct PayloadError: Error, Equatable, Sendable {
    /// The kind of rule that is violated.
    ///
    /// Dead letters and alarms match these words, so they must never be renamed.
    package enum Reason: String, Sendable, CaseIterable {
        case base64, gzip, kpl, utf8, json, kind, missing, type, range
        /// A destination permanently rejected the record, which is valid.
        case refused
    }

    package var reason: Reason
    /// The message, which contains the field, the shortened value, and the rule.
    package var message: String

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
