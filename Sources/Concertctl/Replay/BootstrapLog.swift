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
        var byRequest: [String: Delivery] = [:]
        /// Requests whose metrics line, which is the last of an invocation, has come.
        var finished: Set<String> = []
        /// Lines that say nothing of a record.
        var others: [String] = []
    }

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
    func delivery(of requestID: String) -> Delivery {
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
        state.withLock { $0.others.suffix(10).joined(separator: "\n") }
    }

    private func add(_ data: Data) {
        metricsCame.lock()
        state.withLock { state in
            state.partial += data
            while let end = state.partial.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(state.partial[..<end])
                state.partial.removeSubrange(...end)
                Self.read(line, into: &state)
            }
        }
        metricsCame.broadcast()
        metricsCame.unlock()
    }

    private static func read(_ line: [UInt8], into state: inout State) {
        guard let fields = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
            let requestID = fields["requestId"] as? String
        else {
            state.others.append(String(decoding: line, as: UTF8.self))
            return
        }
        if fields["level"] as? String == "DEBUG" { Console.note(String(decoding: line, as: UTF8.self)) }
        // One that comes behind what was asked for already, in another read of the pipe, is late.
        if fields["Processor"] != nil, state.byRequest[requestID] == nil { return }
        var delivery = state.byRequest[requestID] ?? Delivery()
        if let processor = fields["Processor"] as? String, let time = fields["ProcessorTime"] as? Double {
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
        } else if let reason = fields["reason"] as? String, let sequenceNumber = fields["sequenceNumber"] as? String {
            let message = (fields["message"] as? String ?? "").trimmingPrefix("bad record: ")
            delivery.badRecords.append(
                Delivery.BadRecord(
                    reason: reason, message: String(message), sequenceNumber: sequenceNumber,
                    subSequenceNumber: fields["subSequenceNumber"] as? Int))
        } else if fields["ticketSales"] != nil {
            delivery.byKind = [
                .artist: fields["artists"] as? Int ?? 0, .concert: fields["concerts"] as? Int ?? 0,
                .venue: fields["venues"] as? Int ?? 0, .ticketSale: fields["ticketSales"] as? Int ?? 0,
            ]
        }
        state.byRequest[requestID] = delivery
    }
}
