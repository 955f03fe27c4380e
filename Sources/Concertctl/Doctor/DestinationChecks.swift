import Clients

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
            let change = Remedy.updateMapping(mapping.uuid, "--on-failure QUEUE_ARN")
            let isDropped = mapping.maximumRetries != nil || mapping.maximumAge != nil
            return isDropped
                ? .fault("none: a batch that Lambda gives up is lost without a trace", change)
                : .warning("none: what fails until it expires is lost without a trace", change)
        }
        return try await examination.look(at: Destination(arn: arn))
    }

    private static func deadLetterQueue(_ examination: inout Examination) async throws -> Finding {
        guard let url = examination.variable("DEAD_LETTER_QUEUE_URL") else { return unset(examination) }
        guard let destination = Destination(queueURL: url) else {
            return .fault("DEAD_LETTER_QUEUE_URL is \"\(url)\", which is no queue's URL", setQueue(examination))
        }
        return try await examination.look(at: destination)
    }

    private static func deadLetterBucket(_ examination: inout Examination) async throws -> Finding {
        guard let name = examination.variable("DEAD_LETTER_BUCKET") else {
            // What there is to say of neither is said by the queue's check.
            return .ok("none is set")
        }
        return try await examination.look(at: .bucket(name))
    }

    private static func unset(_ examination: Examination) -> Finding {
        guard examination.variable("DEAD_LETTER_BUCKET") == nil else { return .ok("none is set; the bucket takes all") }
        return .warning("the function has none, so a bad record holds up its shard", setQueue(examination))
    }

    private static func setQueue(_ examination: Examination) -> String {
        "set DEAD_LETTER_QUEUE_URL or DEAD_LETTER_BUCKET in the environment of \(examination.functionName)"
    }
}

extension Examination {
    /// A variable of the function's environment; empty counts as unset.
    func variable(_ name: String) -> String? {
        configuration["Environment"]?["Variables"]?[name]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
}
