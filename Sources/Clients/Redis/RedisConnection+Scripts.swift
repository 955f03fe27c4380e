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
    /// A connection that breaks is renewed once, and all of them are sent again. Scripts that the server does not know are loaded,
    /// once for all their commands.
    func run(_ items: [Item], until deadline: ContinuousClock.Instant) async throws -> [RESPValue] {
        var replies = try await replies(to: items, loading: [], until: deadline)
        let unknown = items.indices.filter {
            items[$0].command.script != nil && replies[$0].refusal?.hasPrefix("NOSCRIPT") == true
        }
        guard !unknown.isEmpty else { return replies }
        var scripts: [RedisScript] = []
        for script in unknown.compactMap({ items[$0].command.script }) where !scripts.contains(script) {
            scripts.append(script)
        }
        let again = try await self.replies(to: unknown.map { items[$0] }, loading: scripts, until: deadline)
        for (index, reply) in zip(unknown, again) { replies[index] = reply }
        return replies
    }

    private func replies(
        to items: [Item], loading scripts: [RedisScript], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        var pipeline = RESPCommands()
        for script in scripts { pipeline.append(["SCRIPT", "LOAD", script.source].map { Array($0.utf8) }) }
        for item in items {
            if item.isAsking { pipeline.append([Array("ASKING".utf8)]) }
            pipeline.append(item.command.arguments)
        }
        var rest = try await runTwice(pipeline, until: deadline).dropFirst(scripts.count)
        return items.map { item in
            if item.isAsking { rest = rest.dropFirst() }
            // There is a reply to each command, or an error was thrown.
            return rest.popFirst() ?? .null
        }
    }

    private func runTwice(
        _ pipeline: RESPCommands, until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        do { return try await run(pipeline, until: deadline) } catch RedisError.connection(let error) {
            guard error.isRetryable, ContinuousClock.now < deadline, !Task.isCancelled else {
                throw RedisError.connection(error)
            }
            return try await run(pipeline, until: deadline)
        }
    }
}
