import Transport

extension RedisConnection {
    /// A command and whether the cluster requires ASKING before it.
    struct Item: Sendable {
        var command: RedisCommand
        /// Whether to send ASKING first, because the slot is being migrated to the node.
        var isAsking = false
    }

    /// Sends all commands at once and returns one reply for each.
    ///
    /// If the server does not know a script, the first of its commands is resent with the source, which the server then
    /// caches. Through a proxy, the other commands may reach other servers; those that still fail are resent with the
    /// source, too.
    func run(_ items: [Item], until deadline: ContinuousClock.Instant) async throws -> [RESPValue] {
        var replies = try await replies(to: items, until: deadline)
        for isLast in [false, true] {
            let unknown = items.indices.filter { items[$0].command.script != nil && replies[$0].isUnknownScript }
            guard !unknown.isEmpty else { break }
            var sent: Set<String> = []
            let again = unknown.map { index in
                var item = items[index]
                let isFirst = item.command.script.map { sent.insert($0.digest).inserted } ?? false
                if isFirst || isLast { item.command = item.command.withSource }
                return item
            }
            for (index, reply) in zip(unknown, try await self.replies(to: again, until: deadline)) {
                replies[index] = reply
            }
        }
        return replies
    }

    /// Runs the commands, including ASKING.
    private func replies(
        to items: [Item], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        var rest = try await runPipeline(of: items, until: deadline)[...]
        return items.map { item in
            if item.isAsking { rest = rest.dropFirst() }
            // Each command has a reply, or an error was thrown.
            return rest.popFirst() ?? .null
        }
    }
}

extension RESPValue {
    fileprivate var isUnknownScript: Bool { refusal?.utf8.starts(with: "NOSCRIPT".utf8) ?? false }
}
