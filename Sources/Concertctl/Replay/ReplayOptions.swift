/// The options of `replay`.
enum ReplayOptions {
    static let bootstrap = Option<String?>(
        "--bootstrap", value: "PATH", "drive this binary over a local Runtime API, instead of running in this process")
    static let realSinks = Option<Bool>(
        "--real-sinks",
        "with --bootstrap: pass on the settings of real sinks (DEAD_LETTER_*, REDSHIFT_*, CACHE_*, NOTIFY_*), so that it writes to them"
    )
    static let batchSize = Option<Int>("--batch-size", 1...10_000, default: 100, "records an event")
    static let repeats = Option<Int>("--repeat", 1...1_000_000, default: 1, "feed everything N times")
    static let rate = Option<Int?>("--rate", 1...1_000_000, "deliver N records a second at most")
    static let processors = Option<String?>(
        "--processors", value: "LIST", otherwise: "local",
        "local (keeps entities), redshift, cache and notifier (what they would send, for --sink-dir), log; with --bootstrap: what PROCESSORS is set to"
    )
    static let sinkFolder = Option<String?>(
        "--sink-dir", value: "DIR",
        "write what the embedded sinks hold at the end: entities by kind, the cache's keys, the warehouse's SQL (with REDSHIFT_LOAD=staged: the objects), notifications, dead letters"
    )
    static let report = Option<String?>(
        "--report", value: "FILE",
        "write a page about the replay, one HTML file that needs nothing else (- is standard output)")
    static let record = Option<String?>(
        "--record", value: "FILE",
        "save the events before they are delivered, one a line, to be replayed again (- is standard output)")

    static let fromStream = Option<String?>(
        "--from-stream", value: "NAME", "replay what is on this stream, by name or ARN, instead of files")
    static let from = Option<String>(
        "--from", value: "WHERE", default: "TRIM_HORIZON",
        "where on the stream to begin: TRIM_HORIZON, a time such as 2026-01-31T12:00:00Z, how long ago, such as 10m")
    static let limit = Option<Int?>("--limit", 1...100_000_000, "read N records of the stream at most")

    static let retries = Option<Int>(
        "--retries", 0...10_000, default: 0,
        "deliver as Lambda's poller does, and retry what fails N times before it is discarded")
    static let bisect = Option<Bool>(
        "--bisect", "split a batch that fails in two, down to the record that fails; a split counts as no retry")
    static let onFailure = Option<String?>(
        "--on-failure", value: "FILE",
        "write what was discarded, as Lambda writes it to an on-failure destination (NDJSON; - is standard output)")
    static let shards = Option<Int?>(
        "--shards", 1...10_000, "spread the records over N shards by partition key")
    static let factor = Option<Int>(
        "--parallelization-factor", 1...10, default: 1, "batches of a shard with keys of their own")
    static let workers = Option<Int>(
        "--workers", 1...64, default: 1, "deliver up to N batches at once, each to a process of its own")
    static let age = Option<Int?>(
        "--max-record-age", value: "SECONDS", 60...604_800, "discard records older than this")
    static let window = Option<Int>(
        "--window", value: "SECONDS", 0...300, default: 0, note: "whatever is there",
        "put together only what arrived within this time, as a batching window does")
    static let tumblingWindow = Option<Int?>(
        "--tumbling-window", value: "SECONDS", 1...900,
        "hand a state from batch to batch of this much of the records' time, as tumbling windows do")

    /// Those that make sense only where records are delivered as the poller delivers them.
    static let poller: [any CommandOption] = [
        retries, bisect, onFailure, shards, factor, workers, age, window, tumblingWindow, fromStream,
    ]
    /// All of them, in the order of help.
    static let all: [any CommandOption] = [
        bootstrap, realSinks, batchSize, repeats, retries, bisect, onFailure, shards, factor, workers, age, window,
        tumblingWindow, rate, processors, sinkFolder, report, fromStream, from, limit, record,
    ]
}
