import Clients
import Foundation
import JSON

/// The lag of a reader behind the end of a stream.
struct StreamLag {
    private let stream: StreamReference

    init(_ stream: StreamReference) { self.stream = stream }

    /// Returns the largest difference between a shard's newest record and `time`, in seconds.
    ///
    /// `time` is in seconds since the Unix epoch; nil, if nothing was read yet, starts at the oldest record.
    func seconds(_ session: AWSSession, since time: Double?) async throws -> Double {
        // Kinesis rejects a time in the future by its own clock.
        if let time, Date().timeIntervalSince1970 - time < 5 { return 0 }
        var lag = 0.0
        for shard in try await stream.shards(session).compactMap({ $0["ShardId"]?.string }) {
            let iterator = try await session.send(
                stream.request(
                    "GetShardIterator", ("ShardId", .string(shard)),
                    ("ShardIteratorType", time == nil ? "TRIM_HORIZON" : "AT_TIMESTAMP"),
                    // A row's time has a resolution of one second; the record of that second is already in the warehouse.
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
