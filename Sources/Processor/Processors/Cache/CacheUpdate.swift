import Clients
import JSON

/// The steps by which one batch's entities get into the cache; ``CacheUpdater`` says why in this order.
struct CacheUpdate {
    private let entries: [CacheEntry]
    private let client: RedisClient
    private let keys: CacheKeys
    private let timeToLive: Int
    private let deadline: ContinuousClock.Instant
    /// Why each entity is not done; nil for those that are.
    private(set) var failures: [String?]
    /// What counts of each entity: its own version, or a newer one that is stored.
    private var winners: [CacheMembership]
    private var versions: [CacheVersion]
    /// Sets that the entity may be in and should not.
    private var leaving: [Set<String>]

    /// Rounds of the last two steps; more than two environments rarely write one entity at once.
    private static let roundLimit = 5
    /// A version is at the start of a document, and with 128 digits no longer than this.
    private static let versionLength = 220

    init(
        _ entries: [CacheEntry], client: RedisClient, keys: CacheKeys, timeToLive: Int,
        deadline: ContinuousClock.Instant
    ) {
        (self.entries, self.client, self.keys) = (entries, client, keys)
        (self.timeToLive, self.deadline) = (timeToLive, deadline)
        failures = entries.map { _ in nil }
        winners = entries.map(\.membership)
        versions = entries.map(\.version)
        leaving = entries.map(\.membership.left)
    }

    /// Marks everything that has no failure of its own.
    mutating func fail(_ reason: String) { failures = failures.map { $0 ?? reason } }

    mutating func run() async throws {
        try await leaveOldSets()
        try await storeDocuments()
        var open = entries.indices.filter { entries[$0].kind != .venue && failures[$0] == nil }
        for _ in 0..<Self.roundLimit where !open.isEmpty {
            try await updateSets(open)
            open = try await outrun(open)
        }
        for index in open { failures[index] = failures[index] ?? "others keep writing \(entries[index].key)" }
    }

    /// Runs one command for each index, and hands each reply on; a refusal is the entity's failure.
    private mutating func run(
        _ commands: [(index: Int, command: RedisCommand)], _ take: (inout CacheUpdate, Int, RESPValue) -> Void
    ) async throws {
        let replies = try await client.run(commands.map(\.command), until: deadline)
        for ((index, command), reply) in zip(commands, replies) {
            let name = command.arguments.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
            self.take(reply, of: index, named: name, take)
        }
    }

    private mutating func take(
        _ reply: RESPValue, of index: Int, named name: String, _ take: (inout CacheUpdate, Int, RESPValue) -> Void
    ) {
        guard let words = reply.refusal else { return take(&self, index, reply) }
        failures[index] = failures[index] ?? "\(name) of \(entries[index].key) was refused: \(words)"
    }
}

/// Documents.
extension CacheUpdate {
    private mutating func leaveOldSets() async throws {
        let concerts = entries.indices.filter { entries[$0].kind == .concert }
        var moves: [(Int, RedisCommand)] = []
        try await run(concerts.map { ($0, RedisCommand("GET", entries[$0].key)) }) { update, index, reply in
            guard let stored = Self.document(reply) else { return }
            // A newer one stays where it is.
            if let version = CacheVersion(stored), version > update.entries[index].version { return }
            let old = update.keys.membership(.concert, stored)
            let sets = Set(old.scores.keys).subtracting(update.entries[index].membership.scores.keys)
            for set in sets { moves.append((index, RedisCommand("ZREM", set, update.entries[index].id))) }
        }
        try await run(moves) { _, _, _ in }
    }

    private mutating func storeDocuments() async throws {
        let indices = entries.indices.filter { failures[$0] == nil }
        let calls = indices.map { CacheScript.call(entries[$0], timeToLive: timeToLive) }
        let replies = try await client.run(CacheScript.script, calls, until: deadline)
        for (index, reply) in zip(indices, replies) {
            take(reply, of: index, named: "SET") { update, index, reply in update.take(stored: reply, of: index) }
        }
    }

    /// Notes what counts from now on, where another version than ours is stored.
    private mutating func take(stored reply: RESPValue, of index: Int) {
        guard let stored = Self.document(reply), let version = CacheVersion(stored) else { return }
        let membership = keys.membership(entries[index].kind, stored)
        let own = entries[index].membership
        winners[index] = membership
        versions[index] = version
        leaving[index] = membership.left.union(own.scores.keys).union(own.left).subtracting(membership.scores.keys)
    }

    private static func document(_ reply: RESPValue) -> JSONValue? {
        guard case .bytes(let bytes) = reply else { return nil }
        return try? JSONValue(parsing: bytes)
    }
}

/// Sorted sets.
extension CacheUpdate {
    private mutating func updateSets(_ indices: [Int]) async throws {
        var commands: [(Int, RedisCommand)] = []
        for index in indices {
            let id = entries[index].id
            for set in leaving[index].sorted() { commands.append((index, RedisCommand("ZREM", set, id))) }
            for (set, score) in winners[index].scores.sorted(by: { $0.key < $1.key }) {
                commands.append((index, RedisCommand("ZADD", set, score, id)))
            }
        }
        try await run(commands) { _, _, _ in }
    }

    /// - Returns: Entities of which a newer version was stored while their sets were written; that one counts now.
    private mutating func outrun(_ indices: [Int]) async throws -> [Int] {
        let open = indices.filter { failures[$0] == nil }
        var changed: [Int] = []
        let looks = open.map { ($0, RedisCommand("GETRANGE", entries[$0].key, "0", String(Self.versionLength))) }
        try await run(looks) { update, index, reply in
            guard case .bytes(let start) = reply, !start.isEmpty else { return }
            let own = update.versions[index]
            let expected = "{\"_version\":{\"arrival\":\(own.arrival),\"sequence\":\"\(own.sequence.digits)\"}"
            if !start.starts(with: expected.utf8) { changed.append(index) }
        }
        guard !changed.isEmpty else { return [] }
        var newer: [Int] = []
        try await run(changed.map { ($0, RedisCommand("GET", entries[$0].key)) }) { update, index, reply in
            guard let version = Self.document(reply).flatMap({ CacheVersion($0) }), version > update.versions[index]
            else {
                return
            }
            update.take(stored: reply, of: index)
            newer.append(index)
        }
        return newer
    }
}
