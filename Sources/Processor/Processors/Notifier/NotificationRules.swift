/// The rules that decide which notification a change of an entity requires.
enum NotificationRules {
    /// A change that requires a notification.
    struct Change: Sendable, Equatable {
        var type: NotificationType
        /// The previous values of the fields that differ; empty if no state was delivered before.
        var previous: [PreviousValue]
    }

    /// The previous value of an entity's field.
    enum PreviousValue: Sendable, Equatable {
        case status(Concert.Status)
        case eventDate(Timestamp)
        /// A JSON number, unchanged from the record.
        case popularityScore(String)
    }

    /// Returns the change from `known` to `facts`; nil if no notification is required.
    ///
    /// A record causes at most one notification: a new status takes precedence over a new date, whose previous value
    /// `previous` then contains as well.
    static func change(from known: EntityFacts?, to facts: EntityFacts) -> Change? {
        switch (known, facts) {
        case (.concert(let oldStatus, let oldDate)?, .concert(let status, let date)):
            guard let type = type(from: (oldStatus, oldDate), to: (status, date)) else { return nil }
            var previous: [PreviousValue] = []
            if oldStatus != status { previous.append(.status(oldStatus)) }
            if oldDate != date { previous.append(.eventDate(oldDate)) }
            return Change(type: type, previous: previous)
        case (_, .concert(let status, _)):
            return firstSight(of: status).map { Change(type: $0, previous: []) }
        case (.artist(let oldScore, let wasPopular)?, .artist(let score, let isPopular)):
            guard isPopular, !wasPopular else { return nil }
            // The scores are equal if the threshold has changed and not the artist.
            return Change(type: .artistPopular, previous: oldScore == score ? [] : [.popularityScore(oldScore)])
        case (_, .artist(_, let isPopular)):
            return isPopular ? Change(type: .artistPopular, previous: []) : nil
        }
    }

    private static func firstSight(of status: Concert.Status) -> NotificationType? {
        switch status {
        case .scheduled: .concertAnnounced
        case .cancelled: .concertCancelled
        case .postponed: .concertPostponed
        case .completed: nil
        }
    }

    private static func type(
        from old: (status: Concert.Status, date: Timestamp), to new: (status: Concert.Status, date: Timestamp)
    ) -> NotificationType? {
        let hasMoved = old.date != new.date
        switch (old.status, new.status) {
        // The date of a concert that is cancelled or completed is not reported.
        case (.cancelled, .cancelled), (.completed, .completed), (_, .completed): return nil
        case (.scheduled, .scheduled), (.postponed, .postponed): return hasMoved ? .concertRescheduled : nil
        // A postponed concert is scheduled again, on a new date or on the old one.
        case (.postponed, .scheduled): return hasMoved ? .concertRescheduled : .concertAnnounced
        case (_, .scheduled): return .concertAnnounced
        case (_, .cancelled): return .concertCancelled
        case (_, .postponed): return .concertPostponed
        }
    }
}

extension NotificationRules {
    /// The transition of one destination's state to a new version.
    struct Step: Sendable, Equatable {
        /// Nil if no notification is required.
        var change: Change?
        /// The state after the notification, or without one if none is required.
        var state: DeliveredState
    }

    /// Returns the transition from `known` to a version of an entity; nil if `known` is that version or a newer one.
    ///
    /// - Parameter wanted: The types of notifications to send; other changes update the state only.
    static func step(
        from known: DeliveredState?, to facts: EntityFacts, version: RecordVersion, wanted: Set<NotificationType>
    ) -> Step? {
        if let known, !version.isNewer(than: known.version) { return nil }
        var state = DeliveredState(version: version, facts: facts, after: known)
        guard let change = change(from: known?.facts, to: facts), wanted.contains(change.type) else {
            return Step(change: nil, state: state)
        }
        state.count(change.type)
        return Step(change: change, state: state)
    }
}
