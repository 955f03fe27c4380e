import Clients
import Foundation
import JSON

extension StreamReference {
    /// One `PutRecords` of these records.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
    func putRecords(_ records: [PutQueue.InFlight]) -> AWSRequest {
        var writer = JSONWriter()
        writer.openObject()
        writer.key(member.0)
        writer.string(arn ?? name)
        writer.key("Records")
        writer.openArray()
        for record in records {
            writer.openObject()
            writer.key("Data")
            writer.raw("\"\(Data(record.entry.data).base64EncodedString())\"")
            writer.key("PartitionKey")
            writer.string(record.entry.key)
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
        var request = AWSRequest.kinesis("PutRecords", [:])
        request.body = writer.bytes
        // Whoever interrupts wants to know what was put.
        request.isAbandonedOnCancel = false
        // Only so is it known of every attempt whether it may have put something.
        request.maxAttempts = 1
        return request.standingIn([
            "Records": .array(Array(repeating: ["SequenceNumber": "0"], count: records.count))
        ])
    }
}
