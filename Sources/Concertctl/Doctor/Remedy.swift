import Clients

/// The commands in advice, defined together so that they stay consistent with the commands of the program.
enum Remedy {
    static func allow(_ refusal: AWSRefusal) -> String { allow("\(refusal.service):\(refusal.operation)") }

    /// Returns the advice to allow an action.
    ///
    /// - Parameter action: The name of the action in policies, such as `kinesis:ListShards`.
    static func allow(_ action: String) -> String {
        "allow \(iamName(of: action)) in a policy of the current identity"
    }

    /// Returns IAM's name of an operation, which differs only for `HeadBucket`.
    private static func iamName(of action: String) -> String { action == "s3:HeadBucket" ? "s3:ListBucket" : action }

    static let listStreams = "concertctl stream list"
    static func setUp(_ stream: String) -> String { "concertctl stream setup --stream-name \(stream)" }
    static func encrypt(_ stream: String) -> String { "concertctl stream encrypt --stream-name \(stream)" }
    static func monitor(_ stream: String) -> String { "concertctl stream monitor --stream-name \(stream) --enable ALL" }
    static func describe(_ stream: String) -> String { "concertctl stream describe --stream-name \(stream)" }
    static func registerConsumer(_ stream: String, _ consumer: String) -> String {
        "concertctl stream consumer register --stream-name \(stream) --consumer-name \(consumer)"
    }
    static func scale(_ stream: String, to shards: Int) -> String {
        "concertctl stream scale --stream-name \(stream) --target-shard-count \(shards)"
    }
    static func distributeByPartitionKey(_ streamARN: String) -> String {
        "aws kinesis update-stream-record-distribution-strategy --stream-arn \(streamARN) "
            + "--record-distribution-strategy USER_PARTITION_KEY"
    }
    static func limitRecords(_ stream: String, kibibytes: Int) -> String {
        "concertctl stream scale --stream-name \(stream) \(StreamRecordSize.option.name) \(kibibytes)"
    }
    static func retain(_ stream: String, hours: Int) -> String {
        "concertctl stream retention --stream-name \(stream) --retention-period-hours \(hours)"
    }

    /// Returns the command for a mapping that starts at the oldest record, limits retries, and reports discarded batches.
    static func createMapping(
        _ streamARN: String, _ function: String, onFailure destination: String, maximumRecordAge: Int
    ) -> String {
        "concertctl mapping create --event-source-arn \(streamARN) --function-name \(function) "
            + "--starting-position TRIM_HORIZON --function-response-types ReportBatchItemFailures "
            + "--maximum-retry-attempts 10 --maximum-record-age-in-seconds \(maximumRecordAge) "
            + "--bisect-batch-on-function-error --on-failure \(destination) --wait"
    }
    static let listMappings = "concertctl mapping list"
    static func enableMapping(_ uuid: String) -> String { "concertctl mapping enable --uuid \(uuid)" }
    static func updateMapping(_ uuid: String, _ options: String) -> String {
        "concertctl mapping update --uuid \(uuid) \(options)"
    }

    static func configureFunction(_ function: String, _ options: String) -> String {
        "aws lambda update-function-configuration --function-name \(function) \(options)"
    }
    static func deployFunction(_ function: String) -> String {
        "aws lambda update-function-code --function-name \(function) --zip-file fileb://dist/concert-data-processor.zip"
    }
    static func freeConcurrency(_ function: String) -> String {
        "aws lambda delete-function-concurrency --function-name \(function)"
    }
    static func readLog(_ function: String) -> String { "aws logs tail /aws/lambda/\(function) --since 15m" }
    static func readMessages(_ queueURL: String) -> String {
        "concertctl dead-letters list --queue-url \(queueURL)"
    }
}
