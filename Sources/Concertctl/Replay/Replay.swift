import Foundation
import Poller
import Processor
import Telemetry

/// The command that replays saved events or payloads through the processor, without an AWS account.
struct Replay: Command {
    static let description = CommandDescription(
        name: "replay", summary: "replay saved events or payloads through the processor and report the outcomes",
        discussion: """
            Replays events through the function's pipeline, without an AWS account, and reports the outcome of every record.

            A PATH is a Lambda event (JSON with "Records"), a file of record payloads with one JSON object per line (NDJSON), the output of aws kinesis get-records, or a folder of these; each can be compressed with gzip. NAME.response.json files are ignored. "-" is standard input.

            With --from-stream, and with any option of an event source mapping (--retries, --bisect, --on-failure, --shards, --parallelization-factor, --workers, --max-record-age, --window, --tumbling-window), events are split into records, which are delivered like Lambda's poller delivers those of a stream: in batches of --batch-size per shard, retried from the first failed record, until all are processed or discarded.

            --from-stream reads the records of the stream, from --from to its newest record, and changes nothing there; --record saves them as a fixture.

            --bootstrap does not pass the settings of real sinks (DEAD_LETTER_*, REDSHIFT_*, CACHE_*, NOTIFY_*) unless --real-sinks is given. Without --bootstrap, nothing is written to real sinks.

            Bad records fail unless --sink-dir stores their dead letters. AWS_LAMBDA_LOG_LEVEL sets the log level of the log processor and of the bootstrap.

            Exit status: 0 done, 1 failed, 2 incorrect usage, 3 done but some records failed.
            """,
        usage: ["PATH... [options]", "- [options]", "--from-stream NAME [options]"],
        options: ReplayOptions.all + [SharedOption.output] + SharedOption.aws,
        operands: 0...Int.max,
        examples: [
            "concertctl replay Fixtures/kinesis",
            "concertctl replay --bootstrap dist/bootstrap event.json",
            "concertctl replay --from-stream concerts --from 1h --record fixture.ndjson --bootstrap dist/bootstrap",
            "concertctl replay upload.ndjson --batch-size 1000 --bisect --retries 3 --on-failure failed.ndjson --report replay.html",
            "concertctl replay upload.ndjson --sink-dir out --output json | jq .records.byOutcome",
        ])

    private let paths: [String]
    /// The stream and the start position; nil if files are replayed.
    private let stream: StreamSource?
    private let environment: [String: String]
    private let bootstrap: String?
    private let sinks: RealSinks
    private let batchSize: Int
    private let repetitions: Int
    private let processors: String?
    private let sinkFolder: String?
    private let output: OutputFormat
    /// The settings of the poller; nil if events are delivered unchanged.
    private let poller: PollerSettings?
    private let shards: Int?
    private let workers: Int
    private let rate: Int?
    private let failureFile: String?
    private let reportFile: String?
    private let recordFile: String?
    /// The options for the report, with their values.
    private let reported: [(name: String, value: String)]

    init(_ input: Input) throws {
        environment = input.environment
        bootstrap = try input[ReplayOptions.bootstrap]
        sinks = try input[ReplayOptions.realSinks] ? .all : .none
        batchSize = try input[ReplayOptions.batchSize]
        repetitions = try input[ReplayOptions.repeats]
        processors = try input[ReplayOptions.processors]
        sinkFolder = try input[ReplayOptions.sinkFolder]
        output = try input[SharedOption.output]
        shards = try input[ReplayOptions.shards]
        workers = try input[ReplayOptions.workers]
        rate = try input[ReplayOptions.rate]
        failureFile = try input[ReplayOptions.onFailure]
        reportFile = try input[ReplayOptions.report]
        recordFile = try input[ReplayOptions.record]
        reported = (ReplayOptions.poller + [ReplayOptions.rate, ReplayOptions.repeats]).compactMap { option in
            input.text(of: option).map { (String(option.name.dropFirst(2)), $0 == "true" ? "on" : $0) }
        }
        poller = try PollerSettings(input, batchSize: batchSize)
        paths = input.operands
        stream = try Self.stream(input)
        if paths.isEmpty, stream == nil {
            throw UsageError(
                description: "PATH is missing; expected an event, a file of payloads, a folder, -, or --from-stream")
        }
        if !paths.isEmpty, stream != nil {
            throw UsageError(description: "--from-stream and PATH \(paths[0]) cannot be combined")
        }
        for (index, file) in outputFiles.enumerated() {
            if let other = outputFiles[..<index].first(where: { $0.path == file.path }) {
                throw UsageError(
                    description:
                        "\(other.option.name) and \(file.option.name) have the same file \(file.path); pass different files"
                )
            }
        }
        if bootstrap == nil, case .all = sinks {
            throw UsageError(
                description: "--real-sinks requires --bootstrap; the embedded sinks never write to real ones")
        }
        if bootstrap != nil, sinkFolder != nil {
            throw UsageError(
                description:
                    "--sink-dir and --bootstrap cannot be combined; a bootstrap does not use the embedded sinks")
        }
    }

    private static func stream(_ input: Input) throws -> StreamSource? {
        guard let name = try input[ReplayOptions.fromStream] else {
            if let option = input.first(of: [ReplayOptions.from, ReplayOptions.limit]) {
                throw UsageError(description: "\(option.name) requires --from-stream")
            }
            return nil
        }
        let start = try TailStart(input[ReplayOptions.from])
        if start == .latest {
            throw UsageError(
                description: "--from LATEST selects no records; to wait for new records, use concertctl stream tail")
        }
        let limit = try input[ReplayOptions.limit] ?? .max
        let stream = try StreamReference(name)
        return StreamSource(stream: stream, session: try AWSSession(input), start: start, limit: limit)
    }

    func run() async throws -> ExitStatus {
        // Opens the files before a long replay, to fail early if one is not writable.
        let (failures, page, recording) = (
            try failureFile.map { try OutputFile($0, option: ReplayOptions.onFailure) },
            try reportFile.map { try OutputFile($0, option: ReplayOptions.report) },
            try recordFile.map { try OutputFile($0, option: ReplayOptions.record) }
        )
        let (events, source) = try await events()
        if let recording { try Self.record(events, to: recording) }
        var polled = try poller.map {
            try PolledReplay(Array(repeatElement(events, count: repetitions).joined()), settings: $0, shards: shards)
        }
        noteLargeEvents(polled?.whole ?? events)
        var targets = [try makeTarget()]
        defer { for index in targets.indices { targets[index].stop() } }
        while targets.count < workers { targets.append(try targets[0].worker()) }
        let interruptions = targets.map(\.interruption)
        var report = ReplayReport(isPolled: poller != nil, source: source)
        var ending: (any Error)?
        do {
            try await withTaskCancellationHandler {
                if polled != nil {
                    try deliver(by: &polled, to: targets, &report)
                } else {
                    try deliver(events, to: &targets[0], &report)
                }
            } onCancel: {
                for interrupt in interruptions { interrupt() }
            }
            try targets[0].finish()
        } catch {
            ending = error
        }
        if let polled { report.conclude(polled) }
        // Printed first, so that a file that cannot be written does not prevent it.
        if ending == nil || ending is CancellationError && !report.isEmpty {
            Output.show(
                as: output, text: .lines(report.text()), json: report.json(), onOneLine: true,
                isTaken: outputFiles.contains { OutputFile.isStandardOutput($0.path) })
        }
        if let failures { try polled?.writeFailures(to: failures) }
        if let page {
            try ReportPage(report: report, polled: polled, settings: settings, isComplete: ending == nil).write(
                to: page)
        }
        if let ending { throw ending }
        return report.hasFailures ? .recordsFailed : .done
    }

    private func events() async throws -> ([ReplayEvent], ReplaySource) {
        var source = ReplaySource(batchSize: batchSize)
        guard let stream else {
            let events = try source.events(at: paths)
            if events.isEmpty {
                throw CommandError(description: "no events or payloads in \(paths.joined(separator: ", "))")
            }
            Self.noteForeignEvents(events)
            return (events, source)
        }
        var progress = Progress()
        defer { progress.end() }
        let events = try await stream.events(batchSize: batchSize) { progress.show("\($0) records read") }
        if events.isEmpty {
            throw CommandError(
                description: "stream \(stream.stream.name) has no records from that position on; pass another --from"
            )
        }
        return (events, source)
    }

    /// Prints notes about events that are larger than Lambda accepts.
    private func noteLargeEvents(_ events: [ReplayEvent]) {
        let large = events.filter { $0.bytes.count > EventLimit.event }
        for event in large.prefix(10) {
            Console.note(
                "\(event.name): an event of \(event.bytes.count) bytes; the limit of Lambda is "
                    + "\(EventLimit.event) (6 MB)")
        }
        if large.count > 10 { Console.note("and \(large.count - 10) more such events") }
    }

    /// Prints notes about events of other services, which the function rejects.
    private static func noteForeignEvents(_ events: [ReplayEvent]) {
        for event in events {
            guard let record = PolledRecords.elements(of: event.bytes)?.first,
                let foreign = ForeignEvent(ofRecord: Array(event.bytes[record]))
            else { continue }
            Console.note("\(event.name) is \(foreign.name); \(foreign.remedy)")
        }
    }

    /// Saves events, one per line, so that one file can contain several.
    private static func record(_ events: [ReplayEvent], to file: OutputFile) throws {
        for event in events {
            guard ReplaySource.isEvent(event.bytes) else {
                throw CommandError(
                    description:
                        "--record: \(event.name) is not an event, and its line would be read as a payload; "
                        + "omit it, or omit --record")
            }
            // Line ends between the tokens of JSON are white space; strings contain none.
            try file.write(event.bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 } + [UInt8(ascii: "\n")])
        }
        try file.finish()
    }

    /// The output files, with their options.
    private var outputFiles: [(option: any CommandOption, path: String)] {
        [
            (ReplayOptions.onFailure, failureFile), (ReplayOptions.report, reportFile),
            (ReplayOptions.record, recordFile),
        ].compactMap { option, path in path.map { (option, $0) } }
    }

    private func deliver(
        by replay: inout PolledReplay?, to targets: [any ReplayTarget], _ report: inout ReplayReport
    ) throws {
        var progress = Progress()
        defer { progress.end() }
        let workers = ReplayWorkers(targets)
        defer { workers.stop() }
        try replay?.run(workers, &report, rate: rate) { progress.show("\($0)") }
    }

    /// Delivers all events, as often as requested.
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
                    // An interrupted delivery is not a failure.
                    try Task.checkCancellation()
                    throw error
                }
                progress.show("\(pace.text)")
            }
        }
    }

    private func makeTarget() throws -> any ReplayTarget {
        if let bootstrap {
            let target = try BootstrapTarget(
                path: bootstrap, processors: processors, sinks: sinks, environment: environment)
            if !target.leftOut.isEmpty {
                Console.note(
                    "settings not passed to the bootstrap: \(target.leftOut.joined(separator: ", ")); to pass them, use --real-sinks"
                )
            }
            return target
        }
        return try InProcessTarget(
            processors: chosenProcessors, sinkFolder: sinkFolder, aggregatesWindows: poller?.tumblingWindow != nil,
            environment: environment)
    }

    /// The processors of a bootstrap without the option.
    private var namedProcessors: String { sinks == .all ? "from the environment" : "log" }

    private var chosenProcessors: String {
        processors ?? (sinkFolder == nil ? "local" : "local,redshift,cache,notifier")
    }

    /// The settings of the replay, for the report.
    private var settings: [(name: String, value: String)] {
        let source = stream.map { "stream \($0.stream.name)" } ?? paths.joined(separator: ", ")
        var settings = [("source", source), ("batch size", String(batchSize))]
        settings.append(("delivered", poller == nil ? "events unchanged" : "like Lambda's poller"))
        settings.append(("function", bootstrap ?? "in this process"))
        settings.append(("processors", bootstrap == nil ? chosenProcessors : processors ?? namedProcessors))
        return settings + reported + [("concertctl", Version.current)]
    }
}

extension PollerSettings {
    /// Reads the settings of the poller; returns nil if no option requires the poller.
    fileprivate init?(_ input: Input, batchSize: Int) throws {
        guard input.first(of: ReplayOptions.poller) != nil else { return nil }
        self.init()
        self.batchSize = batchSize
        maximumRetryAttempts = try input[ReplayOptions.retries]
        bisects = try input[ReplayOptions.bisect]
        parallelizationFactor = try input[ReplayOptions.factor]
        maximumRecordAge = try input[ReplayOptions.age].map { Int64($0) * 1000 }
        let window = try input[ReplayOptions.window]
        batchingWindow = window > 0 ? Int64(window) * 1000 : nil
        tumblingWindow = try input[ReplayOptions.tumblingWindow].map { Int64($0) * 1000 }
    }
}
