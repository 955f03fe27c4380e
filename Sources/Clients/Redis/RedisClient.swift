import Transport

/// A service that runs commands; tests insert implementations that fail or wait between commands.
package protocol RedisCommandRunner: Sendable {
    /// Runs commands and returns their replies in order.
    ///
    /// The commands must be idempotent and independent of each other: some may be resent after the others.
    ///
    /// - Throws: An error if commands have no reply; some of them may have been processed.
    func run(_ commands: [RedisCommand], until deadline: ContinuousClock.Instant) async throws -> [RESPValue]
}

/// A client of a Redis or Valkey server or cluster.
///
/// In a cluster, each command is sent to the node that owns its key's hash slot. The slot map is fetched on first use
/// and again after a node has reported that it is outdated.
///
/// Source: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>
package actor RedisClient: RedisCommandRunner {
    private let seed: ByteStream.Destination
    private let configuration: RedisConnection.Configuration
    private let isCluster: Bool
    private let backoff: RedisBackoff
    private var connections: [ByteStream.Destination: RedisConnection] = [:]
    private var slots = SlotMap()
    /// The nodes of the last slot map, which may have a newer one.
    private var knownNodes: Set<ByteStream.Destination> = []

    /// The maximum number of commands sent at once: enough for one step of a batch of 10,000 records, while limiting
    /// memory.
    static let chunk = 50_000
    /// The number of rounds in which redirected commands follow their slots before the client waits.
    private static let redirectLimit = 5

    /// - Parameter isCluster: Whether `seed` is a node of a cluster.
    package init(
        to seed: ByteStream.Destination, _ configuration: RedisConnection.Configuration, isCluster: Bool,
        backoff: RedisBackoff = RedisBackoff()
    ) {
        (self.seed, self.configuration, self.isCluster) = (seed, configuration, isCluster)
        self.backoff = backoff
    }

    /// Runs commands and returns their replies in order.
    ///
    /// The commands must be idempotent and independent of each other. Commands that fail transiently are resent, with
    /// backoff, until a third of the time up to `deadline` has passed: the rest is reserved for later records. Other
    /// errors are returned as replies.
    ///
    /// - Throws: ``RedisError`` if commands have no reply; the error of the login.
    package func run(_ commands: [RedisCommand], until deadline: ContinuousClock.Instant) async throws -> [RESPValue] {
        guard !commands.isEmpty else { return [] }
        let start = backoff.now()
        let limit = start + (deadline - start) / 3
        var replies: [RESPValue] = []
        // The indices of the commands to resend; nil for all.
        var open: [Int]?
        for attempt in 1... {
            var failure: (any Error)?
            do {
                let answers = try await runOnce(open.map { $0.map { commands[$0] } } ?? commands, until: deadline)
                if let indices = open {
                    for (index, answer) in zip(indices, answers) { replies[index] = answer }
                    open = indices.filter { isTransient(replies[$0]) }
                } else {
                    replies = answers
                    open = answers.indices.filter { isTransient(answers[$0]) }
                }
                if open?.isEmpty ?? false { return replies }
            } catch {
                guard (error as? RedisError)?.isTransient ?? false else { throw error }
                failure = error
            }
            let delay = backoff.delay(after: attempt)
            guard backoff.now() + delay < limit, (try? await backoff.pause(delay)) != nil else {
                if let failure, replies.isEmpty { throw failure }
                return replies
            }
        }
        return replies
    }

    private func runOnce(
        _ commands: [RedisCommand], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        isCluster ? try await runOnCluster(commands, until: deadline) : try await runOnServer(commands, until: deadline)
    }

    private func isTransient(_ reply: RESPValue) -> Bool {
        guard let error = reply.errorReply else { return false }
        return error.isTransient || isCluster && ["MOVED", "ASK"].contains(error.code)
    }

    /// Closes all connections; the next use opens new ones and resolves names again.
    package func close() async {
        for connection in connections.values { await connection.close() }
    }

    private func connection(to destination: ByteStream.Destination) -> RedisConnection {
        if let connection = connections[destination] { return connection }
        var configuration = configuration
        // A cluster supports only database 0.
        if isCluster { configuration.database = 0 }
        let connection = RedisConnection(to: destination, configuration)
        connections[destination] = connection
        return connection
    }

    private func runOnServer(
        _ commands: [RedisCommand], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        let connection = connection(to: seed)
        var replies: [RESPValue] = []
        for start in stride(from: 0, to: commands.count, by: Self.chunk) {
            let part = commands[start..<min(start + Self.chunk, commands.count)]
            replies += try await connection.run(part.map { RedisConnection.Item(command: $0) }, until: deadline)
        }
        // The server has become a replica, so its name may resolve to another server now.
        if replies.contains(where: \.isFromReplica) { await connection.close() }
        return replies
    }
}

/// Clusters.
extension RedisClient {
    /// A command that has no final reply.
    private struct Pending {
        var index: Int
        /// The node to use, if another one redirected to it.
        var node: ByteStream.Destination?
        /// Whether to send ASKING first, because the slot is being migrated to that node.
        var isAsking = false
    }

    private func runOnCluster(
        _ commands: [RedisCommand], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        var replies = [RESPValue](repeating: .null, count: commands.count)
        var pending = commands.indices.map { Pending(index: $0) }
        if slots.isOutdated { try await fetchSlots(until: deadline) }
        for _ in 0..<Self.redirectLimit where !pending.isEmpty {
            if slots.isEmpty { try await fetchSlots(until: deadline) }
            var byNode: [ByteStream.Destination: [Pending]] = [:]
            for item in pending {
                byNode[item.node ?? slots[commands[item.index].slot] ?? seed, default: []].append(item)
            }
            pending = []
            for (node, items) in byNode.sorted(by: { $0.key.name < $1.key.name }) {
                for start in stride(from: 0, to: items.count, by: Self.chunk) {
                    let part = Array(items[start..<min(start + Self.chunk, items.count)])
                    try await send(part, of: commands, to: node, &replies, &pending, until: deadline)
                }
            }
            pending.sort { $0.index < $1.index }
        }
        // Nodes that keep redirecting do not agree on the slot map yet.
        if !pending.isEmpty { slots = SlotMap() }
        return replies
    }

    private func send(
        _ items: [Pending], of commands: [RedisCommand], to node: ByteStream.Destination, _ replies: inout [RESPValue],
        _ pending: inout [Pending], until deadline: ContinuousClock.Instant
    ) async throws {
        let connection = connection(to: node)
        let answers: [RESPValue]
        do {
            let wire = items.map { RedisConnection.Item(command: commands[$0.index], isAsking: $0.isAsking) }
            answers = try await connection.run(wire, until: deadline)
        } catch {
            // The node may be gone; a newer slot map has its successor.
            slots = SlotMap()
            throw error
        }
        var isRenewed = answers.contains(where: \.isFromReplica)
        for (item, answer) in zip(items, answers) {
            replies[item.index] = answer
            guard let retry = retry(item, answer, from: node) else { continue }
            // The node redirects to itself: its name resolves to another server now.
            if retry.node == node, !retry.isAsking, !item.isAsking { isRenewed = true }
            pending.append(retry)
        }
        // Only a new connection resolves the name again.
        if isRenewed { await connection.close() }
    }

    /// Returns the redirected command, or nil if its reply is final or it has to wait.
    private func retry(_ item: Pending, _ answer: RESPValue, from node: ByteStream.Destination) -> Pending? {
        guard let error = answer.errorReply else { return nil }
        switch error.code {
        case "MOVED", "ASK":
            let words = error.message.utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) }
            guard words.count >= 2, let slot = Int(words[0]), let target = SlotMap.node(words[1], seenFrom: node) else {
                return nil
            }
            guard error.code == "MOVED" else { return Pending(index: item.index, node: target, isAsking: true) }
            slots.move(slot, to: target)
            return Pending(index: item.index, node: target)
        case "CLUSTERDOWN", "READONLY", "MASTERDOWN", "LOADING":
            // Another node may take over or has taken over.
            slots = SlotMap()
            return nil
        default: return nil
        }
    }

    /// Fetches the slot map from the seed or, if that does not respond, from the other known nodes.
    private func fetchSlots(until deadline: ContinuousClock.Instant) async throws {
        let others = knownNodes.subtracting([seed]).sorted { $0.name < $1.name }
        var failure: (any Error)?
        for node in [seed] + others {
            do {
                let command = RedisConnection.Item(command: RedisCommand("CLUSTER", "SLOTS"))
                // A node that hangs must leave time for the others; a large cluster may need more than a second.
                let limit = min(deadline, .now + .seconds(5))
                let reply = try await connection(to: node).run([command], until: limit).first ?? .null
                if let message = reply.refusal { throw RedisError.refused(server: node.name, message: message) }
                slots = SlotMap(reply, seenFrom: node)
                let owners = slots.nodes
                knownNodes = owners.union(slots.replicas)
                connections = connections.filter { $0.key == seed || owners.contains($0.key) }
                return
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}

extension RESPValue {
    fileprivate var isFromReplica: Bool { errorReply?.isFromReplica ?? false }
}
