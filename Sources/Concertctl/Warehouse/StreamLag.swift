import Clients
import Foundation
import JSON

/// How far a reader that has got to some time is behind the end of a stream.
struct StreamLag {
    private let stream: StreamReference

    init(_ stream: StreamReference) { self.stream = stream }

    /// The most that a shard's newest record is younger than `time`, which is in seconds since the Unix epoch.
    ///
    /// Nil for `time`, which is when nothing was ever read, asks from the oldest record on.
    func seconds(_ session: AWSSession, since time: Double?) async throws -> Double {
        // Kinesis refuses a time that is yet to come, by its own clock.
        if let time, Date().timeIntervalSince1970 - time < 5 { return 0 }
        var lag = 0.0
        for shard in try await stream.shards(session).compactMap({ $0["ShardId"]?.string }) {
            let iterator = try await session.send(
                stream.request(
                    "GetShardIterator", ("ShardId", .string(shard)),
                    ("ShardIteratorType", time == nil ? "TRIM_HORIZON" : "AT_TIMESTAMP"),
                    // A row's time is kept to the second here; the record of that second is in the warehouse.
                    ("Timestamp", time.map { .decimal($0 + 1) }))
            ).json()
            guard let iterator = iterator["ShardIterator"] else { continue }
            let page = try await session.send(
                .kinesis("GetRecords", .object(ofPresent: [("ShardIterator", iterator), ("Limit", 1)]))
            ).json()
            lag = max(lag, (page["MillisBehindLatest"]?.double ?? 0) / 1000)
        }
        return lag
    }
}
