import JSON

/// The document that Lambda sends to an on-failure destination for a discarded batch; with the event, as for S3.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
package enum FailureDocument {
    /// Returns the document as JSON.
    ///
    /// - Parameters:
    ///   - requestID: The request ID of the last invocation.
    ///   - time: The time at which the batch was discarded, in ISO 8601.
    ///   - arrival: Converts milliseconds since the epoch to ISO 8601.
    package static func bytes(
        _ discarded: DiscardedBatch, streamARN: String, functionARN: String, requestID: String, time: String,
        arrival: (Int64) -> String
    ) -> [UInt8] {
        let records = discarded.batch.records
        let first = records.first
        let last = records.last
        let document: JSONValue = [
            "requestContext": [
                "requestId": .string(requestID), "functionArn": .string(functionARN),
                "condition": .string(discarded.condition.rawValue),
                "approximateInvokeCount": .integer(discarded.invocations),
            ],
            "responseContext": ["statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"],
            "version": "1.0", "timestamp": .string(time),
            "KinesisBatchInfo": [
                "shardId": .string(discarded.batch.shard), "startSequenceNumber": .string(first?.sequenceNumber ?? ""),
                "endSequenceNumber": .string(last?.sequenceNumber ?? ""),
                "approximateArrivalOfFirstRecord": .string(arrival(first?.arrival ?? 0)),
                "approximateArrivalOfLastRecord": .string(arrival(last?.arrival ?? 0)),
                "batchSize": .integer(records.count), "streamArn": .string(streamARN),
            ],
            "payload": .string(String(decoding: discarded.batch.event, as: UTF8.self)),
        ]
        return document.bytes
    }
}
