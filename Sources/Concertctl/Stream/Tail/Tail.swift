import Clients
import Foundation
import JSON

/// A reader of all shards of a stream, parents before children, each as often as its read limit allows.
struct Tail {
    private let stream: StreamReference
    private let session: AWSSession
    private let start: TailStart
    /// The start position of a `LATEST` reading whose iterator expires before the first record.
    private let lateStart: TailStart
    /// Nil reads all shards.
    private let shardID: String?
    private var shards: [ShardReading] = []
    /// The IDs of ended shards whose children have been added.
    private var followed: Set<[UInt8]> = []
    private var failures = 0

    /// The number of consecutive failed reads after which the command fails.
    private static let attemptLimit = 10

    init(
        _ stream: StreamReference, _ session: AWSSession, from start: TailStart, shardID: String?
    ) async throws {
        (self.stream, self.session, self.start, self.shardID) = (stream, session, start, shardID)
        lateStart = .time(Date().timeIntervalSince1970)
        let listed = try await stream.shards(session)
        let known = listed.map(Shard.init)
        if let shardID, !known.contains(where: { $0.id == shardID }) {
            throw CommandError(
                description:
                    "stream \(stream.name) has no shard \(shardID); list its shards with concertctl stream describe")
        }
        for shard in known where shardID.map({ $0 == shard.id }) ?? (start != .latest || shard.isOpen) {
            shards.append(ShardReading(shard.id, parents: shardID == nil ? shard.parents : [], from: start))
        }
    }

    /// Whether every shard has been read to its newest record, and no child shard remains to be added.
    var isCaughtUp: Bool { unfollowed == nil && shards.allSatisfy(\.isCaughtUp) }

    /// Whether no shard can return another record.
    var isOver: Bool { unfollowed == nil && shards.allSatisfy(\.isOver) }

    /// The index of an ended shard whose children have not been added.
    private var unfollowed: Int? {
        shardID == nil ? shards.firstIndex { $0.isOver && !followed.contains(Array($0.id.utf8)) } : nil
    }

    /// Waits for the next shard that is due, and reads it.
    ///
    /// - Returns: The shard's ID and its records; nil if nothing was read.
    mutating func step(until end: ContinuousClock.Instant?) async throws -> (shard: String, records: [JSONValue])? {
        try Task.checkCancellation()
        let over = Set(shards.filter(\.isOver).map(\.id))
        let known = Set(shards.map(\.id))
        let open = shards.indices.filter { !shards[$0].isOver }
        let begun = open.filter { index in
            shards[index].parents.allSatisfy { over.contains($0) || !known.contains($0) }
        }
        // Shards that a response describes as their own ancestors would otherwise wait forever.
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
            guard failures < Self.attemptLimit else { throw error }
            if failures == 1 { Console.note("note: \(error)") }
            shards[next].postpone(by: .milliseconds(200 << min(failures, 5)))
            return nil
        }
    }

    /// Adds the children of a shard that has ended.
    private mutating func beginChildren(of index: Int) async throws {
        let ended = shards[index]
        // Some servers return no children in the last read; the list of shards has them.
        var children = ended.children.map { child in
            (id: child["ShardId"]?.string ?? "", parents: (child["ParentShards"]?.array ?? []).compactMap(\.string))
        }
        if children.isEmpty {
            children = try await stream.shards(session).map(Shard.init)
                .filter { $0.parents.contains(ended.id) }.map { ($0.id, $0.parents) }
        }
        for child in children where !child.id.isEmpty && !shards.contains(where: { $0.id == child.id }) {
            // All records of a child are newer than those of its parents.
            let childStart = if case .time = start { start } else { TailStart.trimHorizon }
            shards.append(ShardReading(child.id, parents: child.parents, from: childStart))
        }
        followed.insert(Array(ended.id.utf8))
    }
}
