import Basics

/// The options of `replay`.
enum ReplayOptions {
    static let bootstrap = Option<String?>(
        "--bootstrap", value: "PATH",
        "run this binary against a local Runtime API instead of the pipeline in this process")
    static let realSinks = Option<Bool>(
        "--real-sinks",
        "with --bootstrap: pass the settings of real sinks (DEAD_LETTER_*, REDSHIFT_*, CACHE_*, NOTIFY_*), so that it writes to them"
    )
    static let batchSize = Option<Int>("--batch-size", 1...10_000, default: 100, "records per event")
    static let repeats = Option<Int>("--repeat", 1...1_000_000, default: 1, "replay everything N times")
    static let rate = Option<Int?>("--rate", 1...1_000_000, "deliver at most N records per second")
    static let processors = Option<String?>(
        "--processors", value: "LIST", otherwise: "local",
        "comma-separated processors: local (stores entities in memory), redshift, cache, and notifier (write to --sink-dir), log; with --bootstrap: the value of PROCESSORS"
    )
    static let sinkFolder = Option<String?>(
        "--sink-dir", value: "DIR",
        "write the contents of the embedded sinks at the end: entities by kind, cache keys, warehouse SQL (with REDSHIFT_LOAD=staged: the objects), notifications, dead letters"
    )
    static let report = Option<String?>(
        "--report", value: "FILE",
        "write a self-contained HTML report (- for standard output)")
    static let record = Option<String?>(
        "--record", value: "FILE",
        "save the events before the replay, one per line, as input for another replay (- for standard output)")

    static let fromStream = Option<String?>(
        "--from-stream", value: "NAME", "replay the records of this stream (name or ARN) instead of files")
    static let from = Option<String>(
        "--from", value: "WHERE", default: "TRIM_HORIZON",
        "start position on the stream: TRIM_HORIZON, a time such as 2026-01-31T12:00:00Z, or an age such as 10m")
    static let limit = Option<Int?>("--limit", 1...100_000_000, "read at most N records of the stream")

    static let retries = Option<Int>(
        "--retries", 0...10_000, default: 0,
        "deliver like Lambda's poller, and retry failed records N times before they are discarded")
    static let bisect = Option<Bool>(
        "--bisect", "split a failed batch in two, down to the failed record; a split does not count as a retry")
    static let onFailure = Option<String?>(
        "--on-failure", value: "FILE",
        "write discarded batches in the format of Lambda's on-failure destination (NDJSON; - for standard output)")
    static let shards = Option<Int?>(
        "--shards", 1...10_000, "distribute the records over N shards by partition key")
    static let factor = Option<Int>(
        "--parallelization-factor", 1...10, default: 1, "concurrent batches per shard, each with its own partition keys"
    )
    static let workers = Option<Int>(
        "--workers", 1...64, default: 1, "deliver up to N batches concurrently, each to its own process")
    static let age = Option<Int?>(
        "--max-record-age", value: "SECONDS", 60...604_800, "discard records older than this")
    static let window = Option<Int>(
        "--window", value: "SECONDS", 0...300, default: 0, note: "no window",
        "combine only records that arrived within this time, like a batching window")
    static let tumblingWindow = Option<Int?>(
        "--tumbling-window", value: "SECONDS", 1...900,
        "pass a state between the batches of this time span, like a tumbling window")

    /// The options that require delivery like the poller's.
    static let poller: [any CommandOption] = [
        retries, bisect, onFailure, shards, factor, workers, age, window, tumblingWindow, fromStream,
    ]
    /// All options, in the order of the help.
    static let all: [any CommandOption] = [
        bootstrap, realSinks, batchSize, repeats, retries, bisect, onFailure, shards, factor, workers, age, window,
        tumblingWindow, rate, processors, sinkFolder, report, fromStream, from, limit, record,
    ]
}
