import Synchronization

/// Lambda's Runtime API on a local port, which delivers events to runtimes and returns their answers.
///
/// It enforces Lambda's rules, so that a runtime that works here works on Lambda. Several runtimes and several callers
/// can use one server at the same time. A runtime gets ``address`` as `AWS_LAMBDA_RUNTIME_API`.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
package final class RuntimeServer: Sendable {
    private let listener: Listener
    private let queue = InvocationQueue()
    private let script = FaultScript()
    private let recorder: Recorder

    /// Listens on a free port of 127.0.0.1.
    ///
    /// - Throws: ``ListenError``.
    package convenience init() throws { try self.init(isRecording: false) }

    /// - Parameter isRecording: Whether ``received`` keeps every request; a long run would exhaust memory.
    package init(isRecording: Bool) throws {
        listener = try Listener()
        recorder = Recorder(isOn: isRecording)
        // The connections do not retain the server, which can be released before they end.
        listener.start { [queue, script, recorder] socket, number in
            var handler = ConnectionHandler(socket, number: number, queue: queue, script: script, recorder: recorder)
            handler.run()
        }
    }

    deinit { stop() }

    /// The host and port for `AWS_LAMBDA_RUNTIME_API`.
    package var address: String { "127.0.0.1:\(listener.port)" }

    /// Delivers `event` to the next runtime that requests an invocation, and waits for its answer.
    ///
    /// Waits up to the options' timeout for a runtime to take it, and as long again for the answer.
    package func invoke(_ event: [UInt8], options: InvocationOptions = InvocationOptions()) -> Answer {
        let assignment = Assignment(event, options: options)
        queue.add(assignment)
        return assignment.wait()
    }

    /// Makes all present and future calls of ``invoke(_:options:)`` return `.lost(reason)` because the runtime's
    /// process has ended.
    ///
    /// If the runtime had reported a failed initialization before, they return that.
    package func abandon(reason: String) { queue.end(with: .lost(reason)) }

    /// Closes all connections and accepts no more; unanswered invocations are lost.
    package func stop() {
        queue.end(with: .lost("the server was stopped"))
        queue.stop()
        listener.stop()
    }
}

/// Faults and recorded requests, for tests.
extension RuntimeServer {
    package func add(_ fault: Fault) { script.append(fault) }

    /// Removes faults that have not occurred yet.
    package func removeFaults() { script.removeAll() }

    /// All requests in the order received; empty unless the server records.
    package var received: [ReceivedRequest] { recorder.requests }

    /// The number of connections so far.
    package var connectionCount: Int { listener.connectionCount }
}

/// A store of received requests.
final class Recorder: Sendable {
    private let isOn: Bool
    private let recorded = Mutex<[ReceivedRequest]>([])

    init(isOn: Bool) { self.isOn = isOn }

    var requests: [ReceivedRequest] { recorded.withLock { $0 } }

    func record(_ request: ReceivedRequest) {
        if isOn { recorded.withLock { $0.append(request) } }
    }
}
