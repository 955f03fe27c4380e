import Processor

/// Where dead letters are read from, and which of them are selected.
struct LetterSource: Sendable {
    let queueURL: String?
    let bucket: String?
    let prefixes: [String]
    let paths: [String]
    let filter: LetterFilter
    let limit: Int

    /// For how many seconds a message is hidden from others while it is processed.
    static let visibilityTimeout = 300
    /// The same while a function is invoked, which runs for up to 15 minutes.
    static let invocationVisibility = 960

    /// Whether the queue delivers one message of a group at a time.
    var isFIFO: Bool { queueURL?.utf8.suffix(5).elementsEqual(".fifo".utf8) ?? false }

    /// For reports: the queue's URL, the bucket, and the paths.
    var names: [String] { [queueURL, bucket.map { "s3://\($0)" }].compactMap(\.self) + paths }
}
