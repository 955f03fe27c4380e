import Foundation
import JSON
import Processor
import Telemetry

/// The function's pipeline in this process, with embedded sinks.
struct InProcessTarget: ReplayTarget {
    private var pipeline: Pipeline
    private let entities = LocalEntities()
    /// The embedded sinks in the order of the selected processors.
    private let standIns: [LocalStandIn]
    private let deadLetters = LocalDeadLetters()
    private let sinkFolder: SinkFolder?
    private var delivered = 0

    private static let local = "local"
    private static let names = ([local] + ProcessorDefinition.all.map(\.name)).joined(separator: ", ")

    /// - Parameters:
    ///   - processors: The names, separated by commas.
    ///   - sinkFolder: The folder for the contents of the sinks, written at the end.
    ///   - aggregatesWindows: Whether the state of a tumbling window contains aggregates.
    ///   - environment: The environment of the command.
    init(
        processors: String, sinkFolder path: String?, aggregatesWindows: Bool = false, environment: [String: String]
    ) throws {
        sinkFolder = try path.map(SinkFolder.init(path:))
        let names = processors.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        var reader = SettingsReader(environment)
        let (level, format) = (reader.read(LambdaSettings.logLevel), reader.read(LambdaSettings.logFormat))
        // Without the log processor, only the report shows the results.
        let isLogging = names.contains(LogProcessor.definition.name)
        let log = Logger(level: isLogging ? level : .fatal, format: format, sink: StandardError())
        var standIns: [LocalStandIn] = []
        for name in names {
            if name == Self.local {
                standIns.append(LocalStandIn(entities))
            } else if let definition = ProcessorDefinition.all.first(where: { $0.name == name }) {
                // If it is nil, the reader has a problem, which is thrown below.
                if let standIn = definition.localStandIn(&reader, log: log) { standIns.append(standIn) }
            } else {
                throw UsageError(description: "--processors names \"\(name)\"; expected some of \(Self.names)")
            }
        }
        if names.isEmpty { throw UsageError(description: "--processors is empty; expected some of \(Self.names)") }
        try reader.check()
        self.standIns = standIns
        // A dead letter that is not stored would be a silently lost record.
        pipeline = Pipeline(
            dispatcher: Dispatcher(standIns.map(\.processor)), deadLetters: sinkFolder == nil ? nil : deadLetters,
            log: log,
            aggregatesWindows: aggregatesWindows)
    }

    mutating func deliver(_ event: ReplayEvent) throws -> DeliveryResult {
        delivered += 1
        let context = InvocationContext(
            requestID: "replay-\(delivered)", functionName: "replay", deadline: .now + .seconds(60))
        var response: [UInt8] = []
        let start = ContinuousClock.now
        do throws(EventError) {
            let report = try pipeline.respond(
                to: event.bytes, 0..<event.bytes.count, context: context, into: &response)
            return DeliveryResult(report, response, latency: ContinuousClock.now - start)
        } catch {
            return DeliveryResult(
                invocationError: "\(EventError.errorType): \(error)", latency: ContinuousClock.now - start)
        }
    }

    /// Returns this target, because workers share the sinks and the pipeline is a value.
    func worker() -> any ReplayTarget { self }

    mutating func finish() throws {
        guard let sinkFolder else { return }
        for schema in EntityCatalog.builtIn.schemas {
            try sinkFolder.write(entities.documents(of: schema), to: "\(schema.name)s.ndjson")
        }
        for file in standIns.flatMap({ $0.files() }) { try sinkFolder.write(object: file.contents, to: file.path) }
        try sinkFolder.write(deadLetters.bodies, to: "dead-letters.ndjson")
    }

    /// Does nothing, because an event takes milliseconds and the replay stops after it.
    var interruption: @Sendable () -> Void { {} }

    mutating func stop() {}
}

extension DeliveryResult {
    fileprivate init(_ report: BatchReport, _ response: [UInt8], latency: Duration) {
        for ending in BatchReport.Disposition.allCases { byOutcome[ending] = report.total(ending) }
        for kind in report.catalog.kinds { byKind[kind] = report.total(of: kind) }
        badRecords = report.badRecords.map {
            BadRecordDetails(
                reason: $0.error.reason.rawValue, message: $0.error.message,
                sequenceNumber: $0.sequenceNumber.digits, subSequenceNumber: $0.subSequenceNumber.map(Int.init))
        }
        self.latency = latency
        stages = [("decode", report.decodeTime)] + report.processorTimes
        state = (try? JSONValue(parsing: response))?["state"]?.bytes
        itemFailures = report.checkpoint.map { [$0.digits] } ?? []
    }
}

/// The folder for the contents of the embedded sinks.
struct SinkFolder {
    private let url: URL

    init(path: String) throws {
        url = URL(filePath: path, directoryHint: .isDirectory)
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw CommandError(
                description: "\(path): cannot create the folder: \((error as NSError).localizedDescription)")
        }
    }

    /// Writes an object to the file with its key as the path.
    func write(object bytes: [UInt8], to key: String) throws {
        let target = url.appending(path: key)
        try FileManager.default.createDirectory(
            at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        let file = try OutputFile(target.path)
        try file.write(bytes)
        try file.finish()
    }

    /// Writes one element per line, atomically.
    func write(_ lines: [[UInt8]], to name: String) throws {
        let file = try OutputFile(url.appending(path: name).path)
        for line in lines { try file.write(line + [UInt8(ascii: "\n")]) }
        try file.finish()
    }
}
