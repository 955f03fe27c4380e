/// The options for a mapping's settings, named as AWS's own command line names them.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
enum MappingOptions {
    static let batchSize = OptionDescription(
        "--batch-size", .value("N"), "records an invocation at most, 1...10000")
    static let batchingWindow = OptionDescription(
        "--maximum-batching-window-in-seconds", .value("SECONDS"), "how long to gather a batch at most, 0...300")
    static let parallelizationFactor = OptionDescription(
        "--parallelization-factor", .value("N"),
        "batches of a shard at a time, 1...10; order is kept per partition key")
    static let onFailure = OptionDescription(
        "--on-failure", .value("ARN"),
        "where to tell of batches that are given up: a queue, topic or bucket; \"\" takes it away")
    static let destinationConfig = OptionDescription(
        "--destination-config", .value("CONFIG"), "the same as OnFailure={Destination=ARN}, as JSON, or file://PATH")
    static let recordAge = OptionDescription(
        "--maximum-record-age-in-seconds", .value("SECONDS"),
        "give records up that are older, 60...604800; -1 never does")
    static let retryAttempts = OptionDescription(
        "--maximum-retry-attempts", .value("N"), "give a batch up after so many retries, 0...10000; -1 never does")
    static let bisect = OptionDescription(
        "--bisect-batch-on-function-error", .toggle, "halve a batch whose invocation failed, to find the bad record")
    static let tumblingWindow = OptionDescription(
        "--tumbling-window-in-seconds", .value("SECONDS"), "the length of tumbling windows, 0...900; 0 for none")
    static let responseTypes = OptionDescription(
        "--function-response-types", .list("TYPE"), "ReportBatchItemFailures, or \"\" for none")
    static let reportFailures = OptionDescription(
        "--report-batch-item-failures", .toggle, "short for --function-response-types ReportBatchItemFailures")
    static let filterCriteria = OptionDescription(
        "--filter-criteria", .value("CRITERIA"),
        "which records to take: Filters=[{Pattern='...'}], JSON, or file://PATH; \"\" takes all")
    static let kmsKey = OptionDescription(
        "--kms-key-arn", .value("ARN"), "the key that encrypts the filter; \"\" for AWS's own")
    static let metricsConfig = OptionDescription(
        "--metrics-config", .value("CONFIG"), "Metrics=EventCount, JSON, or file://PATH; \"\" for none")
    static let enabled = OptionDescription("--enabled", .toggle, "whether records are read")

    static let startingPosition = OptionDescription(
        "--starting-position", oneOf: StartingPosition.self,
        "where to begin (default LATEST, which misses what arrives before the mapping is Enabled)")
    static let startingTimestamp = OptionDescription(
        "--starting-position-timestamp", .value("TIME"), "for AT_TIMESTAMP: ISO 8601, or seconds since the epoch")
    static let tags = OptionDescription(
        "--tags", .list("KEY=VALUE"), "tags of the mapping itself, also as JSON or file://PATH")

    static let wait = OptionDescription("--wait", .flag, "wait until the change is done")

    /// What can be set at any time.
    static let updatable = [
        batchSize, batchingWindow, parallelizationFactor, onFailure, destinationConfig, recordAge, retryAttempts,
        bisect, tumblingWindow, responseTypes, reportFailures, filterCriteria, kmsKey, metricsConfig, enabled,
    ]
    /// What only a creation can set.
    static let createOnly = [startingPosition, startingTimestamp, tags]
    /// What every command has that calls and may wait.
    static let calling = [.output] + OptionDescription.aws
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
        return kinds.mapValues { "is a setting for \($0); Kinesis streams have none such" }
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
