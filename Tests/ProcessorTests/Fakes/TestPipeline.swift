import Telemetry
import XCTest

@testable import Processor

/// A pipeline with test doubles of all of its dependencies.
struct TestPipeline {
    let logLines = CollectedLines()
    let metricLines = CollectedLines()
    var pipeline: Pipeline
    var context = InvocationContext(requestID: "request-1", functionName: "function-1", deadline: .now + .seconds(3600))

    /// - Parameter processors: Nil for the processor `log`.
    init(
        _ processors: [any RecordProcessor]? = nil, optional: Set<String> = [],
        deadLetters: (any DeadLetterSink)? = nil, level: Logger.Level = .info, hasMetrics: Bool = true,
        catalog: EntityCatalog = .builtIn
    ) {
        let log = Logger(level: level, sink: logLines)
        pipeline = Pipeline(
            catalog: catalog, dispatcher: Dispatcher(processors ?? [LogProcessor(log: log)], optional: optional),
            deadLetters: deadLetters,
            log: log, metrics: hasMetrics ? InvocationMetrics(functionName: "function-1", sink: metricLines) : nil)
    }

    /// The response as text, and the report.
    mutating func respond(to event: EventText) throws -> (response: String, report: BatchReport) {
        try respond(to: event.bytes)
    }

    mutating func respond(to event: [UInt8]) throws -> (response: String, report: BatchReport) {
        var response: [UInt8] = []
        let report = try pipeline.respond(to: event, 0..<event.count, context: context, into: &response)
        return (String(decoding: response, as: UTF8.self), report)
    }

    static let success = #"{"batchItemFailures":[]}"#

    static func failure(_ sequenceNumber: String) -> String {
        #"{"batchItemFailures":[{"itemIdentifier":"\#(sequenceNumber)"}]}"#
    }
}
