import Foundation
import Glibc
import Synchronization
import XCTest

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// AWS's emulator of the Runtime API, `aws-lambda-rie`, which starts `bootstrap`; it is ended when this object is released.
///
/// Invocations are serialized, because concurrent ones crash the emulator.
///
/// Source: <https://github.com/aws/aws-lambda-runtime-interface-emulator>
final class Emulator {
    private let process: Process
    private let output: URL
    private let port: UInt16

    /// - Parameter environment: The environment of `bootstrap`, in addition to the variables that Lambda sets.
    init(environment: [String: String] = [:]) throws {
        let installation = try Repository.run("scripts/install-emulator.sh")
        guard installation.status == 0, let path = installation.output.split(separator: "\n").last else {
            throw Failure(description: "no emulator: \(installation.output)")
        }
        output = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        var started: (process: Process, port: UInt16)?
        // A free port may be in use a moment later, and the emulator cannot choose one itself.
        for _ in 0..<5 where started == nil {
            started = try Self.start(String(path), environment: environment, output: output)
        }
        guard let started else {
            let log = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
            throw Failure(description: "the emulator did not start: \(log)")
        }
        (process, port) = started
    }

    /// Starts the emulator and waits until both of its servers respond; returns nil if it exits.
    private static func start(
        _ path: String, environment: [String: String], output: URL
    ) throws -> (process: Process, port: UInt16)? {
        try Data().write(to: output)
        let sink = try FileHandle(forWritingTo: output)
        let (port, apiPort) = (try freePort(), try freePort())
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = [
            "--runtime-interface-emulator-address", "127.0.0.1:\(port)", "--runtime-api-address",
            "127.0.0.1:\(apiPort)", "--log-level", "info", try BootstrapProcess.path(),
        ]
        process.environment = environment.merging([
            "AWS_LAMBDA_FUNCTION_NAME": "consumer", "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "_HANDLER": "bootstrap", "LAMBDA_TASK_ROOT": Repository.root.path,
        ]) { given, _ in given }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = sink
        process.standardError = sink
        try process.run()
        let isReady = waitUntil({ canConnect(to: port) && canConnect(to: apiPort) || !process.isRunning })
        guard isReady, process.isRunning else {
            process.terminate()
            return nil
        }
        return (process, port)
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: output)
    }

    /// The output of the emulator and of `bootstrap` so far.
    var log: String { (try? Data(contentsOf: output)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Invokes the function like a caller of Lambda, and returns the response.
    func invoke(_ event: [UInt8]) throws -> (status: Int, body: [UInt8]) {
        let path = "http://127.0.0.1:\(port)/2015-03-31/functions/function/invocations"
        var request = URLRequest(url: try XCTUnwrap(URL(string: path)))
        request.httpMethod = "POST"
        request.httpBody = Data(event)
        let (result, isThere) = (Exchange(), DispatchSemaphore(value: 0))
        let task = URLSession.shared.dataTask(with: request) { data, response, error in
            result.set((response as? HTTPURLResponse)?.statusCode, data, error)
            isThere.signal()
        }
        task.resume()
        isThere.wait()
        return try result.get()
    }

    /// The result of a request, which is passed between threads.
    private final class Exchange: Sendable {
        private let outcome = Mutex<(status: Int, body: [UInt8])?>(nil)
        private let failure = Mutex("no answer")

        func set(_ status: Int?, _ data: Data?, _ error: (any Error)?) {
            if let status { outcome.withLock { $0 = (status, Array(data ?? Data())) } }
            if let error { failure.withLock { $0 = "\(error)" } }
        }

        func get() throws -> (status: Int, body: [UInt8]) {
            guard let outcome = outcome.withLock({ $0 }) else { throw Failure(description: failure.withLock { $0 }) }
            return outcome
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Returns an unused port that the system does not assign to outgoing connections.
    private static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            let port = UInt16.random(in: 15_000..<30_000)
            if isFree(port) { return port }
        }
        throw Failure(description: "no free port")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(port: port)
        return unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func canConnect(to port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(port: port)
        return unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
