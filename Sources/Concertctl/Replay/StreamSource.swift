import Foundation
import JSON

/// A reader of a stream's records, which are replayed.
struct StreamSource {
    let stream: StreamReference
    let session: AWSSession
    let start: TailStart
    /// The most records.
    let limit: Int

    /// Returns all records from ``start`` to the newest, in events of one shard each.
    ///
    /// - Parameters:
    ///   - batchSize: The most records per event.
    ///   - progress: Called with the number of records so far.
    func events(batchSize: Int, progress: (Int) -> Void) async throws -> [ReplayEvent] {
        let arn = try await stream.summary(session).arn
        var tail = try await Tail(stream, session, from: start, shardID: nil)
        // Records by shard, as bytes.
        var records: [[UInt8]: [RestoredRecord]] = [:]
        var count = 0
        while count < limit, !tail.isCaughtUp, !tail.isOver {
            guard let read = try await tail.step(until: nil) else { continue }
            let found = try read.records.prefix(limit - count).map { record in
                guard let restored = TailedRecord(record, shard: read.shard).restored(stream: arn) else {
                    let number = record["SequenceNumber"]?.string ?? "without a sequence number"
                    throw CommandError(
                        description:
                            "kinesis GetRecords: the Data of record \(number) of \(read.shard) is not base64, which "
                            + "Kinesis never returns; check --endpoint-url")
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
