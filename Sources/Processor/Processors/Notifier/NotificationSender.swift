/// Carries notifications to one destination.
protocol NotificationSender: Sendable {
    var destination: Destination { get }
    /// What one call may carry.
    var capacity: SendCapacity { get }

    /// What `notification` counts toward ``SendCapacity/bytes``.
    func size(of notification: Notification) -> Int

    /// Makes one attempt, in one call, and says what became of each.
    ///
    /// - Parameter notifications: Within ``capacity``, but for a single one that is larger by itself; no entity twice.
    /// - Returns: One for each of `notifications`.
    func send(_ notifications: [Notification], context: InvocationContext) async -> [SendOutcome]
}

/// What one call may carry.
struct SendCapacity: Sendable {
    var count: Int
    var bytes = Int.max
}

/// What became of one notification.
enum SendOutcome: Sendable, Equatable {
    case told
    /// For good: the same would be refused again.
    case refused(reason: String)
    /// For now, or nobody knows: worth another try.
    ///
    /// - Parameter retryAfter: How long the destination asks to be left alone.
    case failed(reason: String, retryAfter: Duration? = nil)
    /// Nothing can be sent there before somebody mends something.
    case outOfReach(reason: String)
}
