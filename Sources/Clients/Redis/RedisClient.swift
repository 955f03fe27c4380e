import Transport

/// Something that carries out commands; in tests, what breaks off or waits between them stands before the real one.
public protocol RedisCommandRunner: Sendable {
    /// Carries out commands and returns their replies in order.
    ///
    /// The commands must be idempotent and must not depend on each other: some may be sent again, after the others.
    ///
    /// - Throws: When commands stay without a reply; some of them may have been carried out.
    func run(_ commands: [RedisCommand], until deadline: ContinuousClock.Instant) async throws -> [RESPValue]
}

/// A Redis or Valkey server, or a cluster of them.
///
/// In a cluster each command goes to the node that holds its key's slot; the map of slots is fetched when it is first
/// needed, and again after a node has said that it is out of date.
///
/// Source: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>
public actor RedisClient: RedisCommandRunner {
    private let seed: ByteStream.Destination
    private let configuration: RedisConnection.Configuration
    private let isCluster: Bool
    private let backoff: RedisBackoff
    private var connections: [ByteStream.Destination: RedisConnection] = [:]
    private var slots = SlotMap()
    /// Nodes of the last map, which may know a newer one.
    private var knownNodes: Set<ByteStream.Destination> = []

    /// Commands that go out together: as many as a batch of 10,000 records can need for one step, and no more in memory.
    static let chunk = 50_000
    /// Rounds in which redirected commands follow their slots, before they wait.
    private static let redirectLimit = 5

    /// - Parameter isCluster: Whether `seed` is one of many.
    public init(
        to seed: ByteStream.Destination, _ configuration: RedisConnection.Configuration, isCluster: Bool,
        backoff: RedisBackoff = RedisBackoff()
    ) {
        (self.seed, self.configuration, self.isCluster) = (seed, configuration, isCluster)
        self.backoff = backoff
    }

    /// Carries out commands and returns their replies in order.
    ///
    /// The commands must be idempotent and must not depend on each other. What fails transiently is sent again, with
    /// backoff, until a third of the time up to `deadline` is over: the rest belongs to the records after these. Any other
    /// error is a reply like others.
    ///
    /// - Throws: ``RedisError`` when commands stay without a reply; what the login throws.
    public func run(_ commands: [RedisCommand], until deadline: ContinuousClock.Instant) async throws -> [RESPValue] {
        guard !commands.isEmpty else { return [] }
        let start = backoff.now()
        let limit = start + (deadline - start) / 3
        var replies: [RESPValue] = []
        // Indices of the commands to send again; nil for all.
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

    /// Closes all connections; the next use makes new ones, and looks names up anew.
    public func close() async {
        for connection in connections.values { await connection.close() }
    }

    private func connection(to destination: ByteStream.Destination) -> RedisConnection {
        if let connection = connections[destination] { return connection }
        var configuration = configuration
        // A cluster knows database 0 alone.
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
        // The server has become a replica, so its name may stand for another server now.
        if replies.contains(where: \.isFromReplica) { await connection.close() }
        return replies
    }
}

/// Clusters.
extension RedisClient {
    /// What is still to be done for one command.
    private struct Pending {
        var index: Int
        /// The node to ask, where another one said so.
        var node: ByteStream.Destination?
        /// Whether that node must be told that the slot is on its way to it.
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
        // Nodes that keep sending on do not agree on the map yet.
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
            // The node may be gone: the one that took its slots is in a newer map.
            slots = SlotMap()
            throw error
        }
        var isRenewed = answers.contains(where: \.isFromReplica)
        for (item, answer) in zip(items, answers) {
            replies[item.index] = answer
            guard let retry = retry(item, answer, from: node) else { continue }
            // A node that sends on to itself: its name stands for another server now.
            if retry.node == node, !retry.isAsking, !item.isAsking { isRenewed = true }
            pending.append(retry)
        }
        // Only a new connection finds out what the name stands for.
        if isRenewed { await connection.close() }
    }

    /// Where a command goes that was redirected; nil when its reply is final, or the command has to wait.
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
            // Another node may take over, or already has.
            slots = SlotMap()
            return nil
        default: return nil
        }
    }

    /// Asks the seed, and when that does not answer, the other nodes that are known.
    private func fetchSlots(until deadline: ContinuousClock.Instant) async throws {
        let others = knownNodes.subtracting([seed]).sorted { $0.name < $1.name }
        var failure: (any Error)?
        for node in [seed] + others {
            do {
                let command = RedisConnection.Item(command: RedisCommand("CLUSTER", "SLOTS"))
                // One that hangs leaves time for the others; a large cluster may need more than a second.
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
