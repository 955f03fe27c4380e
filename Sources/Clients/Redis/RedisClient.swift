import Transport

/// A command about one key.
public struct RedisCommand: Sendable, Equatable {
    public var arguments: [[UInt8]]
    /// Where in `arguments` the key stands, by which a cluster chooses the node.
    public var keyIndex: Int

    /// - Parameter keyIndex: 1 for most commands, 3 for scripts of one key.
    public init(_ arguments: [[UInt8]], keyIndex: Int = 1) { (self.arguments, self.keyIndex) = (arguments, keyIndex) }

    public init(_ words: String..., keyIndex: Int = 1) {
        self.init(words.map { Array($0.utf8) }, keyIndex: keyIndex)
    }

    var slot: Int { HashSlot.slot(of: arguments.indices.contains(keyIndex) ? arguments[keyIndex] : []) }
}

/// A Redis or Valkey server, or a cluster of them.
///
/// In a cluster each command goes to the node that holds its key's slot; the map of slots is fetched when it is first
/// needed, and again when a node says that it is out of date.
///
/// Source: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>
public actor RedisClient {
    private let seed: ByteStream.Destination
    private let configuration: RedisConnection.Configuration
    private let isCluster: Bool
    private var connections: [String: RedisConnection] = [:]
    /// Which node holds each slot; empty before the map was fetched.
    private var slots: [String] = []

    /// Commands that go out together.
    private static let chunk = 5000
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
    /// - Throws: ``RedisError`` when commands stay without a reply.
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
        let key = "\(destination.host):\(destination.port)"
        if let connection = connections[key] { return connection }
        var configuration = configuration
        // A cluster knows database 0 alone.
        if isCluster { configuration.database = 0 }
        let connection = RedisConnection(to: destination, configuration)
        connections[key] = connection
        return connection
    }

    private func runOnServer(
        _ commands: [RedisCommand], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        let connection = connection(to: seed)
        var replies: [RESPValue] = []
        for start in stride(from: 0, to: commands.count, by: Self.chunk) {
            let part = commands[start..<min(start + Self.chunk, commands.count)]
            replies += try await Self.send(part.map(\.arguments), over: connection, until: deadline)
        }
        // The server has become a replica: what was behind its name is elsewhere now.
        if replies.contains(where: { $0.refusal?.hasPrefix("READONLY") ?? false }) { await connection.close() }
        return replies
    }

    private static func send(
        _ commands: [[[UInt8]]], over connection: RedisConnection, until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        var pipeline = RESPCommands()
        for command in commands { pipeline.append(command) }
        do { return try await connection.run(pipeline, until: deadline) } catch RedisError.connection(let error) {
            guard error.isRetryable, ContinuousClock.now < deadline, !Task.isCancelled else {
                throw RedisError.connection(error)
            }
            return try await connection.run(pipeline, until: deadline)
        }
    }
}

/// Clusters.
extension RedisClient {
    /// What is still to be done for one command.
    private struct Pending {
        var index: Int
        /// The node to ask, where another one said so.
        var node: String?
        /// Whether that node must be told that the slot is on its way to it.
        var isAsking = false
    }

    private func runOnCluster(
        _ commands: [RedisCommand], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        var replies = [RESPValue](repeating: .null, count: commands.count)
        var pending = commands.indices.map { Pending(index: $0) }
        for round in 0..<Self.roundLimit where !pending.isEmpty {
            if round > 2 { try await Task.sleep(for: .milliseconds(20 << min(round, 5))) }
            guard ContinuousClock.now < deadline else {
                throw RedisError.outOfTime(server: "the cluster at \(seedName)")
            }
            if slots.isEmpty { try await fetchSlots(until: deadline) }
            var byNode: [String: [Pending]] = [:]
            for item in pending {
                byNode[item.node ?? node(of: commands[item.index].slot), default: []].append(item)
            }
            pending = []
            for (node, items) in byNode.sorted(by: { $0.key < $1.key }) {
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
        _ items: [Pending], of commands: [RedisCommand], to node: String, _ replies: inout [RESPValue],
        _ pending: inout [Pending], until deadline: ContinuousClock.Instant
    ) async throws {
        var wire: [[[UInt8]]] = []
        for item in items {
            if item.isAsking { wire.append([Array("ASKING".utf8)]) }
            wire.append(commands[item.index].arguments)
        }
        let connection = connection(to: destination(node))
        let answers: [RESPValue]
        do { answers = try await Self.send(wire, over: connection, until: deadline) } catch let error as RedisError {
            // The node may be gone: whoever took its slots is in a newer map.
            slots = []
            throw error
        }
        var next = 0
        for item in items {
            if item.isAsking { next += 1 }
            let answer = answers[next]
            next += 1
            replies[item.index] = answer
            if let again = again(item, answer, from: node) { pending.append(again) }
        }
        let movedToItself = pending.contains { $0.node == node }
        let isReplica = answers.contains { $0.refusal?.hasPrefix("READONLY") ?? false }
        // The same name stands for another server now: only a new connection finds it.
        if movedToItself || isReplica { await connection.close() }
    }

    /// How a command goes on that was not carried out where it was sent; nil when its reply is final.
    private func again(_ item: Pending, _ answer: RESPValue, from node: String) -> Pending? {
        guard let words = answer.refusal?.split(separator: " "), let code = words.first else { return nil }
        switch code {
        case "MOVED", "ASK":
            guard words.count >= 3, let slot = Int(words[1]), (0..<HashSlot.count).contains(slot) else { return nil }
            let target = Self.address(words[2], seenFrom: node)
            if code == "MOVED" {
                if slots.indices.contains(slot) { slots[slot] = target }
                return Pending(index: item.index, node: target)
            }
            return Pending(index: item.index, node: target, isAsking: true)
        case "TRYAGAIN": return item
        case "CLUSTERDOWN", "READONLY":
            slots = []
            return Pending(index: item.index)
        default: return nil
        }
    }

    /// An address without a host stands for the one that was asked.
    private static func address(_ text: Substring, seenFrom node: String) -> String {
        text.hasPrefix(":") ? String(node.prefix { $0 != ":" }) + text : String(text)
    }

    private func node(of slot: Int) -> String {
        guard slots.indices.contains(slot), !slots[slot].isEmpty else { return seedName }
        return slots[slot]
    }

    private var seedName: String { "\(seed.host):\(seed.port)" }

    private func destination(_ node: String) -> ByteStream.Destination {
        // The port stands behind the last colon; an IPv6 address has others.
        guard let colon = node.lastIndex(of: ":"), let port = Int(node[node.index(after: colon)...]) else {
            return seed
        }
        return ByteStream.Destination(host: String(node[..<colon]), port: port, isSecure: seed.isSecure)
    }

    private func fetchSlots(until deadline: ContinuousClock.Instant) async throws {
        var last: (any Error)?
        for node in [seedName] + connections.keys.sorted().filter({ $0 != seedName }) {
            do {
                let command = [Array("CLUSTER".utf8), Array("SLOTS".utf8)]
                let reply = try await Self.send([command], over: connection(to: destination(node)), until: deadline)
                if let words = reply.first?.refusal { throw RedisError.refused(server: node, words: words) }
                slots = Self.slots(in: reply.first ?? .null, seenFrom: node)
                return
            } catch {
                last = error
            }
        }
        if let last { throw last }
    }

    private static func slots(in reply: RESPValue, seenFrom node: String) -> [String] {
        var slots = [String](repeating: "", count: HashSlot.count)
        for range in reply.array ?? [] {
            guard let parts = range.array, parts.count >= 3, let first = parts[0].integer, let last = parts[1].integer,
                (0..<Int64(HashSlot.count)).contains(first), (first..<Int64(HashSlot.count)).contains(last),
                let master = parts[2].array, master.count >= 2, let port = master[1].integer
            else { continue }
            // A node that does not know its own name sends none.
            let host = master[0].text.flatMap { $0.isEmpty ? nil : $0 } ?? String(node.prefix { $0 != ":" })
            for slot in Int(first)...Int(last) { slots[slot] = "\(host):\(port)" }
        }
        return slots
    }
}

/// Which of a cluster's slots a key belongs to.
public enum HashSlot {
    public static let count = 16_384

    /// CRC-16 (XMODEM) of the key, or of what stands in its first braces where that is not empty.
    public static func slot(of key: [UInt8]) -> Int {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            hashed = key[(open + 1)..<close]
        }
        var crc: UInt16 = 0
        for byte in hashed {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
        }
        return Int(crc) % count
    }
}
