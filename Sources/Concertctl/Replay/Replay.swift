import Foundation
import Poller
import Processor

/// Feeds saved events through the processor, with no AWS account.
struct Replay: Command {
    private static let bootstrapOption = OptionDescription(
        "--bootstrap", .value("PATH"), "drive this binary over a local Runtime API, instead of running in this process")
    private static let batchSizeOption = OptionDescription(
        "--batch-size", .value("N"),
        "records an event when payloads are put together to events, 1...10000 (default 100)")
    private static let repeatOption = OptionDescription(
        "--repeat", .value("N"), "feed everything N times, 1...1000000 (default 1)")
    private static let processorsOption = OptionDescription(
        "--processors", .value("LIST"),
        "local (keeps entities; the default), redshift, cache and notifier (what they would send, for --sink-dir), log; with --bootstrap: what PROCESSORS is set to"
    )
    private static let sinkFolderOption = OptionDescription(
        "--sink-dir", .value("DIR"),
        "write what the embedded sinks hold at the end: entities by kind, the cache's keys, the warehouse's SQL, notifications, dead letters"
    )

    private static let retriesOption = OptionDescription(
        "--retries", .value("N"),
        "deliver as Lambda's poller does, and try what fails N times again, 0...10000 (default 0), before it is given up"
    )
    private static let bisectOption = OptionDescription(
        "--bisect", .flag,
        "cut a batch that fails in two, down to the record that is to blame; a cut counts as no retry")
    private static let onFailureOption = OptionDescription(
        "--on-failure", .value("FILE"),
        "write what was given up, as Lambda writes it to an on-failure destination (NDJSON)")
    private static let shardsOption = OptionDescription(
        "--shards", .value("N"), "spread the records over N shards by partition key, 1...10000")
    private static let factorOption = OptionDescription(
        "--parallelization-factor", .value("N"), "batches of a shard with keys of their own, 1...10 (default 1)")
    private static let ageOption = OptionDescription(
        "--max-record-age", .value("SECONDS"), "give up records older than this, 60...604800")
    private static let rateOption = OptionDescription(
        "--rate", .value("N"), "deliver N records a second at most, 1...1000000")
    private static let reportOption = OptionDescription(
        "--report", .value("FILE"), "write a page about the replay, one HTML file that needs nothing else")

    static let description = CommandDescription(
        name: "replay", summary: "feed saved events or payloads through the processor, and report",
        discussion: """
            Feeds events through the real processing path, with no AWS account, and reports what became of every record.

            A PATH is a Lambda event (JSON with "Records"), a file of record payloads, one JSON object a line (NDJSON), or a folder of both; NAME.response.json files are passed over. "-" is standard input.

            With any of --retries, --bisect, --on-failure, --shards, --parallelization-factor and --max-record-age the events are taken apart, and their records delivered as Lambda's poller delivers a stream's: in batches of --batch-size by shard, from the first record that failed on again, until all are done or given up.

            Bad records fail, unless --sink-dir says where their dead letters are kept. Logs of the log processor and of the bootstrap are governed by AWS_LAMBDA_LOG_LEVEL.

            Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but some records failed.
            """,
        usage: ["PATH... [options]", "- [options]"],
        options: [
            bootstrapOption, batchSizeOption, repeatOption, retriesOption, bisectOption, onFailureOption, shardsOption,
            factorOption, ageOption, rateOption, processorsOption, sinkFolderOption, reportOption, .output,
        ],
        operands: 0...Int.max,
        examples: [
            "concertctl replay Fixtures/kinesis",
            "concertctl replay --bootstrap dist/bootstrap event.json",
            "concertctl stream tail --raw --from TRIM_HORIZON --for 10 | concertctl replay -",
            "concertctl replay upload.ndjson --batch-size 1000 --bisect --retries 3 --on-failure failed.ndjson --report replay.html",
            "concertctl replay upload.ndjson --sink-dir out --output json | jq .records.byOutcome",
        ])

    private let paths: [String]
    private let bootstrap: String?
    private let batchSize: Int
    private let repetitions: Int
    private let processors: String?
    private let sinkFolder: String?
    private let output: OutputFormat
    /// How the poller delivers; nil when events go as they are.
    private let poller: PollerSettings?
    private let shards: Int?
    private let rate: Int?
    private let failureFile: String?
    private let reportFile: String?

    init(_ arguments: Arguments) throws {
        bootstrap = arguments.string(Self.bootstrapOption)
        batchSize = try arguments.integer(Self.batchSizeOption, in: 1...10_000) ?? 100
        repetitions = try arguments.integer(Self.repeatOption, in: 1...1_000_000) ?? 1
        processors = arguments.string(Self.processorsOption)
        sinkFolder = arguments.string(Self.sinkFolderOption)
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        shards = try arguments.integer(Self.shardsOption, in: 1...10_000)
        rate = try arguments.integer(Self.rateOption, in: 1...1_000_000)
        failureFile = arguments.string(Self.onFailureOption)
        reportFile = arguments.string(Self.reportOption)
        poller = try Self.poller(arguments, batchSize: batchSize)
        paths = arguments.operands
        if paths.isEmpty {
            throw UsageError(description: "a PATH is missing: an event, a file of payloads, a folder or -")
        }
        if bootstrap != nil, sinkFolder != nil {
            throw UsageError(description: "--sink-dir is for the embedded sinks, which --bootstrap does not use")
        }
    }

    private static func poller(_ arguments: Arguments, batchSize: Int) throws -> PollerSettings? {
        let options = [retriesOption, bisectOption, onFailureOption, shardsOption, factorOption, ageOption]
        guard options.contains(where: { arguments.has($0) }) else { return nil }
        var settings = PollerSettings()
        settings.batchSize = batchSize
        settings.maximumRetryAttempts = try arguments.integer(retriesOption, in: 0...10_000) ?? 0
        settings.bisects = arguments.flag(bisectOption)
        settings.parallelizationFactor = try arguments.integer(factorOption, in: 1...10) ?? 1
        settings.maximumRecordAge = try arguments.integer(ageOption, in: 60...604_800).map { Int64($0) * 1000 }
        return settings
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        var source = ReplaySource(batchSize: batchSize)
        let events = try source.events(at: paths)
        if events.isEmpty {
            throw CommandError(description: "no event and no payload in \(paths.joined(separator: ", "))")
        }
        try checkFolders()
        var target = try makeTarget()
        defer { target.stop() }
        let interruption = target.interruption
        var report = ReplayReport(isPolled: poller != nil)
        var polled: PolledReplay?
        var ending: (any Error)?
        do {
            try await withTaskCancellationHandler {
                if let poller {
                    try deliver(events, by: poller, to: &target, &report, &polled)
                } else {
                    try deliver(events, to: &target, &report)
                }
            } onCancel: {
                interruption()
            }
            try target.finish()
        } catch {
            ending = error
        }
        if let polled { report.conclude(polled) }
        // First of all, for a file that cannot be written must not take the rest along.
        if ending == nil || ending is CancellationError && !report.isEmpty {
            print(output == .json ? report.json() : report.text())
        }
        if let failureFile { try polled?.writeFailures(to: failureFile) }
        if let reportFile {
            try ReportPage(report: report, polled: polled, words: paths, isComplete: ending == nil).write(
                to: reportFile)
        }
        if let ending { throw ending }
        return report.hasFailures ? .recordsFailed : .done
    }

    /// Complains before a long replay, rather than behind it, of a file that cannot be written.
    private func checkFolders() throws {
        for (option, file) in [(Self.onFailureOption, failureFile), (Self.reportOption, reportFile)] {
            guard let file else { continue }
            let folder = URL(filePath: file).deletingLastPathComponent().path
            guard FileManager.default.isWritableFile(atPath: folder) else {
                throw CommandError(
                    description: "\(option.name) \(file) cannot be written: make the folder \(folder), or name another")
            }
        }
    }

    private func deliver(
        _ events: [ReplayEvent], by poller: PollerSettings, to target: inout any ReplayTarget,
        _ report: inout ReplayReport, _ polled: inout PolledReplay?
    ) throws {
        var progress = Progress()
        defer { progress.end() }
        var replay = PolledReplay(
            Array(repeatElement(events, count: repetitions).joined()), settings: poller, shards: shards)
        defer { polled = replay }
        try replay.run(&target, &report, rate: rate) { progress.show($0) }
    }

    /// Feeds everything, as often as asked.
    private func deliver(
        _ events: [ReplayEvent], to target: inout any ReplayTarget, _ report: inout ReplayReport
    ) throws {
        var progress = Progress()
        defer { progress.end() }
        var pace = Pace(rate: rate, total: events.count * repetitions, unit: "events")
        for _ in 0..<repetitions {
            for event in events {
                try Task.checkCancellation()
                try pace.wait()
                do {
                    let delivery = try target.deliver(event)
                    pace.add(records: delivery.byOutcome.values.reduce(0, +), done: 1)
                    report.add(delivery, of: event)
                } catch {
                    // What an interruption broke off is nobody's failure.
                    try Task.checkCancellation()
                    throw error
                }
                progress.show(pace.text)
            }
        }
    }

    private func makeTarget() throws -> any ReplayTarget {
        if let bootstrap { return try BootstrapTarget(path: bootstrap, processors: processors) }
        return try InProcessTarget(
            processors: processors ?? (sinkFolder == nil ? "local" : "local,redshift,cache,notifier"),
            sinkFolder: sinkFolder)
    }
}

/// Where a replay's events go.
protocol ReplayTarget {
    /// Hands over one event, and waits for the answer.
    ///
    /// - Throws: When no further event can be delivered.
    mutating func deliver(_ event: ReplayEvent) throws -> Delivery
    /// Writes what there is to write at the end.
    mutating func finish() throws
    /// What ends a delivery that is under way when the replay is interrupted.
    var interruption: @Sendable () -> Void { get }
    /// Ends what was started; called whatever happened.
    mutating func stop()
}

/// What became of one event.
struct Delivery {
    /// Why the invocation failed as a whole; nil when it was answered.
    var invocationError: String?
    /// How many records ended so.
    var byOutcome: [BatchReport.Ending: Int] = [:]
    /// How many typed records there were of each kind.
    var byKind: [Payload.Kind: Int] = [:]
    var badRecords: [BadRecord] = []
    var latency: Duration = .zero
    /// Sequence numbers that the answer names as failed.
    var itemFailures: [String] = []

    /// A record that could not be processed.
    struct BadRecord {
        var reason: String
        var message: String
        var sequenceNumber: String
        /// Its place in the aggregate that it came in.
        var subSequenceNumber: Int?
    }
}
