import Clients
import Foundation
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
    static let since = OptionDescription(
        "--since", .value("TIME"),
        "only dead letters of records that arrived at this time or later: ISO 8601, or an age such as 2h")
    static let until = OptionDescription(
        "--until", .value("TIME"), "only dead letters of records that arrived before this time")
    static let shard = OptionDescription("--shard-id", .list("SHARD"), "only dead letters of these shards")
    static let kind = OptionDescription(
        "--kind", .list("KIND"),
        "only dead letters of single records of these kinds, as far as the data shows one: "
            + LetterKinds.words.joined(separator: ", "))
    static let limit = OptionDescription(
        "--limit", .value("N"), "select at most N dead letters, 1...100000 (default 1000)")
    static let all = [queueURL, bucket, prefix, reason, since, until, shard, kind, limit]

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
    let filter: LetterFilter
    let limit: Int
    let paths: [String]

    /// - Parameter operands: Sequence numbers, files, and folders; with a path, queue and bucket are read only if an option
    ///   names them.
    init(_ arguments: Arguments, operands: [String] = []) throws(UsageError) {
        (queueURL, bucket) = (arguments.string(Self.queueURL), arguments.string(Self.bucket))
        prefixes = arguments.list(Self.prefix) ?? ["dead-letters/", "aws/lambda/"]
        limit = try arguments.integer(Self.limit, in: 1...100_000) ?? 1000
        let reasons = arguments.list(Self.reason)
        let kinds = arguments.list(Self.kind)
        paths = operands.filter { !LetterFilter.isSequence($0) }
        filter = LetterFilter(
            reasons: reasons, shards: arguments.list(Self.shard), kinds: kinds,
            since: try Self.time(Self.since, arguments), until: try Self.time(Self.until, arguments),
            sequences: operands.filter(LetterFilter.isSequence))
        for reason in reasons ?? [] where !Self.knownReasons.contains(reason) {
            let hint = Suggestion.nearest(to: reason, among: Self.knownReasons).map { "; did you mean \($0)?" } ?? ""
            throw UsageError(
                description: "unknown reason \"\(MessageText.escaped(reason))\"\(hint); expected some of "
                    + Self.knownReasons.joined(separator: ", "))
        }
        for kind in kinds ?? [] where !LetterKinds.words.contains(kind) {
            throw UsageError(
                description: "unknown kind \"\(MessageText.escaped(kind))\"; expected some of "
                    + LetterKinds.words.joined(separator: ", "))
        }
    }

    /// In seconds since the Unix epoch.
    private static func time(_ option: OptionDescription, _ arguments: Arguments) throws(UsageError) -> Double? {
        guard let text = arguments.string(option) else { return nil }
        if let age = Span.seconds(text) { return Date().timeIntervalSince1970 - age }
        guard let time = Timestamp(text) else {
            throw UsageError(
                description: "\(option.name) is \"\(MessageText.escaped(text))\"; expected a time such as "
                    + "2026-01-31T12:00:00Z, or an age such as 2h")
        }
        return Double(time.secondsSinceEpoch) + Double(time.nanoseconds) / 1e9
    }

    /// - Throws: ``UsageError`` when no source is named.
    func source(_ environment: [String: String]) throws(UsageError) -> LetterSource {
        let isOpen = paths.isEmpty && queueURL == nil && bucket == nil
        let settings = SettingsReader(isOpen ? environment : [:])
        let source = LetterSource(
            queueURL: queueURL ?? settings.text(of: DeadLetterSettings.queueURL),
            bucket: bucket ?? settings.text(of: DeadLetterSettings.bucket),
            prefixes: prefixes, paths: paths, filter: filter, limit: limit)
        guard source.queueURL != nil || source.bucket != nil || !paths.isEmpty else {
            throw UsageError(
                description: "no source of dead letters: give PATH, --queue-url or --bucket, or set "
                    + "DEAD_LETTER_QUEUE_URL or DEAD_LETTER_BUCKET")
        }
        return source
    }
}
