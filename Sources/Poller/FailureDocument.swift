import JSON

/// What Lambda writes to an on-failure destination about a batch that it gave up; with the event, as S3 gets it.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
public enum FailureDocument {
    /// - Parameters:
    ///   - requestID: Of the last invocation.
    ///   - time: When it was given up, in ISO 8601.
    ///   - arrival: Makes ISO 8601 of milliseconds since the epoch.
    public static func bytes(
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
