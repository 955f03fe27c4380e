import Clients
import Processor

/// The source of dead letters, and which of them are wanted: options of all commands on dead letters.
struct LetterOptions: Sendable {
    static let queueURL = OptionDescription(
        "--queue-url", .value("URL"), "the SQS queue (default DEAD_LETTER_QUEUE_URL); also an on-failure queue")
    static let bucket = OptionDescription(
        "--bucket", .value("NAME"), "the S3 bucket (default DEAD_LETTER_BUCKET)")
    static let prefix = OptionDescription(
        "--prefix", .list("PREFIX"), "keys in the bucket begin so (default dead-letters/ and aws/lambda/)")
    static let reason = OptionDescription(
        "--reason", .list("REASON"),
        "only letters of these reasons: base64, gzip, kpl, utf8, json, kind, missing, type, range, refused, or a "
            + "condition of Lambda's such as RetryAttemptsExhausted; unknown for what is not a dead letter")
    static let limit = OptionDescription("--limit", .value("N"), "read N letters at most, 1...100000 (default 1000)")
    static let all = [queueURL, bucket, prefix, reason, limit]

    /// Every reason that a letter can have: this program's, Lambda's conditions, and that of what is not a dead letter.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
    static let knownReasons =
        PayloadError.Reason.allCases.map(\.rawValue) + [
            "RetryAttemptsExhausted", "RecordAgeExceeded", "MaximumRecordAgeExceeded", "EventAgeExceeded",
            "MaximumPayloadSizeExceeded", "unknown",
        ]

    let queueURL: String?
    let bucket: String?
    let prefixes: [String]
    let reasons: [String]?
    let limit: Int
    let paths: [String]

    /// - Parameter paths: Files and folders; with any of them, queue and bucket are read only if an option names them.
    init(_ arguments: Arguments, paths: [String]) throws(UsageError) {
        (queueURL, bucket) = (arguments.string(Self.queueURL), arguments.string(Self.bucket))
        prefixes = arguments.list(Self.prefix) ?? ["dead-letters/", "aws/lambda/"]
        reasons = arguments.list(Self.reason)
        limit = try arguments.integer(Self.limit, in: 1...100_000) ?? 1000
        self.paths = paths
        for reason in reasons ?? [] where !Self.knownReasons.contains(reason) {
            let hint = Suggestion.nearest(to: reason, among: Self.knownReasons).map { "; did you mean \($0)?" } ?? ""
            throw UsageError(
                description: "unknown reason \"\(MessageText.escaped(reason))\"\(hint); expected some of "
                    + Self.knownReasons.joined(separator: ", "))
        }
    }

    /// - Throws: ``UsageError`` when no source is named.
    func source(_ environment: [String: String]) throws(UsageError) -> LetterSource {
        let isOpen = paths.isEmpty && queueURL == nil && bucket == nil
        func variable(_ name: String) -> String? { isOpen ? environment[name].flatMap { $0.isEmpty ? nil : $0 } : nil }
        let source = LetterSource(
            queueURL: queueURL ?? variable("DEAD_LETTER_QUEUE_URL"), bucket: bucket ?? variable("DEAD_LETTER_BUCKET"),
            prefixes: prefixes, paths: paths, reasons: reasons, limit: limit)
        guard source.queueURL != nil || source.bucket != nil || !paths.isEmpty else {
            throw UsageError(
                description: "no source of dead letters: give PATH, --queue-url or --bucket, or set "
                    + "DEAD_LETTER_QUEUE_URL or DEAD_LETTER_BUCKET")
        }
        return source
    }
}
