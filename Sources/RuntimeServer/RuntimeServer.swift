import Synchronization

/// Lambda's Runtime API on a local port: hands events to runtimes, and their answers back.
///
/// It holds runtimes to the rules as Lambda does, so that what works here works there. Several runtimes, and several
/// callers, may use one server at once. Whoever starts a runtime tells it ``address`` as `AWS_LAMBDA_RUNTIME_API`.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
public final class RuntimeServer: Sendable {
    private let listener: Listener
    private let queue = InvocationQueue()
    private let script = FaultScript()
    private let recorder: Recorder

    /// Listens on 127.0.0.1, on a free port.
    ///
    /// - Throws: ``ListenError``.
    public convenience init() throws { try self.init(isRecording: false) }

    /// - Parameter isRecording: Whether ``received`` keeps every request, which a long run has no memory for.
    package init(isRecording: Bool) throws {
        listener = try Listener()
        recorder = Recorder(isOn: isRecording)
        // The connections hold what they need, not the server, which can so end while they last.
        listener.start { [queue, script, recorder] socket, number in
            var handler = ConnectionHandler(socket, number: number, queue: queue, script: script, recorder: recorder)
            handler.run()
        }
    }

    deinit { stop() }

    /// Host and port, as `AWS_LAMBDA_RUNTIME_API` wants them.
    public var address: String { "127.0.0.1:\(listener.port)" }

    /// Hands `event` to the next runtime that asks, and waits for its answer.
    ///
    /// Waits as long as the options' timeout for a runtime to take it, and then as long again for the answer.
    public func invoke(_ event: [UInt8], options: InvocationOptions = InvocationOptions()) -> Answer {
        let assignment = Assignment(event, options: options)
        queue.add(assignment)
        return assignment.wait()
    }

    /// Makes every waiting and later ``invoke(_:options:)`` return `.lost(reason)`: the runtime's process has ended.
    ///
    /// Where the runtime had said before that it cannot start, they return that.
    public func abandon(reason: String) { queue.end(with: .lost(reason)) }

    /// Ends every connection, and takes no more; what is not answered is lost.
    public func stop() {
        queue.end(with: .lost("the server was stopped"))
        queue.stop()
        listener.stop()
    }
}

/// For tests: what is to go wrong, and what has come.
extension RuntimeServer {
    package func add(_ fault: Fault) { script.append(fault) }

    /// What was added and has not struck yet will not.
    package func removeFaults() { script.removeAll() }

    /// Every request so far, in the order in which they were read; empty unless the server records.
    package var received: [ReceivedRequest] { recorder.requests }

    /// How many connections there have been.
    package var connectionCount: Int { listener.connectionCount }
}

/// Keeps requests for a later look.
final class Recorder: Sendable {
    private let isOn: Bool
    private let recorded = Mutex<[ReceivedRequest]>([])

    init(isOn: Bool) { self.isOn = isOn }

    var requests: [ReceivedRequest] { recorded.withLock { $0 } }

    func record(_ request: ReceivedRequest) {
        if isOn { recorded.withLock { $0.append(request) } }
    }
}
