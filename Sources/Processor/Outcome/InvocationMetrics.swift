import Synchronization
import Telemetry

/// Writes the metrics of each invocation: one line for the function, one for each processor.
public struct InvocationMetrics: Sendable {
    /// What every line's figures are filed under.
    public static let namespace = "ConcertDataProcessor"

    private let functionName: String
    private let sink: any LineSink
    private let coldStart = ColdStart()

    public init(functionName: String, sink: any LineSink) {
        self.functionName = functionName
        self.sink = sink
    }

    /// - Parameter oldestArrival: In milliseconds since the epoch.
    func write(
        _ report: BatchReport, _ processors: [Dispatcher.Report], oldestArrival: Int64?,
        since start: ContinuousClock.Instant, requestID: String
    ) {
        let now = WallClock.now()
        var metrics = EmbeddedMetrics(namespace: Self.namespace, dimensions: ["FunctionName": functionName])
        metrics.add("RecordsReceived", .count, Double(report.total))
        metrics.add("RecordsProcessed", .count, Double(report.total(.processed)))
        metrics.add("RecordsSkipped", .count, Double(report.total(.skipped)))
        metrics.add("RecordsDeadLettered", .count, Double(report.total(.deadLettered)))
        metrics.add("RecordsFailed", .count, Double(report.total(.failed)))
        metrics.add("BytesReceived", .bytes, Double(report.dataBytes))
        metrics.add(
            "IteratorAge", .milliseconds, oldestArrival.map { Double(max(0, now.millisecondsSinceEpoch - $0)) })
        metrics.add("DecodeTime", .milliseconds, report.decodeTime.milliseconds)
        metrics.add("ProcessorTime", .milliseconds, processors.map(\.duration).max()?.milliseconds)
        metrics.add("InvocationTime", .milliseconds, (ContinuousClock.now - start).milliseconds)
        metrics.add("ColdStart", .count, coldStart.isFirst() ? 1 : 0)
        var lines = metrics.line(at: now, requestID: requestID)
        for processor in processors {
            var metrics = EmbeddedMetrics(
                namespace: Self.namespace, dimensions: ["FunctionName": functionName, "Processor": processor.name])
            metrics.add("ProcessorTime", .milliseconds, processor.duration.milliseconds)
            metrics.add("ProcessorFailures", .count, Double(processor.sheet.failures))
            metrics.add("CircuitOpen", .count, processor.isCircuitOpen ? 1 : 0)
            lines += metrics.line(at: now, requestID: requestID)
        }
        // One system call for all of them.
        sink.write(lines)
    }

    /// Writes a closed window's figures.
    func write(_ window: WindowAggregates, requestID: String) {
        var metrics = EmbeddedMetrics(namespace: Self.namespace, dimensions: ["FunctionName": functionName])
        metrics.add("WindowRecords", .count, Double(window.recordCount))
        metrics.add("WindowTicketSales", .count, Double(window.sales))
        metrics.add("WindowRevenue", .none, window.revenue.approximate)
        sink.write(metrics.line(at: WallClock.now(), requestID: requestID))
    }

    /// Whether an invocation is the first of the execution environment, whichever of its loops runs it.
    private final class ColdStart: Sendable {
        private let isOver = Atomic(false)

        func isFirst() -> Bool { !isOver.exchange(true, ordering: .relaxed) }
    }
}

extension Duration {
    /// In milliseconds, to the microsecond.
    var milliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds / 1_000_000_000_000) / 1000
    }
}
