/// The options of `replay`.
enum ReplayOptions {
    static let bootstrap = OptionDescription(
        "--bootstrap", .value("PATH"), "drive this binary over a local Runtime API, instead of running in this process")
    static let realSinks = OptionDescription(
        "--real-sinks", .flag,
        "with --bootstrap: pass on the settings of real sinks (DEAD_LETTER_*, REDSHIFT_*, CACHE_*, NOTIFY_*), so that it writes to them"
    )
    static let batchSize = OptionDescription(
        "--batch-size", .value("N"), "records an event, 1...10000 (default 100)")
    static let repeats = OptionDescription(
        "--repeat", .value("N"), "feed everything N times, 1...1000000 (default 1)")
    static let rate = OptionDescription(
        "--rate", .value("N"), "deliver N records a second at most, 1...1000000")
    static let processors = OptionDescription(
        "--processors", .value("LIST"),
        "local (keeps entities; the default), redshift, cache and notifier (what they would send, for --sink-dir), log; with --bootstrap: what PROCESSORS is set to"
    )
    static let sinkFolder = OptionDescription(
        "--sink-dir", .value("DIR"),
        "write what the embedded sinks hold at the end: entities by kind, the cache's keys, the warehouse's SQL (with REDSHIFT_LOAD=staged: the objects), notifications, dead letters"
    )
    static let report = OptionDescription(
        "--report", .value("FILE"),
        "write a page about the replay, one HTML file that needs nothing else (- is standard output)")
    static let record = OptionDescription(
        "--record", .value("FILE"),
        "save the events before they are delivered, one a line, to be replayed again (- is standard output)")

    static let fromStream = OptionDescription(
        "--from-stream", .value("NAME"), "replay what is on this stream, by name or ARN, instead of files")
    static let from = OptionDescription(
        "--from", .value("WHERE"),
        "where on the stream to begin: TRIM_HORIZON (default), a time such as 2026-01-31T12:00:00Z, how long ago, such as 10m"
    )
    static let limit = OptionDescription(
        "--limit", .value("N"), "read N records of the stream at most, 1...100000000")

    static let retries = OptionDescription(
        "--retries", .value("N"),
        "deliver as Lambda's poller does, and try what fails N times again, 0...10000 (default 0), before it is given up"
    )
    static let bisect = OptionDescription(
        "--bisect", .flag,
        "cut a batch that fails in two, down to the record that is to blame; a cut counts as no retry")
    static let onFailure = OptionDescription(
        "--on-failure", .value("FILE"),
        "write what was given up, as Lambda writes it to an on-failure destination (NDJSON; - is standard output)")
    static let shards = OptionDescription(
        "--shards", .value("N"), "spread the records over N shards by partition key, 1...10000")
    static let factor = OptionDescription(
        "--parallelization-factor", .value("N"), "batches of a shard with keys of their own, 1...10 (default 1)")
    static let workers = OptionDescription(
        "--workers", .value("N"), "deliver up to N batches at once, 1...64 (default 1), each to a process of its own")
    static let age = OptionDescription(
        "--max-record-age", .value("SECONDS"), "give up records older than this, 60...604800")
    static let window = OptionDescription(
        "--window", .value("SECONDS"),
        "put together only what arrived within this time, as a batching window does, 0...300 (default 0: whatever is there)"
    )
    static let tumblingWindow = OptionDescription(
        "--tumbling-window", .value("SECONDS"),
        "hand a state from batch to batch of this much of the records' time, 1...900, as tumbling windows do")

    /// Those that make sense only where records are delivered as the poller delivers them.
    static let poller = [
        retries, bisect, onFailure, shards, factor, workers, age, window, tumblingWindow, fromStream,
    ]
}
