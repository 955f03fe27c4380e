import Clients
import JSON

/// Where failed batches or bad records go.
enum Destination: Sendable, Equatable {
    /// By name and owner.
    case queue(name: String, account: String)
    case topic(arn: String)
    case bucket(String)
    case other(String)

    /// - Parameter arn: Of a queue, a topic or a bucket.
    init(arn: String) {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch parts.count > 5 ? parts[2] : "" {
        case "sqs": self = .queue(name: parts[5], account: parts[4])
        case "sns": self = .topic(arn: arn)
        case "s3": self = .bucket(parts[5])
        default: self = .other(arn)
        }
    }

    /// - Parameter queueURL: Such as `https://sqs.us-east-1.amazonaws.com/123456789012/name`.
    init?(queueURL: String) {
        let parts = queueURL.split(separator: "/")
        guard queueURL.hasPrefix("http"), parts.count >= 4 else { return nil }
        self = .queue(name: String(parts[parts.count - 1]), account: String(parts[parts.count - 2]))
    }

    /// What must be allowed to put something there.
    var action: String? {
        switch self {
        case .queue: "sqs:SendMessage"
        case .topic: "sns:Publish"
        case .bucket: "s3:PutObject"
        case .other: nil
        }
    }
}

extension Destination: CustomStringConvertible {
    var description: String {
        switch self {
        case .queue(let name, _): "queue \(name)"
        case .topic(let arn): "topic \(arn)"
        case .bucket(let name): "bucket \(name)"
        case .other(let arn): arn
        }
    }
}

/// Looking at it.
extension Examination {
    private static let absences: Set = [
        "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFound", "NoSuchBucket",
    ]

    /// Whether it is there, and how many messages wait in it.
    mutating func look(at destination: Destination) async throws -> Finding {
        do {
            switch destination {
            case .queue(let name, let account): return try await look(at: destination, name, account)
            case .topic(let arn):
                _ = try await xml(.sns("GetTopicAttributes", [.init("TopicArn", arn)]))
            case .bucket(let name):
                _ = try await answer(
                    to: AWSRequest(service: .s3, operation: "HeadBucket", method: "HEAD", path: [name]))
            case .other(let arn): return .unknown("\(arn) is no queue, topic or bucket, and is not looked at")
            }
            return .ok("\(destination) is there")
        } catch let error as AWSError {
            if Self.isAbsence(error) {
                return .fault("\(destination) does not exist", "create it, or name another")
            }
            throw error
        }
    }

    private mutating func look(at destination: Destination, _ name: String, _ account: String) async throws -> Finding {
        let found = try await json(
            .sqs("GetQueueUrl", ["QueueName": .string(name), "QueueOwnerAWSAccountId": .string(account)]))
        let url = found["QueueUrl"]?.string ?? ""
        let counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        let answer = try await json(
            .sqs(
                "GetQueueAttributes",
                [
                    "QueueUrl": .string(url), "AttributeNames": .array(counts.map { .string($0) }),
                ]))
        let waiting = counts.reduce(0) { sum, count in
            sum + (answer["Attributes"]?[count]?.string.flatMap { Int($0) }.map { min(max($0, 0), 1 << 40) } ?? 0)
        }
        guard waiting > 0 else { return .ok("\(destination) is there, and empty") }
        return .warning(
            "\(waiting) message\(waiting == 1 ? " waits" : "s wait") in \(destination)", Remedy.readMessages(url))
    }

    private static func isAbsence(_ error: AWSError) -> Bool {
        switch error {
        case .refused(let refusal): absences.contains(refusal.code)
        // A HEAD has no body that could hold a code.
        case .unreadable(_, "HeadBucket", let status, _): status == 404
        default: false
        }
    }
}
