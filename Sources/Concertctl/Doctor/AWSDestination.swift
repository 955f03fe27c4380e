import Basics
import Clients
import JSON

/// A queue, topic, or bucket that is a sink or a destination of failed records.
enum AWSDestination: Sendable, Equatable {
    /// A queue by name and account; the Region is nil if it is not known.
    case queue(name: String, account: String, region: String?)
    case topic(arn: String)
    case bucket(String)
    case other(String)

    /// Creates a destination from an ARN.
    ///
    /// - Parameter arn: The ARN of a queue, a topic, or a bucket.
    init(arn text: String) {
        guard let arn = ARN(text) else {
            self = .other(text)
            return
        }
        switch arn.service {
        case "sqs": self = .queue(name: arn.resource, account: arn.account, region: arn.region)
        case "sns": self = .topic(arn: text)
        case "s3": self = .bucket(arn.resource)
        default: self = .other(text)
        }
    }

    /// Creates a queue from its URL.
    ///
    /// - Parameter queueURL: A URL such as `https://sqs.us-east-1.amazonaws.com/123456789012/name`.
    init?(queueURL: String) {
        let parts = queueURL.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        guard ["http:", "https:"].contains(parts.first), parts.count >= 4 else { return nil }
        let labels = parts[1].utf8.split(separator: UInt8(ascii: ".")).map { String(decoding: $0, as: UTF8.self) }
        // Queues have several forms of host names: sqs.REGION, REGION.queue, sqs-fips.REGION, and more.
        let region = labels.contains("amazonaws") ? labels.first(where: Partition.isRegion) : nil
        self = .queue(name: parts[parts.count - 1], account: parts[parts.count - 2], region: region)
    }

    /// The Region in the name of the resource; nil if there is none, as for buckets.
    var region: String? {
        switch self {
        case .queue(_, _, let region): region
        case .topic(let arn): ARN(arn)?.region
        case .bucket, .other: nil
        }
    }

    /// The IAM action that writing to it requires.
    var action: String? {
        switch self {
        case .queue: "sqs:SendMessage"
        case .topic: "sns:Publish"
        case .bucket: "s3:PutObject"
        case .other: nil
        }
    }
}

extension AWSDestination: CustomStringConvertible {
    var description: String {
        switch self {
        case .queue(let name, _, _): "queue \(name)"
        case .topic(let arn): "topic \(arn)"
        case .bucket(let name): "bucket \(name)"
        case .other(let arn): arn
        }
    }
}

/// Checks of destinations.
extension DiagnosisContext {
    private static let absences: Set = [
        "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFound", "NoSuchBucket",
    ]

    /// Checks whether a destination exists in the Region, and how many messages a queue contains.
    mutating func check(_ destination: AWSDestination) async throws -> Finding {
        if let other = destination.region, !other.isEmpty, other != region {
            return .fault(
                "\(destination) is in \(other), but the function and its stream are in \(region)",
                "use one in \(region), or pass --region \(other) if the function is there")
        }
        do {
            switch destination {
            case .queue(let name, let account, _): return try await check(destination, name, account)
            case .topic(let arn):
                _ = try await xml(.sns("GetTopicAttributes", [.init("TopicArn", arn)]))
            case .bucket(let name):
                _ = try await answer(
                    to: AWSRequest(service: .s3, operation: "HeadBucket", method: "HEAD", path: [name]))
            case .other(let arn): return .unknown("\(arn) is not a queue, topic, or bucket, and is not checked")
            }
            return .ok("\(destination) exists")
        } catch let error as AWSError {
            if Self.isAbsence(error) { return absence(of: destination) }
            if Self.isElsewhere(error) {
                let location = error.refusal?.bucketRegion ?? "another Region"
                return .fault(
                    "\(destination) is in \(location), but \(region) was queried",
                    "use a bucket in \(region); aws s3api get-bucket-location shows the Region of this one")
            }
            throw error
        }
    }

    private func absence(of destination: AWSDestination) -> Finding {
        // Bucket names are global.
        if case .bucket = destination {
            return .fault("\(destination) does not exist", "create it, or use another one")
        }
        return .fault(
            "\(destination) does not exist in \(region)",
            "create it, use another one, or pass --region if it is in another Region")
    }

    private mutating func check(_ destination: AWSDestination, _ name: String, _ account: String) async throws
        -> Finding
    {
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
        guard waiting > 0 else { return .ok("\(destination) exists and is empty") }
        return .warning(
            "\(waiting) message\(waiting == 1 ? " waits" : "s wait") in \(destination)", Remedy.readMessages(url))
    }

    private static func isAbsence(_ error: AWSError) -> Bool {
        switch error {
        case .refused(let refusal): absences.contains(refusal.code)
        // The response to HEAD has no body and therefore no error code.
        case .unreadable(_, "HeadBucket", let status, _): status == 404
        default: false
        }
    }

    /// Returns whether S3 responded that the bucket is in another Region.
    private static func isElsewhere(_ error: AWSError) -> Bool {
        switch error {
        case .refused(let refusal):
            ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"]
                .contains(refusal.code)
        case .unreadable(_, "HeadBucket", let status, _): status == 301 || status == 400
        default: false
        }
    }
}
