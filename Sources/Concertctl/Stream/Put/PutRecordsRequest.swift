import Clients
import Foundation
import JSON

extension StreamReference {
    /// Returns the `PutRecords` request for these records.
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
        // An interruption waits for the response, because it must report which records were put.
        request.isAbandonedOnCancel = false
        // With one attempt, the outcome of every attempt is known.
        request.maxAttempts = 1
        return request.standingIn([
            "Records": .array(Array(repeating: ["SequenceNumber": "0"], count: records.count))
        ])
    }
}
