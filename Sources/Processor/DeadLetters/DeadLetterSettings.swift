/// The settings `DEAD_LETTER_...`: the destination of rejected records.
package struct DeadLetterSettings: SettingsPart, Sendable, Equatable {
    /// The URL of an SQS queue, which is a FIFO queue if its name ends in `.fifo`.
    package var queueURL: String?
    /// The name of an S3 bucket.
    ///
    /// If a queue is set as well, the bucket receives the letters that the queue cannot accept.
    package var bucket: String?

    package static let queueURL = Setting(
        "DEAD_LETTER_QUEUE_URL", .queueURL,
        "an SQS queue, standard or FIFO, in the function's Region; one message per record, up to 1 MiB")
    package static let bucket = Setting(
        "DEAD_LETTER_BUCKET", .bucket,
        "an S3 bucket; one object per record, `dead-letters/<stream>/<shard>/<sequence>.json` (`<sequence>-<sub-sequence>.json` in an aggregate). If a queue is set as well, the bucket receives what the queue cannot accept"
    )

    /// Returns nil if neither is set.
    package init?(_ reader: inout SettingsReader) {
        queueURL = reader.read(Self.queueURL)
        bucket = reader.read(Self.bucket)
        if queueURL == nil, bucket == nil { return nil }
    }

    /// Reads the settings, and returns a writer; nil if dead letters are not configured.
    static func writer(_ reader: inout SettingsReader) -> DeadLetterWriter? {
        guard let settings = DeadLetterSettings(&reader), let aws = reader.aws() else { return nil }
        return DeadLetterWriter(settings: settings, makeClient: aws.makeClient)
    }
}

extension DeadLetterSettings {
    /// Returns the actions that the function's role must allow to write dead letters.
    package static func actions(_ reader: SettingsReader, _ scope: AccountScope) -> [IAMAction] {
        var actions: [IAMAction] = []
        // For example https://sqs.us-east-1.amazonaws.com/ACCOUNT/NAME.
        let parts = (reader.text(of: queueURL) ?? "").utf8.split(separator: UInt8(ascii: "/"))
        if parts.count >= 4, parts[0].elementsEqual("https:".utf8) || parts[0].elementsEqual("http:".utf8) {
            let queue = parts.suffix(2).map { String(decoding: $0, as: UTF8.self) }.joined(separator: ":")
            actions.append(
                IAMAction("sqs:SendMessage", on: "arn:\(scope.partition):sqs:\(scope.region):\(queue)"))
        }
        if let bucket = reader.text(of: bucket) {
            actions.append(IAMAction("s3:PutObject", on: "arn:\(scope.partition):s3:::\(bucket)/dead-letters/*"))
        }
        return actions
    }
}

extension SettingForm where Value == String {
    /// The URL of a queue: `http(s)://host[:port]/.../name`, of the characters that such URLs consist of.
    fileprivate static var queueURL: SettingForm {
        SettingForm(.text("URL")) { url, faults in
            if isQueueURL(url) { return url }
            let expected = "a queue's URL such as https://sqs.us-east-1.amazonaws.com/123456789012/concert-dead-letters"
            // The text before an @ may be a password.
            faults.append(url.contains("@") ? .predicate("is malformed; expected \(expected)") : .expected(expected))
            return url
        }
    }

    private static func isQueueURL(_ url: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: url.hasPrefix) else { return false }
        let parts = url.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.allSatisfy({ !$0.isEmpty }), let name = parts.last else { return false }
        let isInAlphabet = url.utf8.allSatisfy { BucketName.isLetterOrDigit($0) || ":/.-_[]".utf8.contains($0) }
        return isInAlphabet && name.utf8.count <= 80
    }
}

/// The rules for the name of an S3 bucket.
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
