import Dispatch
import Synchronization
import Telemetry

/// A handler that returns the response to an event, one invocation at a time.
package protocol InvocationHandler {
    /// Handles an event.
    ///
    /// - Parameters:
    ///   - event: The range of the event in `buffer`.
    ///   - response: The buffer to which the response is appended.
    /// - Throws: The error that is reported to Lambda if the invocation failed as a whole.
    mutating func handle(
        _ buffer: [UInt8], _ event: Range<Int>, of invocation: Invocation, into response: inout [UInt8]
    ) throws(InvocationError)
}

/// A loop that receives and answers invocations until the process ends.
package struct InvocationLoop: Sendable {
    private let endpoint: Endpoint
    private let log: Logger
    private let termination: Termination

    /// - Parameter termination: A handler that already watches for SIGTERM.
    package init(_ endpoint: Endpoint, log: Logger, termination: Termination) {
        self.endpoint = endpoint
        self.log = log
        self.termination = termination
    }

    /// Reports to Lambda that the initialization failed; the process should then exit with status 1.
    package static func failInitialization(_ endpoint: Endpoint, with error: InvocationError, log: Logger) {
        var api = RuntimeAPI(endpoint, log: log)
        api.failInitialization(with: error)
    }

    /// Runs `concurrency` loops, one of them on the calling thread, and returns only by throwing.
    ///
    /// - Parameters:
    ///   - concurrency: `AWS_LAMBDA_MAX_CONCURRENCY`, or 1.
    ///   - makeHandler: Creates the handler of one loop, on the thread that uses it.
    /// - Throws: ``RuntimeError`` of the first loop that fails.
    package func run<Handler: InvocationHandler & SendableMetatype>(
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

    /// The error of the first loop that ends, after which the process exits.
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
