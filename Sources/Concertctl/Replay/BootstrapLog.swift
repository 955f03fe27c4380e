import Foundation
import Processor
import Synchronization

/// The log of a bootstrap, from which the report takes what the responses do not contain.
final class BootstrapLog: Sendable {
    let pipe = Pipe()
    private let state = Mutex(State())
    private let metricsArrived = NSCondition()

    private struct State {
        var partial: [UInt8] = []
        /// Results by request ID, as bytes.
        var byRequest: [[UInt8]: DeliveryResult] = [:]
        /// The requests whose metrics line, the last line of an invocation, was read.
        var finished: Set<[UInt8]> = []
        /// The last lines that do not belong to a record.
        var others: [String] = []
        /// Whether the current line is too long and its rest is skipped.
        var isSkipping = false
    }

    /// The most bytes of a line and of a name, and the most bad records of an invocation, because the output is untrusted.
    private static let limit = (line: 1 << 20, name: 128, badRecords: 10_000)
    private static let remembered = 10

    init() {
        pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return
            }
            self?.add(data)
        }
    }

    /// Returns the results of one request; waits up to 5 seconds for its last line, which may follow the response.
    func delivery(of request: String) -> DeliveryResult {
        let requestID = Array(request.utf8)
        metricsArrived.lock()
        defer { metricsArrived.unlock() }
        let end = Date(timeIntervalSinceNow: 5)
        while !state.withLock({ $0.finished.contains(requestID) }), metricsArrived.wait(until: end) {}
        return state.withLock {
            $0.finished.remove(requestID)
            return $0.byRequest.removeValue(forKey: requestID) ?? DeliveryResult()
        }
    }

    /// Returns the last lines that do not belong to a record, such as the reason why the process ended.
    func remaining() -> String {
        state.withLock { $0.others.map { MessageText.escaped($0) }.joined(separator: "\n") }
    }

    private func add(_ data: Data) {
        metricsArrived.lock()
        state.withLock { state in
            // One read of the pipe contains several lines or part of one.
            for (index, part) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated()
            {
                if index > 0 { Self.endLine(&state) }
                guard !state.isSkipping else { continue }
                state.partial += part.prefix(Self.limit.line - state.partial.count)
                state.isSkipping = state.partial.count == Self.limit.line
            }
        }
        metricsArrived.broadcast()
        metricsArrived.unlock()
    }

    private static func endLine(_ state: inout State) {
        let line = state.partial
        state.partial.removeAll(keepingCapacity: true)
        state.isSkipping = false
        read(line, into: &state)
    }

    private static func read(_ line: [UInt8], into state: inout State) {
        guard let fields = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
            let requestID = (fields["requestId"] as? String).map({ Array($0.utf8) }), requestID.count <= limit.name
        else {
            if state.others.count == remembered { state.others.removeFirst() }
            state.others.append(String(decoding: line.prefix(10_000), as: UTF8.self))
            return
        }
        if fields["level"] as? String == "DEBUG" {
            Console.note("\(String(decoding: line, as: UTF8.self))")
        }
        // Ignores a line that is read after the request's results were returned.
        if fields["Processor"] != nil, state.byRequest[requestID] == nil { return }
        var delivery = state.byRequest[requestID] ?? DeliveryResult()
        if let processor = fields["Processor"] as? String, processor.utf8.count <= limit.name,
            let time = fields["ProcessorTime"] as? Double
        {
            // The bootstrap writes these lines together with the last line of an invocation.
            delivery.stages.append((processor, .milliseconds(time)))
        } else if fields["RecordsReceived"] != nil {
            if let time = fields["DecodeTime"] as? Double {
                delivery.stages.insert(("decode", .milliseconds(time)), at: 0)
            }
            delivery.byOutcome = [
                .processed: fields["RecordsProcessed"] as? Int ?? 0, .skipped: fields["RecordsSkipped"] as? Int ?? 0,
                .deadLettered: fields["RecordsDeadLettered"] as? Int ?? 0,
                .failed: fields["RecordsFailed"] as? Int ?? 0,
            ]
            state.finished.insert(requestID)
        } else if let reason = fields["reason"] as? String, let sequenceNumber = fields["sequenceNumber"] as? String,
            reason.utf8.count <= limit.name, sequenceNumber.utf8.count <= limit.name,
            delivery.badRecords.count < limit.badRecords
        {
            let message = (fields["message"] as? String ?? "").utf8
            let prefix = "bad record: ".utf8
            delivery.badRecords.append(
                DeliveryResult.BadRecordDetails(
                    reason: reason,
                    message: String(
                        decoding: message.starts(with: prefix) ? message.dropFirst(prefix.count) : message[...],
                        as: UTF8.self), sequenceNumber: sequenceNumber,
                    subSequenceNumber: fields["subSequenceNumber"] as? Int))
        } else if fields["ticketSales"] != nil {
            for (kind, schema) in zip(EntityCatalog.builtIn.kinds, EntityCatalog.builtIn.schemas) {
                delivery.byKind[kind] = fields[schema.countName] as? Int ?? 0
            }
        }
        state.byRequest[requestID] = delivery
    }
}
