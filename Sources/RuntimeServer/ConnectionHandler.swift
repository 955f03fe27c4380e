import Glibc

/// A handler of the requests of one connection, until either side closes it.
struct ConnectionHandler {
    private let socket: ClientSocket
    private let number: Int
    private let queue: InvocationQueue
    private let script: FaultScript
    private let recorder: Recorder
    private var reader: RequestReader

    /// Lambda's limit of a response in bytes.
    private static let answerLimit = 6 * 1024 * 1024 + 100

    init(_ socket: ClientSocket, number: Int, queue: InvocationQueue, script: FaultScript, recorder: Recorder) {
        self.socket = socket
        self.number = number
        self.queue = queue
        self.script = script
        self.recorder = recorder
        reader = RequestReader(socket)
    }

    mutating func run() {
        do throws(RequestReader.Malformed) {
            while try answerNextRequest() {}
        } catch {
            let message = String(
                decoding: error.description.utf8.filter {
                    $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
                },
                as: UTF8.self)
            _ = Response(status: 400, errorType: "InvalidRequest", message).send(to: socket)
        }
    }

    /// - Returns: Whether the connection can be reused.
    private mutating func answerNextRequest() throws(RequestReader.Malformed) -> Bool {
        guard let head = try reader.readHead() else { return false }
        let route = Route(path: head.path)
        let fault = route.flatMap { script.take(for: $0.call) }
        if fault == .closeBeforeReading { return false }
        guard let body = try reader.readBody(of: head) else { return false }
        let readAt = ContinuousClock.now
        let request = ReceivedRequest(
            method: head.method, path: head.path, headers: head.headers, body: body, connection: number)
        recorder.record(request)
        guard let route else { return send(Response(status: 404, errorType: "NotFound", "no such path")) }
        guard head.method.utf8.elementsEqual(route.method.utf8) else {
            return send(Response(status: 405, errorType: "MethodNotAllowed", "expected \(route.method)"))
        }
        switch fault {
        case .closeAfterReading: return false
        case .raw(let bytes):
            _ = socket.send(bytes[...])
            return false
        case .status(let status): return refuse(route, status: status, readAt: readAt)
        default: break
        }
        if route.call == .next { return deliver(fault) }
        guard let response = answer(request, on: route, readAt: readAt) else { return true }
        if fault == .closeAfterAccepting { return false }
        return send(response, fault)
    }

    private func send(_ response: Response, _ fault: Fault.Kind? = nil) -> Bool {
        var drip: (bytes: Int, pause: Duration)?
        if case .drip(let bytes, let pause) = fault { drip = (bytes, pause) }
        return response.send(to: socket, drip: drip) && fault != .closeAfterAnswering
    }

    /// Sends a scripted status; the caller of the invocation then gets no answer.
    private func refuse(_ route: Route, status: Int, readAt: ContinuousClock.Instant) -> Bool {
        if route.call == .response || route.call == .error {
            _ = queue.answer(route.requestID, invocationID: nil) { assignment in
                status == 413
                    ? Self.tooLarge(latency: assignment.latency(at: readAt))
                    : .lost("its response was rejected with status \(status)")
            }
        }
        return send(Response(status: status, errorType: "Scripted", "scripted by a test"))
    }

    /// Returns the caller's answer in place of a response that is too large.
    private static func tooLarge(latency: Duration) -> Answer {
        let type = "Function.ResponseSizeTooLarge"
        let message = "Response payload size exceeded maximum allowed payload size (\(answerLimit) bytes)."
        let body = #"{"errorMessage":"\#(message)","errorType":"\#(type)"}"#
        return .error(type: type, body: Array(body.utf8), latency: latency)
    }
}

/// Delivering invocations.
extension ConnectionHandler {
    private func deliver(_ fault: Fault.Kind?) -> Bool {
        guard let assignment = queue.next(for: socket) else { return false }
        let response = Response(
            status: 200, headers: Self.headers(of: assignment), body: assignment.event,
            chunkSizes: assignment.options.chunked ? assignment.options.chunkSizes : [])
        switch fault {
        case .closeAfterAccepting:
            queue.requeue(assignment)
            return false
        case .closeWithinEvent(let count):
            _ = socket.send(response.head()[...]) && socket.send(response.encodedBody().prefix(count))
            queue.requeue(assignment)
            return false
        default: break
        }
        let canGoOn = send(response, fault)
        if canGoOn || fault == .closeAfterAnswering { assignment.markDelivered() } else { queue.requeue(assignment) }
        return canGoOn
    }

    /// Returns Lambda's headers, as changed by the options.
    private static func headers(of assignment: Assignment) -> [(name: String, value: String)] {
        let now = wallClock()
        let deadline = now + Int(assignment.options.timeout.seconds * 1000)
        let second = String(now / 1000, radix: 16)
        let trace = "Root=1-\(second)-\(Identifier.hexadecimal(24));Parent=\(Identifier.hexadecimal(16));Sampled=1"
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", assignment.requestID),
            ("Lambda-Runtime-Deadline-Ms", "\(deadline)"),
            ("Lambda-Runtime-Invoked-Function-Arn", functionARN),
            ("Lambda-Runtime-Trace-Id", trace),
            ("Lambda-Runtime-Invocation-Id", assignment.invocationID),
        ]
        for (name, value) in assignment.options.headers.sorted(by: { $0.key < $1.key }) {
            headers.removeAll { ASCII.equal($0.name, name) }
            if let value { headers.append((name, value)) }
        }
        return headers
    }

    private static let functionARN = "arn:aws:lambda:us-east-1:123456789012:function:concert-data-processor"

    /// Returns the milliseconds since the epoch.
    private static func wallClock() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}

/// Receiving responses.
extension ConnectionHandler {
    /// - Returns: Nil if no response is sent until the connection ends.
    private func answer(_ request: ReceivedRequest, on route: Route, readAt: ContinuousClock.Instant) -> Response? {
        switch route.call {
        case .next, .nextExtensionEvent: return nil
        case .registerExtension:
            guard request.value(of: "Lambda-Extension-Name") != nil else {
                return Response(status: 400, errorType: "Extension.InvalidName", "Lambda-Extension-Name is missing")
            }
            return Response(
                status: 200, headers: [("Lambda-Extension-Identifier", Identifier.uuid())],
                json: #"{"functionName":"concert-data-processor","functionVersion":"$LATEST","handler":"bootstrap"}"#)
        case .initError:
            queue.end(with: .initError(type: Self.errorType(of: request), body: request.body))
            return .accepted
        case .response, .error:
            var isTooLarge = false
            let verdict = queue.answer(
                route.requestID, invocationID: request.value(of: "Lambda-Runtime-Invocation-Id")
            ) { assignment in
                let latency = assignment.latency(at: readAt)
                isTooLarge = request.body.count > Self.answerLimit
                if isTooLarge { return Self.tooLarge(latency: latency) }
                if route.call == .response { return .response(request.body, latency: latency) }
                return .error(type: Self.errorType(of: request), body: request.body, latency: latency)
            }
            if verdict == .accepted, isTooLarge {
                return Response(status: 413, errorType: "RequestEntityTooLarge", "the response exceeds 6 MiB")
            }
            return Self.response(to: verdict)
        }
    }

    private static func errorType(of request: ReceivedRequest) -> String? {
        request.value(of: "Lambda-Runtime-Function-Error-Type")
    }

    private static func response(to verdict: InvocationQueue.Verdict) -> Response {
        switch verdict {
        case .accepted: .accepted
        case .notRequested: Response(status: 403, errorType: "InvalidStateTransition", "no invocation was requested")
        case .alreadyAnswered: Response(status: 403, errorType: "InvalidStateTransition", "already answered")
        case .unknownRequestID: Response(status: 400, errorType: "InvalidRequestID", "no such invocation")
        case .stale: Response(status: 410, errorType: "InvokeTimeout", "the invocation has ended")
        }
    }
}
