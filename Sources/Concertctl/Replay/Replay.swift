import Foundation
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
        "local (embedded sinks, the default), redshift (its SQL, for --sink-dir), log; with --bootstrap: what PROCESSORS is set to"
    )
    private static let sinkFolderOption = OptionDescription(
        "--sink-dir", .value("DIR"),
        "write what the embedded sinks hold at the end: entities by kind, the warehouse's SQL, dead letters")

    static let description = CommandDescription(
        name: "replay", summary: "feed saved events or payloads through the processor, and report",
        discussion: """
            Feeds events through the real processing path, with no AWS account, and reports what became of every record.

            A PATH is a Lambda event (JSON with "Records"), a file of record payloads, one JSON object a line (NDJSON), or a folder of both; NAME.response.json files are passed over. "-" is standard input.

            Bad records fail, unless --sink-dir says where their dead letters are kept. Logs of the log processor and of the bootstrap are governed by AWS_LAMBDA_LOG_LEVEL.

            Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but some records failed.
            """,
        usage: ["PATH... [options]", "- [options]"],
        options: [bootstrapOption, batchSizeOption, repeatOption, processorsOption, sinkFolderOption, .output],
        operands: 0...Int.max,
        examples: [
            "concertctl replay Fixtures/kinesis",
            "concertctl replay --bootstrap dist/bootstrap event.json",
            "concertctl stream tail --raw --from TRIM_HORIZON --for 10 | concertctl replay -",
            "concertctl replay upload.ndjson --sink-dir out --output json | jq .records.byOutcome",
        ])

    private let paths: [String]
    private let bootstrap: String?
    private let batchSize: Int
    private let repetitions: Int
    private let processors: String?
    private let sinkFolder: String?
    private let output: OutputFormat

    init(_ arguments: Arguments) throws {
        bootstrap = arguments.string(Self.bootstrapOption)
        batchSize = try arguments.integer(Self.batchSizeOption, in: 1...10_000) ?? 100
        repetitions = try arguments.integer(Self.repeatOption, in: 1...1_000_000) ?? 1
        processors = arguments.string(Self.processorsOption)
        sinkFolder = arguments.string(Self.sinkFolderOption)
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        paths = arguments.operands
        if paths.isEmpty {
            throw UsageError(description: "a PATH is missing: an event, a file of payloads, a folder or -")
        }
        if bootstrap != nil, sinkFolder != nil {
            throw UsageError(description: "--sink-dir is for the embedded sinks, which --bootstrap does not use")
        }
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        var source = ReplaySource(batchSize: batchSize)
        let events = try source.events(at: paths)
        if events.isEmpty {
            throw CommandError(description: "no event and no payload in \(paths.joined(separator: ", "))")
        }
        var target = try makeTarget()
        defer { target.stop() }
        let interruption = target.interruption
        var report = ReplayReport()
        try await withTaskCancellationHandler {
            try deliver(events, to: &target, &report)
        } onCancel: {
            interruption()
        }
        try target.finish()
        print(output == .json ? report.json() : report.text())
        return report.hasFailures ? .recordsFailed : .done
    }

    /// Feeds everything, as often as asked.
    private func deliver(
        _ events: [ReplayEvent], to target: inout any ReplayTarget, _ report: inout ReplayReport
    ) throws {
        var progress = Progress()
        defer { progress.end() }
        var delivered = 0
        for _ in 0..<repetitions {
            for event in events {
                try Task.checkCancellation()
                do { report.add(try target.deliver(event), of: event) } catch {
                    // What an interruption broke off is nobody's failure.
                    try Task.checkCancellation()
                    throw error
                }
                delivered += 1
                progress.show("\(delivered) of \(events.count * repetitions) events")
            }
        }
    }

    private func makeTarget() throws -> any ReplayTarget {
        if let bootstrap { return try BootstrapTarget(path: bootstrap, processors: processors) }
        return try InProcessTarget(
            processors: processors ?? (sinkFolder == nil ? "local" : "local,redshift"), sinkFolder: sinkFolder)
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

    /// A record that could not be processed.
    struct BadRecord {
        var reason: String
        var message: String
        var sequenceNumber: String
        /// Its place in the aggregate that it came in.
        var subSequenceNumber: Int?
    }
}
