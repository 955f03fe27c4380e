/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
///
/// This is the only parser of ARNs. Region and account are empty for global resources.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
package struct ARN: Sendable, Equatable {
    package var partition: String
    package var service: String
    package var region: String
    package var account: String
    /// Everything after the fifth colon, which may contain colons and slashes.
    package var resource: String

    /// Returns nil unless `text` has six parts and partition, service and resource are not empty.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count <= Self.longest else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: ":"), maxSplits: 5, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 6, parts[0] == "arn", !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty else {
            return nil
        }
        (partition, service, region, account, resource) = (parts[1], parts[2], parts[3], parts[4], parts[5])
    }

    /// Longer than any ARN of the services used here.
    private static let longest = 2048
}

extension ARN: CustomStringConvertible {
    package var description: String { "arn:\(partition):\(service):\(region):\(account):\(resource)" }
}

/// The ARN of a Kinesis stream, created from the ARN of the stream or of one of its enhanced fan-out consumers.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html>
package struct KinesisStreamARN: Sendable, Equatable {
    /// The ARN of the stream.
    package var arn: ARN
    /// The stream's name.
    package var name: String
    /// The `NAME:CREATION_TIME` of the consumer, if the ARN was that of a consumer.
    package var consumer: String?

    /// Returns nil unless `text` is `arn:P:kinesis:R:A:stream/NAME` or `.../stream/NAME/consumer/CONSUMER:TIME`.
    package init?(_ text: String) {
        guard let arn = ARN(text), arn.service == "kinesis" else { return nil }
        let parts = arn.resource.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 2 || (parts.count == 4 && parts[2] == "consumer" && !parts[3].isEmpty),
            parts[0] == "stream", !parts[1].isEmpty
        else { return nil }
        name = parts[1]
        consumer = parts.count == 4 ? parts[3] : nil
        self.arn = arn
        self.arn.resource = "stream/" + name
    }
}
