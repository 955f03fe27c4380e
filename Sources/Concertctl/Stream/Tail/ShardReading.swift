import Clients
import JSON

/// Reading one shard: where it is, and when it may be read again.
struct ShardReading: Sendable {
    let id: String
    /// Shards that must have come to their end before this one is begun, so that a key's records stay in order.
    let parents: [String]
    private(set) var isOver = false
    /// When the next read is due: five reads a second are a shard's limit, for all its readers together.
    private(set) var due = ContinuousClock.now
    /// How far behind the newest record the last read was, in ms; nil before the first.
    private(set) var millisecondsBehind: Int?
    /// Shards that took this one's place, as its last read named them.
    private(set) var children: [JSONValue] = []
    /// Where to begin when no record was seen yet.
    private var start: TailStart
    private var iterator: String?
    private var lastSequenceNumber: String?

    /// Five reads a second, with a little room.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
    private static let shortestInterval = Duration.milliseconds(210)
    /// Between reads that bring nothing.
    private static let idleInterval = Duration.seconds(1)
    /// Of one read.
    private static let recordLimit = 2500

    init(_ id: String, parents: [String] = [], from start: TailStart) {
        (self.id, self.parents, self.start) = (id, parents, start)
    }

    /// Whether everything that was on the shard has been read.
    var isCaughtUp: Bool { isOver || millisecondsBehind == 0 }

    /// Reads once, and notes when to read again.
    ///
    /// - Parameter lateStart: Where a shard that was begun at its end goes on, when its iterator is lost before a record came.
    /// - Returns: The records that came.
    mutating func read(
        _ stream: StreamReference, _ session: AWSSession, lateStart: TailStart
    ) async throws -> [JSONValue] {
        due = .now + Self.shortestInterval
        let answer: JSONValue
        do {
            let iterator = try await currentIterator(stream, session, lateStart: lateStart)
            answer = try await session.send(
                .kinesis(
                    "GetRecords", ["ShardIterator": .string(iterator), "Limit": .integer(Self.recordLimit)])
            ).json()
        } catch let error as AWSError where error.code == "ExpiredIteratorException" {
            iterator = nil
            return []
        } catch let error as AWSError where error.code == "ProvisionedThroughputExceededException" {
            // Others read this shard, too.
            due = .now + Self.idleInterval * Double.random(in: 1...2)
            return []
        }
        let records = answer["Records"]?.array ?? []
        if let last = records.last?["SequenceNumber"]?.string { lastSequenceNumber = last }
        millisecondsBehind = answer["MillisBehindLatest"]?.integer
        iterator = answer["NextShardIterator"]?.string
        if iterator == nil {
            isOver = true
            children = answer["ChildShards"]?.array ?? []
        }
        if records.isEmpty, millisecondsBehind == 0 { due = .now + Self.idleInterval }
        return records
    }

    /// Puts the next read off, after a failure.
    mutating func postpone(by duration: Duration) { due = .now + duration }

    private mutating func currentIterator(
        _ stream: StreamReference, _ session: AWSSession, lateStart: TailStart
    ) async throws -> String {
        if let iterator { return iterator }
        var members: [(String, JSONValue?)] = [stream.member, ("ShardId", .string(id))]
        if let lastSequenceNumber {
            members += [
                ("ShardIteratorType", "AFTER_SEQUENCE_NUMBER"), ("StartingSequenceNumber", .string(lastSequenceNumber)),
            ]
        } else {
            members += start.members
        }
        let answer = try await session.send(.kinesis("GetShardIterator", .object(ofPresent: members))).json()
        guard let found = answer["ShardIterator"]?.string else {
            throw CommandError(description: "kinesis GetShardIterator: the answer holds no iterator for \(id)")
        }
        iterator = found
        // The end is elsewhere by the time that another iterator is needed, and what came in between must not be missed.
        if start == .latest { start = lateStart }
        return found
    }
}
