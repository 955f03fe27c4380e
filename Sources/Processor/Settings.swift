import Telemetry

/// Everything the function reads from its environment, read once, at start.
public struct Settings: Sendable, Equatable {
    /// The processors there are, by the name that `PROCESSORS` chooses them with.
    public enum ProcessorName: String, Sendable, CaseIterable {
        case redshift, cache, notifier, log
    }

    /// `PROCESSORS`: at least one, each once.
    public var processors: [ProcessorName]
    /// `OPTIONAL_PROCESSORS`: those whose failures do not hold the shard back; one that was not chosen matters to nobody.
    public var optionalProcessors: Set<ProcessorName>
    /// `REDSHIFT_...`; nil unless that processor was chosen.
    public var redshift: RedshiftSettings?
    /// What a load event is answered with: `REDSHIFT_...`, chosen or not; nil without a staging bucket.
    public var loader: RedshiftSettings?
    /// Why ``loader`` could not be read although a staging bucket is set.
    public var loaderProblems: [String] = []
    /// `CACHE_...`; nil unless that processor was chosen, or the notifier and a `CACHE_URL` for its memory.
    public var cache: CacheSettings?
    /// `NOTIFY_...`; nil unless that processor was chosen.
    public var notifier: NotifierSettings?
    /// `DEAD_LETTER_...`; nil where bad records fail, and hold the shard back.
    public var deadLetters: DeadLetterSettings?
    /// `DEADLINE_MARGIN_MS`: how long before Lambda's deadline work is cut short, so that there is time to answer.
    public var deadlineMargin: Duration
    /// `WINDOW_AGGREGATES`: whether a tumbling window's state keeps what happened in it.
    public var aggregatesWindows: Bool
    /// `METRICS`.
    public var isMetricsOn: Bool
    /// `AWS_LAMBDA_LOG_LEVEL`.
    public var logLevel: Logger.Level
    /// `AWS_LAMBDA_LOG_FORMAT`.
    public var logFormat: Logger.Format
    /// `AWS_LAMBDA_MAX_CONCURRENCY`: how many invocations run at once; 1 unless Lambda says otherwise.
    public var maxConcurrency: Int
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` in bytes; nil when the program runs outside of Lambda.
    public var functionMemory: Int?
    /// `AWS_LAMBDA_FUNCTION_NAME`; the program's own name when it runs by hand.
    public var functionName: String

    /// - Parameter environment: The process's; a literal in tests. A variable that is set but empty counts as not set.
    /// - Throws: ``SettingsError`` naming every variable that is wrong, not just the first.
    public init(environment: [String: String]) throws(SettingsError) {
        var reader = EnvironmentReader(environment)
        processors = reader.list("PROCESSORS", of: ProcessorName.self) ?? [.log]
        optionalProcessors = Set(reader.list("OPTIONAL_PROCESSORS", of: ProcessorName.self) ?? [])
        if processors.contains(.redshift) { redshift = RedshiftSettings(&reader) }
        if reader.string("REDSHIFT_STAGING_BUCKET") != nil {
            loader = redshift
            do throws(SettingsError) {
                if loader == nil { loader = try RedshiftSettings(environment: environment) }
            } catch {
                // Records do not need them; a load event fails with these.
                loaderProblems = error.problems
            }
            if loader?.staging == nil { loader = nil }
        }
        if processors.contains(.cache) || processors.contains(.notifier) && reader.string("CACHE_URL") != nil {
            cache = CacheSettings(&reader)
        }
        if processors.contains(.notifier) { notifier = NotifierSettings(&reader) }
        deadlineMargin = .milliseconds(reader.integer("DEADLINE_MARGIN_MS", in: 0...900_000) ?? 500)
        aggregatesWindows = reader.choice("WINDOW_AGGREGATES", ["on": true, "off": false]) ?? false
        isMetricsOn = reader.choice("METRICS", ["on": true, "off": false]) ?? true
        logLevel = reader.choice("AWS_LAMBDA_LOG_LEVEL", Self.logLevels) ?? .info
        logFormat = reader.choice("AWS_LAMBDA_LOG_FORMAT", ["json": .json, "text": .text]) ?? .json
        maxConcurrency = reader.integer("AWS_LAMBDA_MAX_CONCURRENCY", in: 1...1000) ?? 1
        functionMemory = reader.integer("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", in: 1...1_048_576).map { $0 * 1_048_576 }
        functionName = reader.string("AWS_LAMBDA_FUNCTION_NAME") ?? "concert-data-processor"
        deadLetters = DeadLetterSettings(&reader)
        guard reader.problems.isEmpty else { throw SettingsError(problems: reader.problems) }
    }

    private static let logLevels: KeyValuePairs<String, Logger.Level> = [
        "trace": .trace, "debug": .debug, "info": .info, "warn": .warn, "error": .error, "fatal": .fatal,
    ]
}

extension Settings {
    /// The most bytes of text to retain from one batch: a quarter of the function's memory, shared by the invocations
    /// that run at once.
    ///
    /// Processors make copies of it, which need the rest.
    public var batchTextLimit: Int {
        functionMemory.map { $0 / 4 / maxConcurrency } ?? Pipeline.defaultBatchTextLimit
    }
}

/// What is wrong with the environment, each variable in one sentence.
public struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    public var problems: [String]

    public init(problems: [String]) { self.problems = problems }

    /// What the Runtime API is told; alarms match on it.
    public static let errorType = "Runtime.InvalidSettings"

    public var description: String { problems.joined(separator: "; ") }
}
