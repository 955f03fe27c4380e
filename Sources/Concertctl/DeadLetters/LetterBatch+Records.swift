import Clients
import Foundation
import JSON
import Processor

/// A record to replay, from any kind of dead letter.
struct RestoredRecord: Sendable {
    /// The ARN of the original stream; nil if unknown.
    var stream: String?
    var shard: String?
    var sequenceNumber: String
    var partitionKey: String
    /// The data of the record.
    var data: [UInt8]
    /// In seconds since the Unix epoch.
    var arrival: Double?
    /// The index in the aggregate, if the record was in one.
    var subSequenceNumber: Int?
    /// The data as received, if it is not base64.
    var rawText: String?
    /// Whether ``partitionKey`` is the record's own; otherwise it is the sequence number.
    var hasPartitionKey = true
}

extension LetterBatch {
    /// The records of the batch that are still available.
    struct RemainingRecords: Sendable {
        var records: [RestoredRecord] = []
        /// The reason why records are missing; nil if none are.
        var problem: String?
    }

    /// The most records and bytes of one range.
    ///
    /// A batch has up to 10,000 records. With a parallelization factor, the range also contains the records of up to nine
    /// concurrent batches.
    private static let limit = (records: 100_000, bytes: 256 << 20)

    /// The batch's records, if the dead letter contains them; otherwise nil, and they must be read from the stream.
    var recordsOfPayload: RemainingRecords? {
        guard let payload, let event = try? JSONValue(parsing: Array(payload.utf8)),
            let elements = event["Records"]?.array
        else { return nil }
        var remains = RemainingRecords()
        remains.records = elements.compactMap { record in
            guard let kinesis = record["kinesis"], let sequence = LetterSequence(kinesis["sequenceNumber"]?.string),
                let text = kinesis["data"]?.string
            else { return nil }
            let data = Data(base64Encoded: text)
            return RestoredRecord(
                stream: streamARN, shard: shard, sequenceNumber: sequence.digits,
                partitionKey: kinesis["partitionKey"]?.string ?? sequence.digits, data: data.map { [UInt8]($0) } ?? [],
                arrival: kinesis["approximateArrivalTimestamp"]?.double, rawText: data == nil ? text : nil,
                hasPartitionKey: kinesis["partitionKey"]?.string != nil)
        }
        let unreadable = elements.count - remains.records.count
        if unreadable > 0 { remains.problem = "\(unreadable) of its \(elements.count) records cannot be read" }
        return remains
    }

    /// Reads the batch's records from its range of the stream.
    func records(on stream: StreamReference, _ session: AWSSession) async throws -> RemainingRecords {
        guard let first = SequenceNumber(start.digits) else {
            return RemainingRecords(problem: "it has no sequence number")
        }
        var remains = RemainingRecords()
        var reading = ShardReading(shard, from: .sequenceNumber(first, isAfter: false))
        var bytes = 0
        var isPast = false
        do {
            while !isPast, !reading.isOver {
                try await Task.sleep(until: reading.due, clock: .continuous)
                for record in try await reading.read(stream, session, lateStart: .trimHorizon) {
                    guard let sequence = LetterSequence(record["SequenceNumber"]?.string) else { continue }
                    if end < sequence {
                        isPast = true
                        break
                    }
                    if sequence < start { continue }
                    let restored = restored(record, sequence)
                    bytes += restored.data.count
                    guard remains.records.count < Self.limit.records, bytes <= Self.limit.bytes else {
                        return RemainingRecords(problem: "its range has more records than any batch")
                    }
                    remains.records.append(restored)
                    if sequence == end { isPast = true }
                }
                // The newest record of the shard was read, so the end of the range, which is older, has expired.
                if reading.isCaughtUp { break }
            }
        } catch let error as AWSError
            where ["ResourceNotFoundException", "InvalidArgumentException"].contains(error.code ?? "")
        {
            remains.problem = "\(error)"
        }
        // If both ends exist, everything between them does, too.
        let isWhole =
            remains.records.first?.sequenceNumber == start.digits && remains.records.last?.sequenceNumber == end.digits
        if !isWhole {
            let all = count.map { "\($0)" } ?? "its"
            remains.problem =
                "\(remains.records.count) of \(all) records are still on the stream; the others have expired"
                + (remains.problem.map { " (\($0))" } ?? "")
        }
        return remains
    }

    private func restored(_ record: JSONValue, _ sequence: LetterSequence) -> RestoredRecord {
        RestoredRecord(
            stream: streamARN, shard: shard, sequenceNumber: sequence.digits,
            partitionKey: record["PartitionKey"]?.string ?? sequence.digits,
            data: record["Data"]?.string.flatMap { Data(base64Encoded: $0) }.map { [UInt8]($0) } ?? [],
            arrival: record["ApproximateArrivalTimestamp"]?.double)
    }
}

extension LetterRecord {
    /// The record for redelivery.
    var restored: RestoredRecord {
        let data = data
        return RestoredRecord(
            stream: stream, shard: shard, sequenceNumber: sequenceNumber.digits,
            partitionKey: partitionKey ?? sequenceNumber.digits, data: data ?? [],
            arrival: Letter.record(self).arrival, subSequenceNumber: subSequenceNumber,
            rawText: data == nil ? text : nil, hasPartitionKey: partitionKey != nil)
    }
}
