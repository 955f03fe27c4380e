import Processor

/// The source of dead letters, and their selection.
struct LetterSource: Sendable {
    let queueURL: String?
    let bucket: String?
    let prefixes: [String]
    let paths: [String]
    let filter: LetterFilter
    let limit: Int

    /// The visibility timeout of a message while it is processed, in seconds.
    static let visibilityTimeout = 300
    /// The visibility timeout while a function is invoked, which can run for 15 minutes.
    static let invocationVisibility = 960

    /// Whether the queue delivers one message of a group at a time.
    var isFIFO: Bool { queueURL?.utf8.suffix(5).elementsEqual(".fifo".utf8) ?? false }

    /// The queue's URL, the bucket, and the paths, for reports.
    var names: [String] { [queueURL, bucket.map { "s3://\($0)" }].compactMap(\.self) + paths }
}
