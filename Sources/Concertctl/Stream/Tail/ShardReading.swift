import Clients
import JSON

/// The position in one shard, and the time of its next read.
struct ShardReading: Sendable {
    let id: String
    /// The shards that must be read to their end before this one, to keep the records of each key in order.
    let parents: [String]
    private(set) var isOver = false
    /// The time of the next read; a shard allows five reads per second for all readers together.
    private(set) var due = ContinuousClock.now
    /// The lag of the last read behind the newest record, in ms; nil before the first read.
    private(set) var millisecondsBehind: Int?
    /// The shards that replaced this one, from its last read.
    private(set) var children: [JSONValue] = []
    /// The start position until the first record is read.
    private var start: TailStart
    private var iterator: String?
    private var lastSequenceNumber: String?

    /// The interval of five reads per second, with a margin.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
    private static let shortestInterval = Duration.milliseconds(210)
    /// The interval after a read without records.
    private static let idleInterval = Duration.seconds(1)
    /// The most records of one read.
    private static let recordLimit = 2500

    init(_ id: String, parents: [String] = [], from start: TailStart) {
        (self.id, self.parents, self.start) = (id, parents, start)
    }

    /// Whether all records of the shard have been read.
    var isCaughtUp: Bool { isOver || millisecondsBehind == 0 }

    /// Reads once, and schedules the next read.
    ///
    /// - Parameter lateStart: The start position of a `LATEST` reading whose iterator expires before the first record.
    /// - Returns: The records of this read.
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
            // Other consumers also read this shard.
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

    /// Delays the next read after a failure.
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
            throw CommandError(description: "kinesis GetShardIterator: the response has no iterator for \(id)")
        }
        iterator = found
        // By now, `LATEST` is another position, and would skip the records in between.
        if start == .latest { start = lateStart }
        return found
    }
}
