/// A sender of notifications to one destination.
protocol NotificationSender: Sendable {
    var destination: NotificationDestination { get }
    /// The limits of one call.
    var capacity: SendCapacity { get }

    /// Returns the number of bytes that `notification` counts toward ``SendCapacity/bytes``.
    func size(of notification: Notification) -> Int

    /// Sends notifications in one call, without retries.
    ///
    /// - Parameter notifications: Within ``capacity``, except for a single one that exceeds it alone; each of another entity.
    /// - Returns: One outcome for each of `notifications`.
    func send(_ notifications: [Notification], context: InvocationContext) async -> [SendOutcome]
}

/// The limits of one call.
struct SendCapacity: Sendable {
    var count: Int
    var bytes = Int.max
}

/// The outcome of one attempt to send one notification.
enum SendOutcome: Sendable, Equatable {
    case delivered
    /// A permanent failure: the destination would reject the same notification again.
    case rejected(reason: String)
    /// A transient failure, or an unknown outcome: the notification is sent again.
    ///
    /// - Parameter retryAfter: The delay that the destination requests.
    case failed(reason: String, retryAfter: Duration? = nil)
    /// The destination is unavailable, so that further attempts within the invocation are useless.
    case unavailable(reason: String)
}
