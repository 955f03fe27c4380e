import Basics
import Synchronization
import Telemetry

/// A writer of the metrics of each invocation: one line for the function, and one for each processor.
package struct InvocationMetrics: Sendable {
    /// The CloudWatch namespace of all metrics.
    package static let namespace = "ConcertDataProcessor"

    private let functionName: String
    private let level: Logger.Level
    private let sink: any LineSink
    private let coldStart = ColdStart()
    private var lines: EmbeddedMetrics
    /// A buffer for the lines of one invocation.
    private var text: [UInt8] = []
    /// The lines of each processor, created when the processor first has metrics.
    private var processorLines: [(name: String, lines: EmbeddedMetrics)] = []

    /// - Parameter level: The configured level, which each line contains; metrics are written at every level.
    package init(functionName: String, level: Logger.Level = .info, sink: any LineSink) {
        self.functionName = functionName
        self.level = level
        self.sink = sink
        lines = EmbeddedMetrics(
            namespace: Self.namespace, dimensions: ["FunctionName": functionName],
            figures: [
                "RecordsReceived": .count, "RecordsProcessed": .count, "RecordsSkipped": .count,
                "RecordsDeadLettered": .count, "RecordsFailed": .count, "BytesReceived": .bytes,
                "IteratorAge": .milliseconds, "DecodeTime": .milliseconds, "ProcessorTime": .milliseconds,
                "InvocationTime": .milliseconds, "ColdStart": .count, "RecordsRedelivered": .count,
            ], level: level)
    }

    /// Writes the metrics of an invocation.
    ///
    /// - Parameters:
    ///   - oldestArrival: In milliseconds since the epoch.
    ///   - isRedelivery: Whether the records come from dead letters; these are counted only as redelivered.
    mutating func write(
        _ report: BatchReport, _ processors: [Dispatcher.Report], oldestArrival: Int64?, isRedelivery: Bool = false,
        since start: ContinuousClock.Instant, requestID: String
    ) {
        let now = WallClock.now()
        var slowest: Duration?
        for index in processors.indices { slowest = max(slowest ?? .zero, processors[index].duration) }
        let age = isRedelivery ? nil : oldestArrival.map { Double(max(0, now.millisecondsSinceEpoch - $0)) }
        // Redelivered records were counted when they came from the stream.
        let share: Double = isRedelivery ? 0 : 1
        let figures: [12 of Double?] = [
            Double(report.total) * share, Double(report.total(.processed)) * share,
            Double(report.total(.skipped)) * share, Double(report.total(.deadLettered)) * share,
            Double(report.total(.failed)) * share, Double(report.dataBytes) * share, age,
            report.decodeTime.milliseconds, slowest?.milliseconds, (ContinuousClock.now - start).milliseconds,
            coldStart.isFirst() ? 1 : 0,
            isRedelivery ? Double(report.total) : nil,
        ]
        text.removeAll(keepingCapacity: true)
        lines.append(to: &text, at: now, requestID: requestID, figures.span)
        for index in processors.indices {
            let lineIndex = lineIndex(of: processors[index].name)
            let figures: [3 of Double?] = [
                processors[index].duration.milliseconds,
                Double(processors[index].outcomes.failures) * share,
                processors[index].isCircuitOpen ? 1 : 0,
            ]
            processorLines[lineIndex].lines.append(to: &text, at: now, requestID: requestID, figures.span)
        }
        // One system call writes all lines.
        sink.write(text)
    }

    /// Returns the index of a processor in ``processorLines``, and adds the processor if it is new.
    private mutating func lineIndex(of processor: String) -> Int {
        if let known = processorLines.firstIndex(where: { $0.name == processor }) { return known }
        let lines = EmbeddedMetrics(
            namespace: Self.namespace, dimensions: ["FunctionName": functionName, "Processor": processor],
            figures: ["ProcessorTime": .milliseconds, "ProcessorFailures": .count, "CircuitOpen": .count],
            level: level)
        processorLines.append((processor, lines))
        return processorLines.count - 1
    }

    /// Writes the metrics of a window that has closed.
    func write(_ window: WindowAggregates, requestID: String) {
        var lines = EmbeddedMetrics(
            namespace: Self.namespace, dimensions: ["FunctionName": functionName],
            figures: ["WindowRecords": .count, "WindowTicketSales": .count, "WindowRevenue": .none], level: level)
        let figures: [3 of Double?] = [
            Double(window.recordCount), Double(window.sales), window.revenue.approximate,
        ]
        var text: [UInt8] = []
        lines.append(to: &text, at: WallClock.now(), requestID: requestID, figures.span)
        sink.write(text)
    }

    /// A flag that is true for the first invocation of the execution environment, over all of its loops.
    private final class ColdStart: Sendable {
        private let isOver = Atomic(false)

        func isFirst() -> Bool { !isOver.exchange(true, ordering: .relaxed) }
    }
}

extension Duration {
    /// The duration in milliseconds.
    var milliseconds: Double { self / .milliseconds(1) }
}
