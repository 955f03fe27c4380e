/// `DEAD_LETTER_...`: where records go that nobody can process.
public struct DeadLetterSettings: Sendable, Equatable {
    /// `DEAD_LETTER_QUEUE_URL`: an SQS queue, FIFO when its name ends so.
    public var queueURL: String?
    /// `DEAD_LETTER_BUCKET`: an S3 bucket; beside a queue it takes what the queue cannot hold.
    public var bucket: String?

    /// Complains to `reader`; nil when neither is set.
    init?(_ reader: inout EnvironmentReader) {
        queueURL = reader.string("DEAD_LETTER_QUEUE_URL")
        bucket = reader.string("DEAD_LETTER_BUCKET")
        if let queueURL, !Self.isQueueURL(queueURL) {
            // What stands before an @ may be a password.
            let found = queueURL.contains("@") ? "" : " is \"\(queueURL)\";"
            reader.complain(
                "DEAD_LETTER_QUEUE_URL\(found) expected a queue's URL such as "
                    + "https://sqs.us-east-1.amazonaws.com/123456789012/concert-dead-letters")
        }
        if let bucket, !BucketName.isValid(bucket) {
            reader.complain("DEAD_LETTER_BUCKET is \"\(bucket)\"; expected \(BucketName.expected)")
        }
        if queueURL == nil, bucket == nil { return nil }
    }

    /// Whether it is `http(s)://host[:port]/.../name` in the characters that such URLs have.
    private static func isQueueURL(_ url: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: url.hasPrefix) else { return false }
        let parts = url.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.allSatisfy({ !$0.isEmpty }), let name = parts.last else { return false }
        let isInAlphabet = url.utf8.allSatisfy { BucketName.isLetterOrDigit($0) || ":/.-_[]".utf8.contains($0) }
        return isInAlphabet && name.utf8.count <= 80
    }
}

/// The form of an S3 bucket's name.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
enum BucketName {
    static let expected = "a bucket's name: 3 to 63 lower-case letters, digits, \".\" and \"-\""

    static func isValid(_ name: String) -> Bool {
        (3...63).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                isLetterOrDigit($0) && !(0x41...0x5A).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
            }
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
