import Foundation
import JSON

/// Reads what is on a stream, to replay it.
struct StreamSource {
    let stream: StreamReference
    let session: AWSSession
    let start: TailStart
    /// Records, at most.
    let limit: Int

    /// All records from ``start`` to the newest, shard by shard, in events of one shard each.
    ///
    /// - Parameters:
    ///   - batchSize: Records an event, at most.
    ///   - progress: Told how many records there are so far.
    func events(batchSize: Int, progress: (Int) -> Void) async throws -> [ReplayEvent] {
        let arn = try await stream.summary(session).arn
        var tail = try await Tail(stream, session, from: start, shardID: nil)
        // By shard, as bytes.
        var records: [[UInt8]: [RestoredRecord]] = [:]
        var count = 0
        while count < limit, !tail.isCaughtUp, !tail.isOver {
            guard let read = try await tail.step(until: nil) else { continue }
            let found = try read.records.prefix(limit - count).map { record in
                guard let restored = TailedRecord(record, shard: read.shard).restored(stream: arn) else {
                    let number = record["SequenceNumber"]?.string ?? "without a sequence number"
                    throw CommandError(
                        description:
                            "kinesis GetRecords: the Data of record \(number) of \(read.shard) is no base64, which "
                            + "Kinesis never sends; see what --endpoint-url names")
                }
                return restored
            }
            records[Array(read.shard.utf8), default: []] += found
            count += found.count
            progress(count)
        }
        return records.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { shard, records in
            KinesisRecords.parts(of: records, batchSize: batchSize).map {
                ReplayEvent(
                    name: String(decoding: shard, as: UTF8.self), bytes: LambdaEvent.bytes(of: Array($0)))
            }
        }
    }
}
