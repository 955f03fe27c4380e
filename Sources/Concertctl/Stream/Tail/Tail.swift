import Clients
import Foundation
import JSON

/// Reads all shards of a stream in turn, each as often as it allows, parents before children.
struct Tail {
    private let stream: StreamReference
    private let session: AWSSession
    private let start: TailStart
    /// Where shards go on that were begun at their end and lost their iterator before anything came.
    private let lateStart: TailStart
    /// Nil: all shards.
    private let shardID: String?
    private var shards: [ShardReading] = []
    /// Shards that have ended, and whose children were begun.
    private var followed: Set<[UInt8]> = []
    private var failures = 0

    /// Reads in a row that may fail before it is given up.
    private static let patience = 10

    init(
        _ stream: StreamReference, _ session: AWSSession, from start: TailStart, shardID: String?
    ) async throws {
        (self.stream, self.session, self.start, self.shardID) = (stream, session, start, shardID)
        lateStart = .time(Date().timeIntervalSince1970)
        let listed = try await stream.shards(session)
        let known = listed.map(Shard.init)
        if let shardID, !known.contains(where: { $0.id == shardID }) {
            throw CommandError(
                description: "stream \(stream.name) has no shard \(shardID); concertctl stream describe lists them")
        }
        for shard in known where shardID.map({ $0 == shard.id }) ?? (start != .latest || shard.isOpen) {
            shards.append(ShardReading(shard.id, parents: shardID == nil ? shard.parents : [], from: start))
        }
    }

    /// Whether every shard that was begun has been read to its newest record, and none is left to begin.
    var isCaughtUp: Bool { unfollowed == nil && shards.allSatisfy(\.isCaughtUp) }

    /// Whether there is nothing left that could bring a record.
    var isOver: Bool { unfollowed == nil && shards.allSatisfy(\.isOver) }

    /// A shard that has ended, and whose children are yet to be begun.
    private var unfollowed: Int? {
        shardID == nil ? shards.firstIndex { $0.isOver && !followed.contains(Array($0.id.utf8)) } : nil
    }

    /// Reads the shard that is due next, after waiting for it.
    ///
    /// - Returns: The records that came, and of which shard; nil when none was read.
    mutating func step(until end: ContinuousClock.Instant?) async throws -> (shard: String, records: [JSONValue])? {
        try Task.checkCancellation()
        let over = Set(shards.filter(\.isOver).map(\.id))
        let known = Set(shards.map(\.id))
        let open = shards.indices.filter { !shards[$0].isOver }
        let begun = open.filter { index in
            shards[index].parents.allSatisfy { over.contains($0) || !known.contains($0) }
        }
        // Shards that an answer names as their own ancestors would wait for each other forever.
        let candidates = begun.isEmpty ? open : begun
        guard let next = unfollowed ?? candidates.min(by: { shards[$0].due < shards[$1].due }) else { return nil }
        let due = shards[next].due
        guard end.map({ due < $0 }) ?? true else {
            if let end { try await Task.sleep(until: end, clock: .continuous) }
            return nil
        }
        if due > .now { try await Task.sleep(until: due, clock: .continuous) }
        do {
            if shards[next].isOver {
                try await beginChildren(of: next)
                failures = 0
                return nil
            }
            let records = try await shards[next].read(stream, session, lateStart: lateStart)
            failures = 0
            return (shards[next].id, records)
        } catch let error where AWSSession.isRetryable(error) {
            failures += 1
            guard failures < Self.patience else { throw error }
            if failures == 1 { Console.note("note: \(error)") }
            shards[next].postpone(by: .milliseconds(200 << min(failures, 5)))
            return nil
        }
    }

    /// Adds the shards that took the place of one that has ended.
    private mutating func beginChildren(of index: Int) async throws {
        let ended = shards[index]
        // Some servers name no children in the last read; the list then does.
        var children = ended.children.map { child in
            (id: child["ShardId"]?.string ?? "", parents: (child["ParentShards"]?.array ?? []).compactMap(\.string))
        }
        if children.isEmpty {
            children = try await stream.shards(session).map(Shard.init)
                .filter { $0.parents.contains(ended.id) }.map { ($0.id, $0.parents) }
        }
        for child in children where !child.id.isEmpty && !shards.contains(where: { $0.id == child.id }) {
            // Everything on a child is newer than what its parents held.
            let childStart = if case .time = start { start } else { TailStart.trimHorizon }
            shards.append(ShardReading(child.id, parents: child.parents, from: childStart))
        }
        followed.insert(Array(ended.id.utf8))
    }
}
