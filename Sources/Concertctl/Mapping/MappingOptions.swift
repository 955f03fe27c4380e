import Basics

/// The options for the settings of a mapping, with the names of the AWS CLI.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
enum MappingOptions {
    static let batchSize = Option<Int?>("--batch-size", 1...10_000, "maximum number of records per invocation")
    static let batchingWindow = Option<Int?>(
        "--maximum-batching-window-in-seconds", value: "SECONDS", 0...300, "maximum time to gather a batch")
    static let parallelizationFactor = Option<Int?>(
        "--parallelization-factor", 1...10,
        "concurrent batches per shard; records with the same partition key stay in order")
    static let onFailure = Option<String?>(
        "--on-failure", value: "ARN",
        "destination for discarded batches: a queue, topic, or bucket; \"\" removes it")
    static let destinationConfig = Option<String?>(
        "--destination-config", value: "CONFIG", "the destination as OnFailure={Destination=ARN}, JSON, or file://PATH")
    static let recordAge = Option<Int?>(
        "--maximum-record-age-in-seconds", value: "SECONDS", -1...604_800,
        "discard older records; at least 60, or -1 for no limit")
    static let retryAttempts = Option<Int?>(
        "--maximum-retry-attempts", -1...10_000, "discard a batch after this number of retries; -1 for no limit")
    static let bisect = Option<Bool?>(
        "--bisect-batch-on-function-error", "split a batch whose invocation failed, to isolate the bad record")
    static let tumblingWindow = Option<Int?>(
        "--tumbling-window-in-seconds", value: "SECONDS", 0...900, "length of tumbling windows; 0 for none")
    static let responseTypes = Option<[String]?>(
        "--function-response-types", value: "TYPE", "ReportBatchItemFailures, or \"\" for none")
    static let reportFailures = Option<Bool?>(
        "--report-batch-item-failures", "short for --function-response-types ReportBatchItemFailures")
    static let filterCriteria = Option<String?>(
        "--filter-criteria", value: "CRITERIA",
        "filter as Filters=[{Pattern='...'}], JSON, or file://PATH; \"\" for none")
    static let kmsKey = Option<String?>(
        "--kms-key-arn", value: "ARN", "key that encrypts the filter; \"\" for the AWS owned key")
    static let metricsConfig = Option<String?>(
        "--metrics-config", value: "CONFIG", "Metrics=EventCount, JSON, or file://PATH; \"\" for none")
    static let enabled = Option<Bool?>("--enabled", "whether the mapping reads records")

    static let startingPosition = Option<StartingPosition?>(
        "--starting-position", otherwise: "LATEST, which misses records that arrive before the mapping is Enabled",
        "position in the stream at which a new mapping begins")
    static let startingTimestamp = Option<String?>(
        "--starting-position-timestamp", value: "TIME", "for AT_TIMESTAMP: ISO 8601, or seconds since the epoch")
    static let tags = Option<[String]?>(
        "--tags", value: "KEY=VALUE", splitsAtCommas: false,
        "tags of the mapping, also as JSON or file://PATH")

    static let wait = Option<Bool>("--wait", "wait until the change is complete")

    /// The settings that can be changed at any time.
    static let updatable: [any CommandOption] = [
        batchSize, batchingWindow, parallelizationFactor, onFailure, destinationConfig, recordAge, retryAttempts,
        bisect, tumblingWindow, responseTypes, reportFailures, filterCriteria, kmsKey, metricsConfig, enabled,
    ]
    /// The settings that can only be set at creation.
    static let createOnly: [any CommandOption] = [startingPosition, startingTimestamp, tags]
    /// The options of every command that calls AWS.
    static let calling: [any CommandOption] = [SharedOption.output] + SharedOption.aws
}

/// The position in the stream at which a new mapping begins.
enum StartingPosition: String, CaseIterable, Sendable {
    case latest = "LATEST"
    case trimHorizon = "TRIM_HORIZON"
    case atTimestamp = "AT_TIMESTAMP"
}

/// Options of the AWS CLI that are not supported here.
extension MappingOptions {
    /// The reason for each option that is for another kind of event source.
    static let foreign: [String: String] = {
        let kinds = [
            "--topics": "Kafka topics", "--queues": "message brokers",
            "--source-access-configurations": "Kafka clusters and message brokers",
            "--self-managed-event-source": "Kafka clusters",
            "--amazon-managed-kafka-event-source-config": "Kafka clusters",
            "--self-managed-kafka-event-source-config": "Kafka clusters",
            "--scaling-config": "SQS queues", "--provisioned-poller-config": "Kafka clusters and SQS queues",
            "--document-db-event-source-config": "DocumentDB change streams", "--logging-config": "Kafka clusters",
        ]
        return kinds.mapValues { "is a setting for \($0), not supported for Kinesis" }
    }()

    /// The reason for each option that cannot be changed after creation.
    static let afterCreation: [String: String] = [
        startingPosition.name: onlyAtCreation, startingTimestamp.name: onlyAtCreation, tags.name: tagsAfterCreation,
    ]

    static let onlyAtCreation =
        "can only be set at creation: to change it, delete the mapping and create it again (concertctl mapping delete "
        + "--wait, then concertctl mapping create); --starting-position AT_TIMESTAMP with a time before the deletion "
        + "skips no record"
    static let tagsAfterCreation =
        "can only be set at creation here; aws lambda tag-resource --resource MAPPING_ARN changes tags later"
}
