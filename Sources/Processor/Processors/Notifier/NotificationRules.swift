/// What is new to those who were told a state before: the whole of it, without a memory, a batch or a network.
enum NotificationRules {
    /// Something to tell.
    struct Change: Sendable, Equatable {
        var type: NotificationType
        /// The fields that differ, as they were; empty when nothing was known before.
        var previous: [PreviousValue]
    }

    /// A field of an entity, before.
    enum PreviousValue: Sendable, Equatable {
        case status(Concert.Status)
        case eventDate(Timestamp)
        /// A JSON number as it was written.
        case popularityScore(String)
    }

    /// What `facts` change for those who know `known`; nil when there is nothing to tell.
    ///
    /// One record tells one thing: a new status before a new date, which `previous` then holds, too.
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
            // Alike where the threshold moved rather than the artist.
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
        // Where nobody goes any more, or nobody went, the date is of no interest.
        case (.cancelled, .cancelled), (.completed, .completed), (_, .completed): return nil
        case (.scheduled, .scheduled), (.postponed, .postponed): return hasMoved ? .concertRescheduled : nil
        // What was postponed has its new date, or takes place on the old one after all.
        case (.postponed, .scheduled): return hasMoved ? .concertRescheduled : .concertAnnounced
        case (_, .scheduled): return .concertAnnounced
        case (_, .cancelled): return .concertCancelled
        case (_, .postponed): return .concertPostponed
        }
    }
}

extension NotificationRules {
    /// One destination's next step on from what it knows.
    struct Step: Sendable, Equatable {
        /// Nil when there is nothing to tell.
        var change: Change?
        /// What it knows when it was told, or when there was nothing to tell.
        var state: ToldState
    }

    /// What the version of an entity with `facts` means to those who know `known`; nil when they know it, or a newer one.
    ///
    /// - Parameter wanted: What is told of; the rest counts as known without a word.
    static func step(
        from known: ToldState?, to facts: EntityFacts, version: RecordVersion, wanted: Set<NotificationType>
    ) -> Step? {
        if let known, !version.isNewer(than: known.version) { return nil }
        var state = ToldState(version: version, facts: facts, after: known)
        guard let change = change(from: known?.facts, to: facts), wanted.contains(change.type) else {
            return Step(change: nil, state: state)
        }
        state.count(change.type)
        return Step(change: change, state: state)
    }
}
