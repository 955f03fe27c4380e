import Foundation
import Processor
import Synchronization

/// The lines of a bootstrap, from which the report learns what its answers do not say.
final class BootstrapLog: Sendable {
    let pipe = Pipe()
    private let state = Mutex(State())
    private let metricsCame = NSCondition()

    private struct State {
        var partial: [UInt8] = []
        /// By request ID, as bytes.
        var byRequest: [[UInt8]: Delivery] = [:]
        /// Requests whose metrics line, which is the last of an invocation, has come.
        var finished: Set<[UInt8]> = []
        /// The last lines that say nothing of a record.
        var others: [String] = []
        /// Whether the line that is being read was too long, and its rest is passed over.
        var isSkipping = false
    }

    /// What a binary prints has no bound of its own: bytes of a line, bytes of its names, and bad records of an invocation.
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

    /// What the lines of one request say; waits a little for its last, which may come after the answer.
    func delivery(of request: String) -> Delivery {
        let requestID = Array(request.utf8)
        metricsCame.lock()
        defer { metricsCame.unlock() }
        let end = Date(timeIntervalSinceNow: 5)
        while !state.withLock({ $0.finished.contains(requestID) }), metricsCame.wait(until: end) {}
        return state.withLock {
            $0.finished.remove(requestID)
            return $0.byRequest.removeValue(forKey: requestID) ?? Delivery()
        }
    }

    /// The last lines that said nothing of a record: why a process ended, say.
    func remaining() -> String {
        state.withLock { $0.others.map { MessageText.escaped($0) }.joined(separator: "\n") }
    }

    private func add(_ data: Data) {
        metricsCame.lock()
        state.withLock { state in
            // One read of the pipe has several lines, or a part of one.
            for (index, part) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated()
            {
                if index > 0 { Self.endLine(&state) }
                guard !state.isSkipping else { continue }
                state.partial += part.prefix(Self.limit.line - state.partial.count)
                state.isSkipping = state.partial.count == Self.limit.line
            }
        }
        metricsCame.broadcast()
        metricsCame.unlock()
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
        // One that comes behind what was asked for already, in another read of the pipe, is late.
        if fields["Processor"] != nil, state.byRequest[requestID] == nil { return }
        var delivery = state.byRequest[requestID] ?? Delivery()
        if let processor = fields["Processor"] as? String, processor.utf8.count <= limit.name,
            let time = fields["ProcessorTime"] as? Double
        {
            // These come with the line that ends an invocation, in one write.
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
                Delivery.BadRecord(
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
