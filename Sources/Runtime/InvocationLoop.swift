import Dispatch
import Synchronization
import Telemetry

/// Turns the bytes of an event into the bytes of an answer, one invocation at a time.
public protocol InvocationHandler {
    /// - Parameters:
    ///   - event: Where the event stands in `buffer`.
    ///   - response: What to append the answer to.
    /// - Throws: What Lambda is told when the invocation failed as a whole.
    mutating func handle(
        _ buffer: [UInt8], _ event: Range<Int>, of invocation: Invocation, into response: inout [UInt8]
    ) throws(InvocationError)
}

/// Takes invocations and answers each, until the process ends.
public struct InvocationLoop: Sendable {
    private let endpoint: Endpoint
    private let log: Logger
    private let termination: Termination

    /// - Parameter termination: Already watching, so that SIGTERM finds somebody listening.
    public init(_ endpoint: Endpoint, log: Logger, termination: Termination) {
        self.endpoint = endpoint
        self.log = log
        self.termination = termination
    }

    /// Tells Lambda that the function cannot start; the process should then end with status 1.
    public static func failInitialization(_ endpoint: Endpoint, with error: InvocationError, log: Logger) {
        var api = RuntimeAPI(endpoint, log: log)
        api.failInitialization(with: error)
    }

    /// Runs `concurrency` loops, a single one on the calling thread, and never returns but by throwing.
    ///
    /// - Parameters:
    ///   - concurrency: `AWS_LAMBDA_MAX_CONCURRENCY`, or 1.
    ///   - makeHandler: Makes the handler of one loop, on the thread that will use it.
    /// - Throws: ``RuntimeError``, from whichever loop fails first.
    public func run<Handler: InvocationHandler & SendableMetatype>(
        concurrency: Int, makeHandler: @escaping @Sendable () -> Handler
    ) throws(RuntimeError) {
        var api = RuntimeAPI(endpoint, log: log)
        let registration = api.registerExtension()
        defer { extendLifetime(registration) }
        guard concurrency > 1 else {
            var handler = makeHandler()
            return try run(&api, &handler)
        }
        let failure = FirstFailure()
        for _ in 0..<concurrency {
            try DetachedThread.start { [self] in
                var api = RuntimeAPI(endpoint, log: log)
                var handler = makeHandler()
                do throws(RuntimeError) { try run(&api, &handler) } catch { failure.set(error) }
            }
        }
        throw failure.wait()
    }

    private func run(_ api: inout RuntimeAPI, _ handler: inout some InvocationHandler) throws(RuntimeError) {
        var response: [UInt8] = []
        while true {
            let next = try api.next()
            termination.beginInvocation()
            response.removeAll(keepingCapacity: true)
            do throws(InvocationError) {
                try handler.handle(api.eventBuffer, next.event, of: next.invocation, into: &response)
            } catch {
                log.log(
                    .error, "the invocation failed: \(error.message)", requestID: next.invocation.requestID,
                    ["errorType": .string(error.type)])
                try api.fail(next.invocation, with: error)
                termination.endInvocation()
                continue
            }
            try api.respond(to: next.invocation, with: response)
            termination.endInvocation()
        }
    }

    /// The error of the first loop that ends, which ends the process.
    private final class FirstFailure: Sendable {
        private let error = Mutex<RuntimeError?>(nil)
        private let isSet = DispatchSemaphore(value: 0)

        func set(_ newError: RuntimeError) {
            error.withLock { if $0 == nil { $0 = newError } }
            isSet.signal()
        }

        func wait() -> RuntimeError {
            isSet.wait()
            return error.withLock { $0 } ?? .unreachable(reason: "a loop ended", tries: 1)
        }
    }
}
