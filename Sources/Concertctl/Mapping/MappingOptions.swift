/// The options for a mapping's settings, named as AWS's own command line names them.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
enum MappingOptions {
    static let batchSize = Option<Int?>("--batch-size", 1...10_000, "records an invocation at most")
    static let batchingWindow = Option<Int?>(
        "--maximum-batching-window-in-seconds", value: "SECONDS", 0...300, "how long to gather a batch at most")
    static let parallelizationFactor = Option<Int?>(
        "--parallelization-factor", 1...10, "batches of a shard at a time; order is kept per partition key")
    static let onFailure = Option<String?>(
        "--on-failure", value: "ARN",
        "where to report discarded batches: a queue, topic or bucket; \"\" removes it")
    static let destinationConfig = Option<String?>(
        "--destination-config", value: "CONFIG", "the same as OnFailure={Destination=ARN}, as JSON, or file://PATH")
    static let recordAge = Option<Int?>(
        "--maximum-record-age-in-seconds", value: "SECONDS", -1...604_800,
        "discard records that are older, 60 at least; -1 never does")
    static let retryAttempts = Option<Int?>(
        "--maximum-retry-attempts", -1...10_000, "discard a batch after so many retries; -1 never does")
    static let bisect = Option<Bool?>(
        "--bisect-batch-on-function-error", "halve a batch whose invocation failed, to find the bad record")
    static let tumblingWindow = Option<Int?>(
        "--tumbling-window-in-seconds", value: "SECONDS", 0...900, "the length of tumbling windows; 0 for none")
    static let responseTypes = Option<[String]?>(
        "--function-response-types", value: "TYPE", "ReportBatchItemFailures, or \"\" for none")
    static let reportFailures = Option<Bool?>(
        "--report-batch-item-failures", "short for --function-response-types ReportBatchItemFailures")
    static let filterCriteria = Option<String?>(
        "--filter-criteria", value: "CRITERIA",
        "which records to take: Filters=[{Pattern='...'}], JSON, or file://PATH; \"\" takes all")
    static let kmsKey = Option<String?>(
        "--kms-key-arn", value: "ARN", "the key that encrypts the filter; \"\" for AWS's own")
    static let metricsConfig = Option<String?>(
        "--metrics-config", value: "CONFIG", "Metrics=EventCount, JSON, or file://PATH; \"\" for none")
    static let enabled = Option<Bool?>("--enabled", "whether records are read")

    static let startingPosition = Option<StartingPosition?>(
        "--starting-position", otherwise: "LATEST, which misses what arrives before the mapping is Enabled",
        "where to begin")
    static let startingTimestamp = Option<String?>(
        "--starting-position-timestamp", value: "TIME", "for AT_TIMESTAMP: ISO 8601, or seconds since the epoch")
    static let tags = Option<[String]?>(
        "--tags", value: "KEY=VALUE", splitsAtCommas: false,
        "tags of the mapping itself, also as JSON or file://PATH")

    static let wait = Option<Bool>("--wait", "wait until the change is done")

    /// What can be set at any time.
    static let updatable: [any CommandOption] = [
        batchSize, batchingWindow, parallelizationFactor, onFailure, destinationConfig, recordAge, retryAttempts,
        bisect, tumblingWindow, responseTypes, reportFailures, filterCriteria, kmsKey, metricsConfig, enabled,
    ]
    /// What only a creation can set.
    static let createOnly: [any CommandOption] = [startingPosition, startingTimestamp, tags]
    /// What every command has that calls and may wait.
    static let calling: [any CommandOption] = [SharedOption.output] + SharedOption.aws
}

/// Where in the stream a new mapping begins.
enum StartingPosition: String, CaseIterable, Sendable {
    case latest = "LATEST"
    case trimHorizon = "TRIM_HORIZON"
    case atTimestamp = "AT_TIMESTAMP"
}

/// Options that AWS's command line has, and that make no sense here.
extension MappingOptions {
    /// Why, for each option that is for another kind of event source.
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

    /// Why, for each option that a mapping which exists cannot take.
    static let afterCreation: [String: String] = [
        startingPosition.name: onlyAtCreation, startingTimestamp.name: onlyAtCreation, tags.name: tagsAfterCreation,
    ]

    static let onlyAtCreation =
        "can only be set at creation: to change it, delete the mapping and create it anew (concertctl mapping delete "
        + "--wait, then concertctl mapping create); --starting-position AT_TIMESTAMP with a time before the deletion "
        + "leaves no record out"
    static let tagsAfterCreation =
        "can only be set at creation here; aws lambda tag-resource --resource MAPPING_ARN changes tags later"
}
