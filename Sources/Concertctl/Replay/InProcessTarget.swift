import Foundation
import JSON
import Processor
import Telemetry

/// The pipeline that Lambda runs, in this process, with embedded sinks.
struct InProcessTarget: ReplayTarget {
    private var pipeline: Pipeline
    private let entities = LocalEntities()
    /// In the order of the chosen processors.
    private let standIns: [LocalStandIn]
    private let deadLetters = LocalDeadLetters()
    private let sinkFolder: SinkFolder?
    private var delivered = 0

    private static let local = "local"
    private static let names = ([local] + ProcessorDefinition.all.map(\.name)).joined(separator: ", ")

    /// - Parameters:
    ///   - processors: Names, with commas between them.
    ///   - sinkFolder: Where the sinks' contents go in the end.
    ///   - aggregatesWindows: Whether the state of a tumbling window keeps what happened in it.
    ///   - environment: The command's.
    init(
        processors: String, sinkFolder path: String?, aggregatesWindows: Bool = false, environment: [String: String]
    ) throws {
        sinkFolder = try path.map(SinkFolder.init(path:))
        let names = processors.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        var reader = SettingsReader(environment)
        let (level, format) = (reader.read(LambdaSettings.logLevel), reader.read(LambdaSettings.logFormat))
        // Without the log processor the report alone says what happened.
        let isLogging = names.contains(LogProcessor.definition.name)
        let log = Logger(level: isLogging ? level : .fatal, format: format, sink: StandardError())
        var standIns: [LocalStandIn] = []
        for name in names {
            if name == Self.local {
                standIns.append(LocalStandIn(entities))
            } else if let definition = ProcessorDefinition.all.first(where: { $0.name == name }) {
                // Without one there is a problem, which is thrown below.
                if let standIn = definition.localStandIn(&reader, log: log) { standIns.append(standIn) }
            } else {
                throw UsageError(description: "--processors names \"\(name)\"; expected some of \(Self.names)")
            }
        }
        if names.isEmpty { throw UsageError(description: "--processors is empty; expected some of \(Self.names)") }
        try reader.check()
        self.standIns = standIns
        // A dead letter that nobody keeps would be a record lost without a word.
        pipeline = Pipeline(
            dispatcher: Dispatcher(standIns.map(\.processor)), deadLetters: sinkFolder == nil ? nil : deadLetters,
            log: log,
            aggregatesWindows: aggregatesWindows)
    }

    mutating func deliver(_ event: ReplayEvent) throws -> Delivery {
        delivered += 1
        let context = InvocationContext(
            requestID: "replay-\(delivered)", functionName: "replay", deadline: .now + .seconds(60))
        var response: [UInt8] = []
        let start = ContinuousClock.now
        do throws(EventError) {
            let report = try pipeline.respond(
                to: event.bytes, 0..<event.bytes.count, context: context, into: &response)
            return Delivery(report, response, latency: ContinuousClock.now - start)
        } catch {
            return Delivery(invocationError: "\(EventError.errorType): \(error)", latency: ContinuousClock.now - start)
        }
    }

    /// The sinks are shared, and the rest of a pipeline is a value.
    func worker() -> any ReplayTarget { self }

    mutating func finish() throws {
        guard let sinkFolder else { return }
        for schema in EntityCatalog.builtIn.schemas {
            try sinkFolder.write(entities.documents(of: schema), to: "\(schema.name)s.ndjson")
        }
        for file in standIns.flatMap({ $0.files() }) { try sinkFolder.write(object: file.contents, to: file.path) }
        try sinkFolder.write(deadLetters.bodies, to: "dead-letters.ndjson")
    }

    /// An event takes milliseconds in this process; the replay stops behind it.
    var interruption: @Sendable () -> Void { {} }

    mutating func stop() {}
}

extension Delivery {
    fileprivate init(_ report: BatchReport, _ response: [UInt8], latency: Duration) {
        for ending in BatchReport.Disposition.allCases { byOutcome[ending] = report.total(ending) }
        for kind in report.catalog.kinds { byKind[kind] = report.total(of: kind) }
        badRecords = report.badRecords.map {
            BadRecord(
                reason: $0.error.reason.rawValue, message: $0.error.message,
                sequenceNumber: $0.sequenceNumber.digits, subSequenceNumber: $0.subSequenceNumber.map(Int.init))
        }
        self.latency = latency
        stages = [("decode", report.decodeTime)] + report.processorTimes
        state = (try? JSONValue(parsing: response))?["state"]?.bytes
        itemFailures = report.checkpoint.map { [$0.digits] } ?? []
    }
}

/// The folder that the embedded sinks' contents are written to.
struct SinkFolder {
    private let url: URL

    init(path: String) throws {
        url = URL(filePath: path, directoryHint: .isDirectory)
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw CommandError(description: "\(path) cannot be made: \((error as NSError).localizedDescription)")
        }
    }

    /// Writes an object to the file that its key names.
    func write(object bytes: [UInt8], to key: String) throws {
        let target = url.appending(path: key)
        try FileManager.default.createDirectory(
            at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        let file = try OutputFile(target.path)
        try file.write(bytes)
        try file.finish()
    }

    /// Writes one line each, all or nothing.
    func write(_ lines: [[UInt8]], to name: String) throws {
        let file = try OutputFile(url.appending(path: name).path)
        for line in lines { try file.write(line + [UInt8(ascii: "\n")]) }
        try file.finish()
    }
}
