import Clients

/// Where dead letters are read from, and which of them matter: what all commands on them take.
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
            + "condition of Lambda's such as RetryAttemptsExhausted")
    static let limit = OptionDescription("--limit", .value("N"), "read N letters at most, 1...100000 (default 1000)")
    static let all = [queueURL, bucket, prefix, reason, limit]

    let queueURL: String?
    let bucket: String?
    let prefixes: [String]
    let reasons: Set<String>?
    let limit: Int
    let paths: [String]

    /// - Parameter paths: Files and folders; with any of them neither queue nor bucket is read unless an option says so.
    init(_ arguments: Arguments, paths: [String]) throws(UsageError) {
        (queueURL, bucket) = (arguments.string(Self.queueURL), arguments.string(Self.bucket))
        prefixes = arguments.list(Self.prefix) ?? ["dead-letters/", "aws/lambda/"]
        reasons = arguments.list(Self.reason).map(Set.init)
        limit = try arguments.integer(Self.limit, in: 1...100_000) ?? 1000
        self.paths = paths
    }

    /// - Throws: ``UsageError`` when nothing says where letters are.
    func source(_ environment: [String: String]) throws(UsageError) -> LetterSource {
        let isOpen = paths.isEmpty && queueURL == nil && bucket == nil
        func variable(_ name: String) -> String? { isOpen ? environment[name].flatMap { $0.isEmpty ? nil : $0 } : nil }
        let source = LetterSource(
            queueURL: queueURL ?? variable("DEAD_LETTER_QUEUE_URL"), bucket: bucket ?? variable("DEAD_LETTER_BUCKET"),
            prefixes: prefixes, paths: paths, reasons: reasons, limit: limit)
        guard source.queueURL != nil || source.bucket != nil || !paths.isEmpty else {
            throw UsageError(
                description: "nothing says where the dead letters are: give PATH, --queue-url or --bucket, or set "
                    + "DEAD_LETTER_QUEUE_URL or DEAD_LETTER_BUCKET")
        }
        return source
    }
}
