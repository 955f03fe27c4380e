import Foundation
import JSON
import Processor
import RuntimeServer

/// A bootstrap binary that runs against a local Runtime API, as in Lambda.
struct BootstrapTarget: ReplayTarget {
    private let server: RuntimeServer
    private let process: Process
    private let log: BootstrapLog
    private let ending = BootstrapShutdown()
    private var delivered = 0
    private let path: String
    private let processors: String?
    private let sinks: RealSinks
    private let environment: [String: String]
    /// The names of the settings that were not passed to the binary, sorted.
    let leftOut: [String]

    /// Starts the binary at `path`.
    ///
    /// - Parameters:
    ///   - processors: The value of `PROCESSORS`; nil uses the environment's.
    ///   - sinks: The settings of real sinks to pass.
    ///   - environment: The environment of the command.
    init(path: String, processors: String?, sinks: RealSinks, environment: [String: String]) throws {
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw CommandError(
                description: "\(path) is not an executable file; make package builds dist/bootstrap")
        }
        (self.path, self.processors, self.sinks, self.environment) = (path, processors, sinks, environment)
        let (inherited, leftOut) = sinks.filter(environment)
        self.leftOut = leftOut
        server = try RuntimeServer()
        log = BootstrapLog()
        process = Process()
        process.executableURL = URL(filePath: path)
        process.environment = Self.environment(inherited, address: server.address, processors: processors)
        process.standardInput = FileHandle.nullDevice
        process.standardError = log.pipe
        process.standardOutput = log.pipe
        process.terminationHandler = { [server, ending] process in
            let how = process.terminationReason == .exit ? "with status" : "by signal"
            // An intended shutdown is not a failure, but a delivery that waits for a response must end.
            server.abandon(
                reason: ending.isAsked
                    ? "the replay was interrupted" : "the bootstrap ended \(how) \(process.terminationStatus)")
            ending.confirm()
        }
        do { try process.run() } catch {
            server.stop()
            throw CommandError(description: "\(path) failed to start:  \((error as NSError).localizedDescription)")
        }
    }

    private static func environment(
        _ inherited: [String: String], address: String, processors: String?
    ) -> [String: String] {
        var environment = inherited
        environment[LambdaSettings.runtimeAPI.name] = address
        // The report is based on the log, so the log must be JSON.
        environment[LambdaSettings.logFormat.name] = "JSON"
        var reader = SettingsReader(inherited)
        if reader.read(LambdaSettings.logLevel) != .debug { environment[LambdaSettings.logLevel.name] = "INFO" }
        environment[GeneralSettings.metrics.name] = "on"
        if let processors { environment[GeneralSettings.processors.name] = processors }
        return environment
    }

    mutating func deliver(_ event: ReplayEvent) throws -> DeliveryResult {
        delivered += 1
        let requestID = "replay-\(delivered)"
        switch server.invoke(event.bytes, options: InvocationOptions(requestID: requestID)) {
        case .response(let body, let latency):
            var delivery = log.delivery(of: requestID)
            (delivery.latency, delivery.response) = (latency, body)
            if let (failures, state) = Self.batchResponse(body) {
                (delivery.itemFailures, delivery.state) = (failures, state)
            } else {
                let shown = MessageText.escaped(String(decoding: body.prefix(100), as: UTF8.self))
                delivery.invocationError =
                    "the response is not a batch response, so Lambda would treat it as a failure: \(shown)"
            }
            return delivery
        case .error(let type, let body, let latency):
            let message = Self.message(in: body) ?? "no message"
            return DeliveryResult(invocationError: "\(type ?? "error"): \(message)", latency: latency)
        case .initError(let type, let body):
            let message = Self.message(in: body) ?? "no message"
            let hint =
                leftOut.isEmpty
                ? ""
                : "  these settings were not passed: \(leftOut.joined(separator: ", ")); to pass them, use --real-sinks"
            throw CommandError(
                description: "the bootstrap could not start: \(type ?? "error"): \(message)", details: hint)
        case .timedOut:
            // Lambda would terminate the environment; leaving ends the process, too.
            throw CommandError(
                description: "\(event.name): no response from the bootstrap within 60 seconds", details: log.remaining()
            )
        case .lost(let reason):
            throw CommandError(description: "\(event.name): \(reason)", details: log.remaining())
        }
    }

    /// Returns the failed records and the window's state; nil if the response is invalid for Lambda.
    private static func batchResponse(_ body: [UInt8]) -> (failures: [String], state: [UInt8]?)? {
        guard let response = try? JSONValue(parsing: body), let failures = response["batchItemFailures"]?.array else {
            return nil
        }
        let identifiers = failures.compactMap { $0["itemIdentifier"]?.string }.filter { !$0.isEmpty }
        return identifiers.count == failures.count ? (identifiers, response["state"]?.bytes) : nil
    }

    private static func message(in body: [UInt8]) -> String? {
        let document = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        let message = (document?["errorMessage"] as? String)?.unicodeScalars
        // A response can contain megabytes of text.
        return message.map { MessageText.escaped(String($0.prefix(4000))) }
    }

    /// Starts another process of the binary, because Lambda runs environments concurrently.
    func worker() throws -> any ReplayTarget {
        try BootstrapTarget(path: path, processors: processors, sinks: sinks, environment: environment)
    }

    mutating func finish() throws {}

    var interruption: @Sendable () -> Void { { [ending, process] in ending.ask(process) } }

    mutating func stop() {
        ending.ask(process)
        server.stop()
    }
}
