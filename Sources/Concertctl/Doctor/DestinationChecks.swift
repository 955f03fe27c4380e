import Basics
import Clients
import JSON
import Processor

/// Checks of the destinations of discarded batches and dead letters.
extension Check {
    static let destinations = [
        Check(name: "On-failure destination", needs: [.mapping]) { context in try await onFailure(&context) },
        Check(name: "Dead-letter queue", needs: [.function]) { context in try await deadLetterQueue(&context) },
        Check(name: "Dead-letter bucket", needs: [.function]) { context in
            try await deadLetterBucket(&context)
        },
    ]

    private static func onFailure(_ context: inout DiagnosisContext) async throws -> Finding {
        guard let mapping = context.mapping else { return .unknown("the mapping is not known") }
        guard let arn = mapping.destination else {
            let change = Remedy.updateMapping(mapping.uuid, "--on-failure \(context.failureDestination.arn)")
            let create = context.failureDestination.creation
            let isDropped = mapping.maximumRetries != nil || mapping.maximumAge != nil
            return isDropped
                ? .fault("none: batches that Lambda discards are lost silently", create, change)
                : .warning("none: records that fail until they expire are lost silently", create, change)
        }
        return try await context.check(AWSDestination(arn: arn))
    }

    private static func deadLetterQueue(_ context: inout DiagnosisContext) async throws -> Finding {
        guard let url = context.variable(DeadLetterSettings.queueURL) else { return unset(context) }
        guard let destination = AWSDestination(queueURL: url) else {
            return .fault("DEAD_LETTER_QUEUE_URL is \"\(url)\", which is not a queue's URL", setQueue(context))
        }
        return try await context.check(destination)
    }

    private static func deadLetterBucket(_ context: inout DiagnosisContext) async throws -> Finding {
        guard let name = context.variable(DeadLetterSettings.bucket) else {
            // The check of the queue reports that neither is set.
            return .ok("none is set")
        }
        return try await context.check(.bucket(name))
    }

    private static func unset(_ context: DiagnosisContext) -> Finding {
        guard context.variable(DeadLetterSettings.bucket) == nil else {
            return .ok("none is set; the bucket receives all dead letters")
        }
        return .warning("none is set, so a bad record blocks its shard", setQueue(context))
    }

    private static func setQueue(_ context: DiagnosisContext) -> String {
        "set DEAD_LETTER_QUEUE_URL or DEAD_LETTER_BUCKET in the environment of \(context.functionName)"
    }
}

extension DiagnosisContext {
    /// The settings of the function.
    var settings: SettingsReader { SettingsReader(ofFunction: configuration) }

    /// Returns the text of a variable of the function, or nil if it is not set.
    func variable<Value>(_ setting: Setting<Value>) -> String? { settings.text(of: setting) }

    /// The recommended on-failure destination: the function's dead-letter queue or bucket, which `dead-letters` reads;
    /// otherwise a new queue, with the command that creates it.
    var failureDestination: (arn: String, creation: String?) {
        let stream = (summary?.arn).flatMap(ARN.init)
        let partition = stream?.partition ?? Partition(region: region).name
        if let url = variable(DeadLetterSettings.queueURL),
            case .queue(let name, let account, let queueRegion)? = AWSDestination(queueURL: url),
            queueRegion == nil || queueRegion == region
        {
            return ("arn:\(partition):sqs:\(region):\(account):\(name)", nil)
        }
        if let bucket = variable(DeadLetterSettings.bucket) { return ("arn:\(partition):s3:::\(bucket)", nil) }
        let name = "concert-data-dead-letters"
        return (
            "arn:\(partition):sqs:\(region):\(stream?.account ?? "ACCOUNT_ID"):\(name)",
            "aws sqs create-queue --region \(region) --queue-name \(name)"
        )
    }
}

extension SettingsReader {
    /// Creates a reader of a function's environment variables.
    ///
    /// - Parameter configuration: The configuration of a function in the response to `GetFunction`.
    init(ofFunction configuration: JSONValue?) {
        let variables = configuration?["Environment"]?["Variables"]?.object?.members ?? []
        self.init(Dictionary(variables.map { ($0.name, $0.value.string ?? "") }) { _, last in last })
    }
}
