import Transport

extension RedisConnection {
    /// A command with what a cluster may ask for before it.
    struct Item: Sendable {
        var command: RedisCommand
        /// Whether the node must be told that the slot is on its way to it.
        var isAsking = false
    }

    /// Sends all commands at once and returns one reply for each.
    ///
    /// A script that the server does not know is sent along with the first of its commands, from which the server learns it.
    /// Behind a proxy the other commands may reach other servers; what is then still unknown is sent along with each.
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

    private func replies(
        to items: [Item], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        var pipeline = RESPCommands()
        pipeline.reserve(items.lazy.map(\.command))
        for item in items {
            if item.isAsking { pipeline.append([Array("ASKING".utf8)]) }
            pipeline.append(item.command.arguments)
        }
        var rest = try await run(pipeline, until: deadline)[...]
        return items.map { item in
            if item.isAsking { rest = rest.dropFirst() }
            // There is a reply to each command, or an error was thrown.
            return rest.popFirst() ?? .null
        }
    }
}

extension RESPValue {
    fileprivate var isUnknownScript: Bool { refusal?.utf8.starts(with: "NOSCRIPT".utf8) ?? false }
}
