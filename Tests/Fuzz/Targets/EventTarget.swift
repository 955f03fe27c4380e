import JSON
import Telemetry

@testable import Processor

/// Whole events: processed or rejected, with the same result at any offset of a buffer, and a checkpoint at the first
/// bad record.
struct EventTarget: FuzzTarget {
    private var pipeline = Pipeline(
        dispatcher: Dispatcher([LogProcessor(log: Self.log)]), log: Self.log,
        metrics: InvocationMetrics(functionName: "function-1", sink: CheckedLines()))
    private static let log = Logger(level: .debug, sink: CheckedLines())
    private static let context = InvocationContext(
        requestID: "request-1", functionName: "function-1", deadline: .now + .seconds(1_000_000))

    init() {}

    mutating func check(_ bytes: [UInt8]) {
        let alone = answer(to: bytes, 0..<bytes.count)
        let margin = bytes.count % 37
        let padding = [UInt8](repeating: UInt8(ascii: "\""), count: margin)
        let inside = answer(to: padding + bytes + padding, margin..<margin + bytes.count)
        mustHold(alone == inside, "the response depends on the offset of the event: \(alone), \(inside)")
    }

    private mutating func answer(to buffer: [UInt8], _ range: Range<Int>) -> String {
        var response: [UInt8] = []
        let report: BatchReport
        do throws(EventError) {
            report = try pipeline.respond(to: buffer, range, context: Self.context, into: &response)
        } catch {
            mustHold(!"\(error)".isEmpty, "refused without a word")
            return "\(error)"
        }
        guard let value = try? JSONValue(parsing: response), value["batchItemFailures"] != nil else {
            fatalError("the answer is \(String(decoding: response, as: UTF8.self))")
        }
        mustHold(report.checkpoint == report.badRecords.map(\.sequenceNumber).min(), "the checkpoint is wrong")
        mustHold(report.total(.failed) == report.badRecords.count, "\(report.total(.failed)) failed")
        return String(decoding: response, as: UTF8.self)
    }
}

/// Traps unless a line is one JSON object.
private struct CheckedLines: LineSink {
    func write(_ lines: [UInt8]) {
        mustHold(lines.last == 0x0A, "a line does not end")
        for line in lines.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false) {
            mustHold(!line.contains { $0 < 0x20 }, "a control character in a line")
            let value = try? JSONValue(parsing: Array(line))
            mustHold(value?.object != nil, "no JSON: \(String(decoding: line, as: UTF8.self))")
        }
    }
}
