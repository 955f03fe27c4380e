import Basics
import Clients
import JSON
import Telemetry

/// The handler of load events (`{"action": "load"}`), which merge staged objects into the warehouse.
package struct LoadPipeline: Sendable {
    private let settings: LoaderSettings
    private let log: Logger
    private let metrics: Metrics?

    /// The destination of the loader's metrics.
    package struct Metrics: Sendable {
        var functionName: String
        var level: Logger.Level
        var sink: any LineSink

        package init(functionName: String, level: Logger.Level, sink: any LineSink) {
            (self.functionName, self.level, self.sink) = (functionName, level, sink)
        }
    }

    /// - Parameter metrics: Nil if metrics are turned off.
    package init(_ settings: LoaderSettings, log: Logger, metrics: Metrics?) {
        (self.settings, self.log, self.metrics) = (settings, log, metrics)
    }

    /// The most bytes of a load event; an event with a record is always longer.
    private static let eventLimit = 200

    /// Returns whether an event is a load event: its only member is `action`.
    ///
    /// - Throws: ``EventError`` for an action that is not `load`.
    package static func isLoadEvent(_ buffer: [UInt8], _ range: Range<Int>) throws(EventError) -> Bool {
        guard range.count <= eventLimit, let event = try? JSONValue(parsing: Array(buffer[range])),
            event.object?.members.count == 1, let action = event["action"]
        else { return false }
        guard action == "load" else {
            throw .notKinesis(found: "its action is \(MessageText.escaped(action.text)) instead of \"load\"")
        }
        return true
    }

    /// Loads staged objects until none is left or the time is used up, and appends the response.
    package func respond(context: InvocationContext, into response: inout [UInt8]) throws(LoadError) {
        let redshift: RedshiftSettings
        let makeClient: @Sendable () -> AWSClient
        switch settings {
        case .ready(let settings, let make): (redshift, makeClient) = (settings, make)
        case .invalid(let problems):
            throw LoadError("the loader's settings are invalid: \(problems.joined(separator: "; "))")
        case .none:
            throw LoadError(
                "no warehouse to load into is configured: set REDSHIFT_STAGING_BUCKET, REDSHIFT_COPY_ROLE_ARN, "
                    + "REDSHIFT_DATABASE, and REDSHIFT_WORKGROUP_NAME or REDSHIFT_CLUSTER_IDENTIFIER, to valid values")
        }
        let outcome = BlockingTask.run(until: context.deadline) {
            [log, metrics] () async -> Result<LoadSummary, LoadError> in
            var lines = metrics.map { LoadMetrics($0) }
            let run = LoadRun(settings: redshift, aws: makeClient(), context: context, log: log) {
                lines?.write($0, requestID: context.requestID)
            }
            guard let run else { return .failure(LoadError("no staging bucket is set")) }
            do {
                try await run.run()
                return .success(run.summary)
            } catch is CancellationError {
                return .failure(LoadError("the deadline was reached; the next invocation finishes the load"))
            } catch {
                return .failure(LoadError("\(error)"))
            }
        }
        response += try outcome.get().json.bytes
    }
}

/// The metrics of loads.
private struct LoadMetrics {
    private let sink: any LineSink
    private var lines: EmbeddedMetrics

    init(_ metrics: LoadPipeline.Metrics) {
        sink = metrics.sink
        lines = EmbeddedMetrics(
            namespace: InvocationMetrics.namespace, dimensions: ["FunctionName": metrics.functionName],
            figures: [
                "StagedObjects": .count, "StagedAge": .seconds, "LoadedRows": .count, "LoadTime": .milliseconds,
                "LoadRefused": .count,
            ], level: metrics.level)
    }

    mutating func write(_ progress: LoadProgress, requestID: String) {
        let figures: [5 of Double?] =
            switch progress {
            case .staged(let objects, let seconds): [Double(objects), Double(seconds), nil, nil, nil]
            case .loaded(_, let rows, let time): [nil, nil, Double(rows), time.milliseconds, nil]
            case .refused: [nil, nil, nil, nil, 1]
            }
        var text: [UInt8] = []
        lines.append(to: &text, at: WallClock.now(), requestID: requestID, figures.span)
        sink.write(text)
    }
}
