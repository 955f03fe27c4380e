import Clients
import Foundation
import Processor

/// The options of all `dead-letters` commands: the source, and the selection.
struct LetterOptions: Sendable {
    private static let queueVariable = DeadLetterSettings.queueURL.name
    private static let bucketVariable = DeadLetterSettings.bucket.name

    private static let queueURL = Option<String?>(
        "--queue-url", value: "URL", otherwise: queueVariable, "SQS queue, also of an on-failure destination")
    private static let bucket = Option<String?>(
        "--bucket", value: "NAME", otherwise: bucketVariable, "S3 bucket")
    private static let prefix = Option<[String]>(
        "--prefix", value: "PREFIX", default: ["dead-letters/", "aws/lambda/"], "prefixes of the keys in the bucket")
    private static let reason = Option<[String]?>(
        "--reason", value: "REASON",
        "only dead letters with these reasons: base64, gzip, kpl, utf8, json, kind, missing, type, range, refused, or a "
            + "condition of Lambda such as RetryAttemptsExhausted; unknown selects documents that are not dead letters")
    private static let since = Option<String?>(
        "--since", value: "TIME",
        "only dead letters of records that arrived at this time or later: ISO 8601, or an age such as 2h")
    private static let until = Option<String?>(
        "--until", value: "TIME", "only dead letters of records that arrived before this time")
    private static let shard = Option<[String]?>("--shard-id", value: "SHARD", "only dead letters of these shards")
    private static let kind = Option<[String]?>(
        "--kind", value: "KIND",
        "only dead letters of records with these kinds, if the data has one: "
            + LetterKinds.words.joined(separator: ", "))
    private static let limit = Option<Int>("--limit", 1...100_000, default: 1000, "select at most N dead letters")
    static let all: [any CommandOption] = [queueURL, bucket, prefix, reason, since, until, shard, kind, limit]

    /// All reasons: this program's, Lambda's conditions, and `unknown` for documents that are not dead letters.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
    static let knownReasons =
        PayloadError.Reason.allCases.map(\.rawValue) + [
            "RetryAttemptsExhausted", "RecordAgeExceeded", "MaximumRecordAgeExceeded", "EventAgeExceeded",
            "MaximumPayloadSizeExceeded", "unknown",
        ]

    let source: LetterSource

    /// Reads the options.
    ///
    /// - Throws: ``UsageError``, also if no source is given.
    init(_ input: Input) throws(UsageError) {
        let reasons = try input[Self.reason]
        let kinds = try input[Self.kind]
        let filter = LetterFilter(
            reasons: reasons, shards: try input[Self.shard], kinds: kinds,
            since: try Self.time(Self.since, input), until: try Self.time(Self.until, input),
            sequences: input.operands.filter(LetterFilter.isSequence))
        for reason in reasons ?? [] where !Self.knownReasons.contains(reason) {
            let hint = Suggestion.hint(for: reason, among: Self.knownReasons)
            throw UsageError(
                description: "unknown reason \"\(MessageText.escaped(reason))\"\(hint); expected any of "
                    + Self.knownReasons.joined(separator: ", "))
        }
        for kind in kinds ?? [] where !LetterKinds.words.contains(kind) {
            throw UsageError(
                description: "unknown kind \"\(MessageText.escaped(kind))\"; expected any of "
                    + LetterKinds.words.joined(separator: ", "))
        }
        source = try Self.source(input, filter)
    }

    /// Returns the time of an option, in seconds since the Unix epoch.
    private static func time(_ option: Option<String?>, _ input: Input) throws(UsageError) -> Double? {
        guard let text = try input[option] else { return nil }
        if let age = Span.seconds(text) { return Date().timeIntervalSince1970 - age }
        guard let time = Timestamp(text) else {
            throw UsageError(
                description: "\(option.name) is \"\(MessageText.escaped(text))\"; expected a time such as "
                    + "2026-01-31T12:00:00Z, or an age such as 2h")
        }
        return Double(time.secondsSinceEpoch) + Double(time.nanoseconds) / 1e9
    }

    /// Returns the source.
    ///
    /// With a path operand, the queue and the bucket of the environment are ignored: they are read only if an option names
    /// them.
    private static func source(_ input: Input, _ filter: LetterFilter) throws(UsageError) -> LetterSource {
        let paths = input.operands.filter { !LetterFilter.isSequence($0) }
        let (queueURL, bucket) = (try input[queueURL], try input[Self.bucket])
        let isOpen = paths.isEmpty && queueURL == nil && bucket == nil
        let settings = SettingsReader(isOpen ? input.environment : [:])
        let source = LetterSource(
            queueURL: queueURL ?? settings.text(of: DeadLetterSettings.queueURL),
            bucket: bucket ?? settings.text(of: DeadLetterSettings.bucket),
            prefixes: try input[prefix], paths: paths, filter: filter, limit: try input[limit])
        guard source.queueURL != nil || source.bucket != nil || !paths.isEmpty else {
            throw UsageError(
                description: "no source of dead letters; pass PATH, --queue-url, or --bucket, or set "
                    + "\(queueVariable) or \(bucketVariable)")
        }
        return source
    }
}
