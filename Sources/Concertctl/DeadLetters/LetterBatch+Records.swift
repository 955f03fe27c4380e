import Clients
import Foundation
import JSON
import Processor

/// A record to be replayed, from whichever letter.
struct RestoredRecord: Sendable {
    /// The stream that it came from, by ARN; nil if unknown.
    var stream: String?
    var shard: String?
    var sequenceNumber: String
    var partitionKey: String
    /// Of the record itself.
    var data: [UInt8]
    /// In seconds since the Unix epoch.
    var arrival: Double?
    /// Its index in the aggregate that it came from.
    var subSequenceNumber: Int?
    /// The data as it was received, where that is not base64.
    var rawText: String?
    /// Whether ``partitionKey`` is the record's own; otherwise it is the sequence number.
    var hasPartitionKey = true
}

extension LetterBatch {
    /// What is left of the batch's records.
    struct Remains: Sendable {
        var records: [RestoredRecord] = []
        /// Why not all of them are there; nil when they are.
        var problem: String?
    }

    /// Records and bytes of one range, at most.
    ///
    /// A batch has up to 10,000 records, and with a parallelization factor the range also contains those of up to nine
    /// batches that ran beside it.
    private static let limit = (records: 100_000, bytes: 256 << 20)

    /// The batch's records as the letter contains them; nil when it does not, and they must be read from the stream.
    var recordsOfPayload: Remains? {
        guard let payload, let event = try? JSONValue(parsing: Array(payload.utf8)),
            let elements = event["Records"]?.array
        else { return nil }
        var remains = Remains()
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

    /// The batch's records, read from exactly that range of the stream.
    func records(on stream: StreamReference, _ session: AWSSession) async throws -> Remains {
        guard let first = SequenceNumber(start.digits) else { return Remains(problem: "it has no sequence number") }
        var remains = Remains()
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
                        return Remains(problem: "its range has more records than any batch")
                    }
                    remains.records.append(restored)
                    if sequence == end { isPast = true }
                }
                // The newest record was read, and the range's end, which is older, was not among them.
                if reading.isCaughtUp { break }
            }
        } catch let error as AWSError
            where ["ResourceNotFoundException", "InvalidArgumentException"].contains(error.code ?? "")
        {
            remains.problem = "\(error)"
        }
        // Both ends are there, and so is everything between them.
        let isWhole =
            remains.records.first?.sequenceNumber == start.digits && remains.records.last?.sequenceNumber == end.digits
        if !isWhole {
            let all = count.map { "\($0)" } ?? "its"
            remains.problem =
                "\(remains.records.count) of \(all) records are still on the stream, the others have expired"
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
    /// The record as it can be redelivered.
    var restored: RestoredRecord {
        let data = data
        return RestoredRecord(
            stream: stream, shard: shard, sequenceNumber: sequenceNumber.digits,
            partitionKey: partitionKey ?? sequenceNumber.digits, data: data ?? [],
            arrival: Letter.record(self).arrival, subSequenceNumber: subSequenceNumber,
            rawText: data == nil ? text : nil, hasPartitionKey: partitionKey != nil)
    }
}
