import Foundation
import Processor
import RuntimeServer
import Synchronization

/// A bootstrap binary, driven over a local Runtime API as Lambda would drive it.
struct BootstrapTarget: ReplayTarget {
    private let server: RuntimeServer
    private let process: Process
    private let log: BootstrapLog
    private let ending = BootstrapEnding()
    private var delivered = 0

    /// Starts the binary at `path`.
    ///
    /// - Parameter processors: What `PROCESSORS` is set to; nil leaves it as it is in the environment.
    init(path: String, processors: String?) throws {
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw CommandError(description: "\(path) is no executable file; build/bootstrap.sh makes dist/bootstrap")
        }
        server = try RuntimeServer()
        log = BootstrapLog()
        process = Process()
        process.executableURL = URL(filePath: path)
        process.environment = Self.environment(address: server.address, processors: processors)
        process.standardInput = FileHandle.nullDevice
        process.standardError = log.pipe
        process.standardOutput = log.pipe
        process.terminationHandler = { [server, ending] process in
            let how = process.terminationReason == .exit ? "with status" : "by signal"
            // One that was told to end is nobody's failure; but whoever waits for its answer must not go on.
            server.abandon(
                reason: ending.isAsked
                    ? "the replay was interrupted" : "the bootstrap ended \(how) \(process.terminationStatus)")
            ending.confirm()
        }
        do { try process.run() } catch {
            server.stop()
            throw CommandError(description: "\(path) cannot be started: \((error as NSError).localizedDescription)")
        }
    }

    private static func environment(address: String, processors: String?) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["AWS_LAMBDA_RUNTIME_API"] = address
        // The report is read off the lines, so they must be there.
        environment["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        if environment["AWS_LAMBDA_LOG_LEVEL"]?.uppercased() != "DEBUG" { environment["AWS_LAMBDA_LOG_LEVEL"] = "INFO" }
        environment["METRICS"] = "on"
        if let processors { environment["PROCESSORS"] = processors }
        return environment
    }

    mutating func deliver(_ event: ReplayEvent) throws -> Delivery {
        delivered += 1
        let requestID = "replay-\(delivered)"
        switch server.invoke(event.bytes, options: InvocationOptions(requestID: requestID)) {
        case .response(let body, let latency):
            var delivery = log.delivery(of: requestID)
            delivery.latency = latency
            if let failures = Self.itemFailures(body) {
                delivery.itemFailures = failures
            } else {
                let shown = MessageText.escaped(String(decoding: body.prefix(100), as: UTF8.self))
                delivery.invocationError =
                    "the answer is no batch response, so Lambda would take it for a failure: \(shown)"
            }
            return delivery
        case .error(let type, let body, let latency):
            let message = Self.message(in: body) ?? "no message"
            return Delivery(invocationError: "\(type ?? "error"): \(message)", latency: latency)
        case .initError(let type, let body):
            let message = Self.message(in: body) ?? "no message"
            throw CommandError(description: "the bootstrap could not start: \(type ?? "error"): \(message)")
        case .timedOut:
            // Lambda would end the environment now, and so does leaving.
            throw CommandError(
                description: "\(event.name): the bootstrap gave no answer within 60 seconds\n\(log.remaining())")
        case .lost(let reason):
            throw CommandError(description: "\(event.name): \(reason)\n\(log.remaining())")
        }
    }

    /// Which records failed; nil when Lambda could not read it.
    private static func itemFailures(_ body: [UInt8]) -> [String]? {
        let response = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        guard let failures = response?["batchItemFailures"] as? [[String: Any]] else { return nil }
        let identifiers = failures.compactMap { $0["itemIdentifier"] as? String }.filter { !$0.isEmpty }
        return identifiers.count == failures.count ? identifiers : nil
    }

    private static func message(in body: [UInt8]) -> String? {
        (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])?["errorMessage"] as? String
    }

    mutating func finish() throws {}

    var interruption: @Sendable () -> Void { { [ending, process] in ending.ask(process) } }

    mutating func stop() {
        ending.ask(process)
        server.stop()
    }
}

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
        // A processor's own metrics follow the last line that counts.
        if fields["Processor"] != nil { return }
        if fields["level"] as? String == "DEBUG" { Console.note(String(decoding: line, as: UTF8.self)) }
        var delivery = state.byRequest[requestID] ?? Delivery()
        if fields["RecordsReceived"] != nil {
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
