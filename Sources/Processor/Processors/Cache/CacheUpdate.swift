import Basics
import Clients
import JSON

/// The steps that write the entities of one batch to the cache; ``CacheUpdater`` explains their order.
struct CacheUpdate {
    private let entries: [CacheEntry]
    private let client: any RedisCommandRunner
    private let keys: CacheKeys
    private let timeToLive: Int
    private let deadline: ContinuousClock.Instant
    /// The failure of each entity; nil for entities without one.
    private(set) var failures: [CacheFailure?]
    /// The membership to write for each entity: that of its own version, or of a newer one that is stored.
    private var winners: [CacheMembership]
    private var versions: [RecordVersion]
    /// The sets that may contain the entity and must not.
    private var leaving: [Set<[UInt8]>]

    /// The most repetitions of the last two steps; more than two environments rarely write one entity concurrently.
    private static let roundLimit = 5

    init(
        _ entries: [CacheEntry], client: any RedisCommandRunner, keys: CacheKeys, timeToLive: Int,
        deadline: ContinuousClock.Instant
    ) {
        (self.entries, self.client, self.keys) = (entries, client, keys)
        (self.timeToLive, self.deadline) = (timeToLive, deadline)
        failures = entries.map { _ in nil }
        winners = entries.map(\.membership)
        versions = entries.map(\.version)
        leaving = entries.map { Set($0.membership.left) }
    }

    /// Fails all entities that have not failed yet.
    mutating func fail(_ reason: String) { failures = failures.map { $0 ?? .transient(reason) } }

    /// Writes documents and sets together, on a server that has all keys.
    mutating func runAtOnce() async throws {
        let rejected = try await runAtOnce(groups())
        // One key made the whole script fail; the other entities are written without it.
        _ = try await runAtOnce(rejected.map { [$0] })
    }

    /// Runs one script for each group.
    ///
    /// If a newer version is stored, its sets are correct, and the sets of this version were not written.
    ///
    /// - Returns: The entities of groups of several with a permanent failure, which concerns one of them.
    private mutating func runAtOnce(_ groups: [[Int]]) async throws -> [Int] {
        let commands = groups.map { group in
            CacheScript.command(withSetsOf: group, of: entries, timeToLive: timeToLive, prefix: keys.prefix)
        }
        var rejected: [Int] = []
        let replies = try await client.run(commands, until: deadline)
        for ((group, command), reply) in zip(zip(groups, commands), replies) {
            guard let error = reply.errorReply else { continue }
            let failure = CacheFailure(error, to: command)
            if group.count > 1, failure.transientReason == nil {
                rejected += group
            } else {
                for index in group { failures[index] = failure }
            }
        }
        return rejected
    }

    /// Returns the entities that one script writes: of one kind, and so few that the server soon turns to other clients.
    private func groups() -> [[Int]] {
        var groups: [[Int]] = []
        var open: [EntitySchema: (place: Int, bytes: Int)] = [:]
        for index in entries.indices {
            let (schema, bytes) = (entries[index].entity.schema, entries[index].document.count)
            if let (place, sum) = open[schema], groups[place].count < Self.groupLimit, sum + bytes <= Self.groupBytes {
                groups[place].append(index)
                open[schema] = (place, sum + bytes)
            } else {
                open[schema] = (groups.count, bytes)
                groups.append([index])
            }
        }
        return groups
    }

    /// The most entities that one script writes.
    private static let groupLimit = 250
    /// The most bytes of documents that one script writes, unless it writes only one.
    private static let groupBytes = 128 << 10

    /// Writes documents and sets in steps, for a cluster.
    mutating func runInSteps() async throws {
        try await storeDocuments()
        var open = entries.indices.filter { CacheKeys.hasSets(entries[$0].entity.schema) && failures[$0] == nil }
        for _ in 0..<Self.roundLimit where !open.isEmpty {
            try await updateSets(open)
            open = try await overtaken(open)
        }
        failAsContended(open)
    }

    private mutating func failAsContended(_ indices: [Int]) {
        for index in indices where failures[index] == nil {
            let key = MessageText.escaped(String(decoding: entries[index].key, as: UTF8.self))
            failures[index] = .transient("other invocations keep writing \(key)")
        }
    }

    /// Runs one command for each index, and passes each reply to `body`; an error reply becomes the entity's failure.
    private mutating func run(
        _ commands: [(index: Int, command: RedisCommand)], _ take: (inout CacheUpdate, Int, RESPValue) -> Void
    ) async throws {
        let replies = try await client.run(commands.map(\.command), until: deadline)
        for ((index, command), reply) in zip(commands, replies) {
            if let error = reply.errorReply {
                let failure = CacheFailure(error, to: command)
                failures[index] = failures[index]?.and(failure) ?? failure
            } else {
                take(&self, index, reply)
            }
        }
    }
}

/// Documents.
extension CacheUpdate {
    private mutating func storeDocuments() async throws {
        var left: [Int: String] = [:]
        var open = Array(entries.indices)
        for _ in 0..<Self.roundLimit where !open.isEmpty {
            let held = try await store(open, left)
            try await leaveSets(held.keys.sorted())
            left.merge(held) { $1 }
            open = held.keys.sorted().filter { failures[$0] == nil }
        }
        failAsContended(open)
    }

    /// Stores documents.
    ///
    /// - Returns: The concerts that must leave sets before their documents are replaced, with the SHA-1 of the document that
    ///   names these sets.
    private mutating func store(_ indices: [Int], _ left: [Int: String]) async throws -> [Int: String] {
        var held: [Int: String] = [:]
        let commands = indices.map {
            ($0, CacheScript.command(entries[$0], timeToLive: timeToLive, left: left[$0]))
        }
        try await run(commands) { update, index, reply in
            guard case .bytes(let bytes) = reply else { return }
            guard let stored = try? JSONValue(parsing: bytes), let version = RecordVersion(document: stored) else {
                let key = MessageText.escaped(String(decoding: update.entries[index].key, as: UTF8.self))
                update.failures[index] = .transient("\(key) contains a version that cannot be read")
                return
            }
            if version.isNewer(than: update.entries[index].version) {
                update.follow(stored, version, index)
            } else {
                held[index] = SHA1.digest(of: bytes).hexadecimal
                update.leaving[index].formUnion(update.keys.membership(Concert.schema, stored).sets)
                update.leaving[index].subtract(update.entries[index].membership.sets)
            }
        }
        return held
    }

    /// Notes that the stored version is newer, so that its membership is written.
    private mutating func follow(_ stored: JSONValue, _ version: RecordVersion, _ index: Int) {
        let membership = keys.membership(entries[index].entity.schema, stored)
        let own = entries[index].membership
        (winners[index], versions[index]) = (membership, version)
        leaving[index].formUnion(membership.left + own.sets + own.left)
        leaving[index].subtract(membership.sets)
    }

    private static func document(_ reply: RESPValue) -> JSONValue? {
        guard case .bytes(let bytes) = reply else { return nil }
        return try? JSONValue(parsing: bytes)
    }
}

/// Sorted sets.
extension CacheUpdate {
    private mutating func leaveSets(_ indices: [Int]) async throws {
        try await run(indices.flatMap(leaveCommands)) { _, _, _ in }
    }

    private func leaveCommands(_ index: Int) -> [(index: Int, command: RedisCommand)] {
        leaving[index].inOrder.map { set in
            (index, RedisCommand([Array("ZREM".utf8), set, entries[index].entity.id]))
        }
    }

    private mutating func updateSets(_ indices: [Int]) async throws {
        var commands: [(index: Int, command: RedisCommand)] = []
        for index in indices {
            commands += leaveCommands(index)
            for (set, score) in winners[index].scores {
                let words = [Array("ZADD".utf8), set, Array(score.utf8), entries[index].entity.id]
                commands.append((index, RedisCommand(words)))
            }
        }
        try await run(commands) { _, _, _ in }
    }

    /// Reads the versions again after the sets were written.
    ///
    /// - Returns: The entities of which a newer version has been stored since, whose membership must be written.
    private mutating func overtaken(_ indices: [Int]) async throws -> [Int] {
        let open = indices.filter { failures[$0] == nil }
        var changed: [Int] = []
        let expected = versions.map(\.startOfDocument)
        let looks = open.map { index in
            let words = ["GETRANGE".utf8, "0".utf8, String(expected[index].count - 1).utf8].map { Array($0) }
            return (index, RedisCommand([words[0], entries[index].key, words[1], words[2]]))
        }
        try await run(looks) { _, index, reply in
            guard case .bytes(let start) = reply, !start.isEmpty else { return }
            if start != expected[index] { changed.append(index) }
        }
        guard !changed.isEmpty else { return [] }
        var newer: [Int] = []
        let reads = changed.map { ($0, RedisCommand([Array("GET".utf8), entries[$0].key])) }
        try await run(reads) { update, index, reply in
            guard let stored = Self.document(reply), let version = RecordVersion(document: stored),
                version.isNewer(than: update.versions[index])
            else { return }
            update.follow(stored, version, index)
            newer.append(index)
        }
        return newer
    }
}
