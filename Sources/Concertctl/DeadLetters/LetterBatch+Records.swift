import Clients
import Foundation
import JSON
import Processor

/// A record to be put back, from whichever letter.
struct RestoredRecord: Sendable {
    /// The stream that it came from, by ARN; nil where nobody knows.
    var stream: String?
    var shard: String?
    var sequenceNumber: String
    var partitionKey: String
    /// Of the record itself.
    var data: [UInt8]
    /// In seconds since the Unix epoch.
    var arrival: Double?
}

extension LetterBatch {
    /// What is left of the batch's records.
    struct Remains: Sendable {
        var records: [RestoredRecord] = []
        /// Why not all of them are there; nil when they are.
        var problem: String?
    }

    /// The batch's records: from the letter, where it holds them, else exactly that range of the stream.
    func records(_ session: AWSSession) async throws -> Remains {
        if let payload, let records = recordsOfPayload(payload) { return Remains(records: records) }
        guard let first = SequenceNumber(start), SequenceNumber(end) != nil else {
            return Remains(problem: "its sequence numbers are no numbers")
        }
        var remains = Remains()
        let stream = try StreamReference(ofLetter: streamARN, session)
        var reading = ShardReading(shard, from: .sequenceNumber(first, isAfter: false))
        var found: [JSONValue] = []
        var isPast = false
        do {
            while !isPast, !reading.isOver {
                try await Task.sleep(until: reading.due, clock: .continuous)
                for record in try await reading.read(stream, session, lateStart: .trimHorizon) {
                    let sequence = record["SequenceNumber"]?.string ?? ""
                    if Self.isBelow(end, sequence) {
                        isPast = true
                        break
                    }
                    if !Self.isBelow(sequence, start) { found.append(record) }
                    if sequence == end { isPast = true }
                }
                // The newest record was read, and the range's end, which is older, did not come.
                if reading.isCaughtUp { break }
            }
        } catch let error as AWSError
            where ["ResourceNotFoundException", "InvalidArgumentException"].contains(error.code ?? "")
        {
            remains.problem = "\(error)"
        }
        remains.records = found.map { record in
            RestoredRecord(
                stream: streamARN, shard: shard, sequenceNumber: record["SequenceNumber"]?.string ?? "",
                partitionKey: record["PartitionKey"]?.string ?? start,
                data: record["Data"]?.string.flatMap { Data(base64Encoded: $0) }.map { [UInt8]($0) } ?? [],
                arrival: record["ApproximateArrivalTimestamp"]?.double)
        }
        // Both ends are there, and so is what stands between them.
        let isWhole =
            remains.records.first?.sequenceNumber == start && remains.records.last?.sequenceNumber == end
        if !isWhole {
            let all = count.map { "\($0)" } ?? "its"
            remains.problem =
                "\(remains.records.count) of \(all) records are still on the stream, the others have expired"
                + (remains.problem.map { " (\($0))" } ?? "")
        }
        return remains
    }

    /// Nil when the payload is no event.
    private func recordsOfPayload(_ payload: String) -> [RestoredRecord]? {
        guard let event = try? JSONValue(parsing: Array(payload.utf8)), let records = event["Records"]?.array else {
            return nil
        }
        return records.compactMap { record in
            guard let kinesis = record["kinesis"], let sequence = kinesis["sequenceNumber"]?.string,
                let data = kinesis["data"]?.string.flatMap({ Data(base64Encoded: $0) })
            else { return nil }
            return RestoredRecord(
                stream: streamARN, shard: shard, sequenceNumber: sequence,
                partitionKey: kinesis["partitionKey"]?.string ?? sequence, data: [UInt8](data),
                arrival: kinesis["approximateArrivalTimestamp"]?.double)
        }
    }
}

extension LetterRecord {
    /// The record as it can be put on a stream; nil when its data are no base64, and so never were on one.
    var restored: RestoredRecord? {
        guard let data else { return nil }
        return RestoredRecord(
            stream: stream, shard: shard, sequenceNumber: sequenceNumber, partitionKey: partitionKey ?? sequenceNumber,
            data: data, arrival: arrival.flatMap { Timestamp($0) }.map { Double($0.secondsSinceEpoch) })
    }
}
