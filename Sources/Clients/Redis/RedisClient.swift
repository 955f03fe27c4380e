import Transport

/// Something that carries out commands; in tests, what breaks off or waits between them stands before the real one.
public protocol RedisCommandRunner: Sendable {
    /// Carries out commands, which must bear being carried out twice, and returns their replies in order.
    ///
    /// - Throws: When commands stay without a reply; nobody knows then which of them were carried out.
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
    private var connections: [ByteStream.Destination: RedisConnection] = [:]
    private var slots = SlotMap()

    /// Commands that go out together: as many as a batch of 10,000 records can need for one step, and no more in memory.
    static let chunk = 50_000
    /// Rounds in which redirected and delayed commands are sent again.
    private static let roundLimit = 16

    /// - Parameter isCluster: Whether `seed` is one of many.
    public init(to seed: ByteStream.Destination, _ configuration: RedisConnection.Configuration, isCluster: Bool) {
        (self.seed, self.configuration, self.isCluster) = (seed, configuration, isCluster)
    }

    /// Carries out commands, which must bear being carried out twice, and returns their replies in order.
    ///
    /// Commands of one key keep their order. A connection that breaks is renewed once, and what had no reply is sent
    /// again; what the server refuses is a reply like others.
    ///
    /// - Throws: ``RedisError`` when commands stay without a reply; what the login throws.
    public func run(_ commands: [RedisCommand], until deadline: ContinuousClock.Instant) async throws -> [RESPValue] {
        guard !commands.isEmpty else { return [] }
        guard isCluster else { return try await runOnServer(commands, until: deadline) }
        return try await runOnCluster(commands, until: deadline)
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
        // The server has become a replica: what was behind its name is elsewhere now.
        if replies.contains(where: \.isReadOnly) { await connection.close() }
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
        for round in 0..<Self.roundLimit where !pending.isEmpty {
            if round > 2 { try await Task.sleep(for: .milliseconds(20 << min(round, 5))) }
            guard ContinuousClock.now < deadline else {
                throw RedisError.outOfTime(server: "the cluster at \(seed.name)")
            }
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
            // The node may be gone: whoever took its slots is in a newer map.
            slots = SlotMap()
            throw error
        }
        var isRenewed = answers.contains(where: \.isReadOnly)
        for (item, answer) in zip(items, answers) {
            replies[item.index] = answer
            guard let again = again(item, answer, from: node) else { continue }
            // A node that sends on to itself: its name stands for another server now.
            if again.node == node, !again.isAsking, !item.isAsking { isRenewed = true }
            pending.append(again)
        }
        // Only a new connection finds out what the name stands for.
        if isRenewed { await connection.close() }
    }

    /// How a command goes on that was not carried out where it was sent; nil when its reply is final.
    private func again(_ item: Pending, _ answer: RESPValue, from node: ByteStream.Destination) -> Pending? {
        guard let words = answer.refusal?.split(separator: " "), let code = words.first else { return nil }
        switch code {
        case "MOVED", "ASK":
            guard words.count >= 3, let slot = Int(words[1]), let target = SlotMap.node(words[2], seenFrom: node) else {
                return nil
            }
            guard code == "MOVED" else { return Pending(index: item.index, node: target, isAsking: true) }
            slots.move(slot, to: target)
            return Pending(index: item.index, node: target)
        case "TRYAGAIN": return item
        case "CLUSTERDOWN", "READONLY":
            slots = SlotMap()
            return Pending(index: item.index)
        default: return nil
        }
    }

    /// Asks the seed, and when that does not answer, whoever else is known.
    private func fetchSlots(until deadline: ContinuousClock.Instant) async throws {
        let others = connections.keys.filter { $0 != seed }.sorted { $0.name < $1.name }
        var failure: (any Error)?
        for node in [seed] + others {
            do {
                let command = RedisConnection.Item(command: RedisCommand("CLUSTER", "SLOTS"))
                // One that hangs leaves time for the others; a large cluster may need more than a second.
                let patience = min(deadline, .now + .seconds(5))
                let reply = try await connection(to: node).run([command], until: patience).first ?? .null
                if let words = reply.refusal { throw RedisError.refused(server: node.name, words: words) }
                slots = SlotMap(reply, seenFrom: node)
                let known = slots.nodes
                connections = connections.filter { $0.key == seed || known.contains($0.key) }
                return
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}

extension RESPValue {
    fileprivate var isReadOnly: Bool { refusal?.hasPrefix("READONLY") ?? false }
}
