import Clients
import JSON
import Processor

/// Where failed batches and bad records end up.
extension Check {
    static let destinations = [
        Check(name: "On-failure destination", needs: [.mapping]) { examination in try await onFailure(&examination) },
        Check(name: "Dead-letter queue", needs: [.function]) { examination in try await deadLetterQueue(&examination) },
        Check(name: "Dead-letter bucket", needs: [.function]) { examination in
            try await deadLetterBucket(&examination)
        },
    ]

    private static func onFailure(_ examination: inout Examination) async throws -> Finding {
        guard let mapping = examination.mapping else { return .unknown("the mapping is not known") }
        guard let arn = mapping.destination else {
            let change = Remedy.updateMapping(mapping.uuid, "--on-failure \(examination.failureDestination.arn)")
            let create = examination.failureDestination.creation
            let isDropped = mapping.maximumRetries != nil || mapping.maximumAge != nil
            return isDropped
                ? .fault("none: batches that Lambda discards are lost without a trace", create, change)
                : .warning("none: records that fail until they expire are lost without a trace", create, change)
        }
        return try await examination.look(at: Destination(arn: arn))
    }

    private static func deadLetterQueue(_ examination: inout Examination) async throws -> Finding {
        guard let url = examination.variable(DeadLetterSettings.queueURL) else { return unset(examination) }
        guard let destination = Destination(queueURL: url) else {
            return .fault("DEAD_LETTER_QUEUE_URL is \"\(url)\", which is not a queue's URL", setQueue(examination))
        }
        return try await examination.look(at: destination)
    }

    private static func deadLetterBucket(_ examination: inout Examination) async throws -> Finding {
        guard let name = examination.variable(DeadLetterSettings.bucket) else {
            // What there is to say of neither is said by the queue's check.
            return .ok("none is set")
        }
        return try await examination.look(at: .bucket(name))
    }

    private static func unset(_ examination: Examination) -> Finding {
        guard examination.variable(DeadLetterSettings.bucket) == nil else {
            return .ok("none is set; the bucket takes all")
        }
        return .warning("the function has none, so a bad record holds up its shard", setQueue(examination))
    }

    private static func setQueue(_ examination: Examination) -> String {
        "set DEAD_LETTER_QUEUE_URL or DEAD_LETTER_BUCKET in the environment of \(examination.functionName)"
    }
}

extension Examination {
    /// The function's own settings.
    var settings: SettingsReader { SettingsReader(ofFunction: configuration) }

    /// The text of a variable of the function; nil if it is not set.
    func variable<Value>(_ setting: Setting<Value>) -> String? { settings.text(of: setting) }

    /// Where Lambda should write of batches that it discards: the function's own dead-letter queue or bucket, which
    /// `dead-letters` reads; otherwise a queue that is to be created first.
    var failureDestination: (arn: String, creation: String?) {
        let stream = (summary?.arn).flatMap(ARN.init)
        let partition = stream?.partition ?? Partition(region: region).name
        if let url = variable(DeadLetterSettings.queueURL),
            case .queue(let name, let account, let queueRegion)? = Destination(queueURL: url),
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
    /// - Parameter configuration: Of a function, as `GetFunction` has it.
    init(ofFunction configuration: JSONValue?) {
        let variables = configuration?["Environment"]?["Variables"]?.object?.members ?? []
        self.init(Dictionary(variables.map { ($0.name, $0.value.string ?? "") }) { _, last in last })
    }
}
