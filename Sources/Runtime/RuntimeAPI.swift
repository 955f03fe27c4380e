import Basics
import Glibc
import JSON
import Telemetry

/// The calls of Lambda's Runtime API and the reaction to each status.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
struct RuntimeAPI: ~Copyable {
    /// An invocation and the range of its event in ``eventBuffer``.
    struct Next: Sendable {
        var invocation: Invocation
        var event: Range<Int>
    }

    private let endpoint: Endpoint
    private let log: Logger
    private let pause: @Sendable (Duration) -> Void
    private var connection: RuntimeConnection
    /// The buffer of the current request, reused for each.
    private var request: [UInt8] = []
    /// The part of every request's head that follows its path.
    private let commonHead: [UInt8]
    /// The prefix of every request's path; usually empty.
    private let basePath: [UInt8]

    private static let tries = 5
    /// The timeout in seconds of calls that Lambda answers immediately; the initialization may take ten seconds.
    private static let initializationTimeout = 2
    private static let userAgent = "concert-data-processor"

    /// - Parameter pause: Waits between attempts; replaced in tests.
    init(_ endpoint: Endpoint, log: Logger, pause: @escaping @Sendable (Duration) -> Void = Self.sleep) {
        self.endpoint = endpoint
        self.log = log
        self.pause = pause
        connection = RuntimeConnection(endpoint)
        commonHead = Array(" HTTP/1.1\r\nHost: \(endpoint.authority)\r\nUser-Agent: \(Self.userAgent)".utf8)
        basePath = Array(endpoint.basePath.utf8)
    }

    /// The buffer that contains the last event.
    var eventBuffer: [UInt8] { connection.buffer }

    /// Waits without limit for the next invocation; Lambda freezes the process during this call.
    ///
    /// - Throws: ``RuntimeError`` immediately after status 403, and after five attempts that failed with a status of
    ///   5xx or a broken connection.
    mutating func next() throws(RuntimeError) -> Next {
        var failures = 0
        while true {
            let isReused = connection.isConnected
            writeHead("GET ", "/2018-06-01/runtime/invocation/next")
            let response: RuntimeConnection.Response
            do throws(HTTPError) { response = try exchange() } catch {
                switch error {
                // A kept connection may have been closed while it was idle, which says nothing about the server.
                case .closedEarly(isUntouched: true) where isReused, .socket where isReused: continue
                default: try noteFailure("\(error)", &failures)
                }
                continue
            }
            switch response.head.status {
            case 200:
                let now = WallClock.now().millisecondsSinceEpoch
                if let invocation = Invocation(response.head, now: now, instant: .now) {
                    return Next(invocation: invocation, event: response.body)
                }
                try noteFailure("the response names no request ID", &failures)
            case 403: throw .refused(call: "next", status: 403)
            case 500...: try noteFailure("status \(response.head.status)", &failures)
            default:
                // Worth a line and another call; the pause keeps a server that always answers so from being flooded.
                log.log(
                    .warn, "next was answered with an unexpected status", ["status": .integer(response.head.status)])
                pause(.milliseconds(100))
            }
        }
    }

    /// Logs a failed `next` and pauses before the next try.
    ///
    /// - Throws: ``RuntimeError`` after the last try.
    private func noteFailure(_ reason: String, _ failures: inout Int) throws(RuntimeError) {
        failures += 1
        log.log(.warn, "next failed", ["reason": .string(reason), "try": .integer(failures)])
        guard failures < Self.tries else { throw .unreachable(reason: reason, tries: failures) }
        pause(.milliseconds(100) * (1 << (failures - 1)))
    }

    /// Posts the response to `invocation`.
    ///
    /// - Throws: ``RuntimeError`` if the Runtime API rejects it permanently. A lost response is not an error, because
    ///   Lambda retries the invocation.
    mutating func respond(to invocation: Invocation, with body: [UInt8]) throws(RuntimeError) {
        try post(invocation, "response", body: body, headers: [])
    }

    /// Reports to Lambda that `invocation` failed as a whole.
    mutating func fail(_ invocation: Invocation, with error: InvocationError) throws(RuntimeError) {
        try post(
            invocation, "error", body: error.body(requestID: invocation.requestID),
            headers: [("Lambda-Runtime-Function-Error-Type", error.type)])
    }

    /// Reports to Lambda that the initialization failed.
    ///
    /// Errors are only logged, because the process exits in any case.
    mutating func failInitialization(with error: InvocationError) {
        let body = error.body(requestID: nil)
        writeHead(
            "POST ", "/2018-06-01/runtime/init/error", length: body.count,
            headers: [("Lambda-Runtime-Function-Error-Type", error.type)])
        request.append(contentsOf: body)
        do throws(HTTPError) {
            let response = try exchange(timeout: Self.initializationTimeout)
            guard response.head.status >= 300 else { return }
            log.log(.warn, "init/error was refused", ["status": .integer(response.head.status)])
        } catch {
            log.log(.warn, "init/error could not be posted", ["reason": .string("\(error)")])
        }
    }

    static func sleep(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        Glibc.usleep(UInt32(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
    }
}

/// Posting responses.
extension RuntimeAPI {
    private mutating func post(
        _ invocation: Invocation, _ call: String, body: [UInt8], headers: [(String, String)]
    ) throws(RuntimeError) {
        begin("POST ", "/2018-06-01/runtime/invocation/")
        request.append(utf8: Self.pathSegment(invocation.requestID))
        request.append(UInt8(ascii: "/"))
        request.append(utf8: call)
        request.append(contentsOf: commonHead)
        if let id = invocation.invocationID { addHeader("Lambda-Runtime-Invocation-Id", id) }
        for (name, value) in headers { addHeader(name, value) }
        endHead(length: body.count)
        request.append(contentsOf: body)
        // If the connection breaks, it is unknown whether the response arrived; posting it twice is harmless.
        for isRepeated in [false, true] {
            let response: RuntimeConnection.Response
            do throws(HTTPError) { response = try exchange() } catch {
                log.log(
                    .warn,
                    isRepeated
                        ? "the response is lost; Lambda retries the invocation" : "the response is posted again",
                    requestID: invocation.requestID, ["call": .string(call), "reason": .string("\(error)")])
                continue
            }
            return try settle(
                response.head.status, call: call, requestID: invocation.requestID, isRepeated: isRepeated)
        }
    }

    /// Sends the request that has been written, and receives the response.
    ///
    /// - Parameter timeout: Seconds that the response may keep us waiting; 0 waits without limit, as `next` must.
    private mutating func exchange(timeout: Int = 0) throws(HTTPError) -> RuntimeConnection.Response {
        let request = request
        return try connection.exchange(request.span, timeout: timeout)
    }

    private func settle(_ status: Int, call: String, requestID: String, isRepeated: Bool) throws(RuntimeError) {
        switch status {
        case 200..<300: return
        // Lambda rejects a repeated response if the first one had arrived.
        case 403 where isRepeated: return
        case 403, 500...: throw .refused(call: call, status: status)
        default:
            // 400 and 410: the invocation has ended. 413: Lambda has recorded the failure already.
            log.log(
                .warn, "the response was rejected", requestID: requestID,
                ["call": .string(call), "status": .integer(status)])
        }
    }

    private mutating func writeHead(
        _ method: StaticString, _ path: StaticString, length: Int? = nil, headers: [(String, String)] = []
    ) {
        begin(method, path)
        request.append(contentsOf: commonHead)
        for (name, value) in headers { addHeader(name, value) }
        endHead(length: length)
    }

    /// Starts a request.
    ///
    /// - Parameters:
    ///   - method: The method, followed by a space.
    ///   - path: The path below the endpoint's base path, or its beginning.
    private mutating func begin(_ method: StaticString, _ path: StaticString) {
        request.removeAll(keepingCapacity: true)
        request.append(ascii: method)
        request.append(contentsOf: basePath)
        request.append(ascii: path)
    }

    private mutating func addHeader(_ name: String, _ value: String) {
        request.append(ascii: "\r\n")
        request.append(utf8: name)
        request.append(ascii: ": ")
        request.append(utf8: value)
    }

    private mutating func endHead(length: Int?) {
        if let length {
            request.append(ascii: "\r\nContent-Type: application/json\r\nContent-Length: ")
            request.append(decimal: UInt64(length))
        }
        request.append(ascii: "\r\n\r\n")
    }

    /// Returns `text` with all but unreserved characters percent-encoded (RFC 3986, section 2.3).
    private static func pathSegment(_ text: String) -> String {
        var text = text
        let isPlain = text.withUTF8 { unsafe $0.allSatisfy(isUnreserved) }
        if isPlain { return text }
        return text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
    }
}

extension RuntimeAPI {
    private static func isUnreserved(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// The internal extension, whose only purpose is that Lambda sends SIGTERM before it stops the environment.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>
extension RuntimeAPI {
    private static let extensionName = "concert-data-processor-shutdown"

    /// Registers an extension without events and starts its call for the next event, which never returns.
    ///
    /// The loop also works without the extension.
    ///
    /// - Returns: The connection on which the extension waits; the registration lasts until it is closed.
    mutating func registerExtension() -> ExtensionConnection? {
        let body = Array(#"{"events":[]}"#.utf8)
        writeHead(
            "POST ", "/2020-01-01/extension/register", length: body.count,
            headers: [("Lambda-Extension-Name", Self.extensionName)])
        request.append(contentsOf: body)
        do throws(HTTPError) {
            let response = try exchange(timeout: Self.initializationTimeout)
            guard response.head.status == 200, let id = response.head.value(of: "lambda-extension-identifier") else {
                log.log(
                    .debug, "no extension was registered, so there will be no SIGTERM",
                    ["status": .integer(response.head.status)])
                return nil
            }
            var waiting = RuntimeConnection(endpoint)
            writeHead("GET ", "/2020-01-01/extension/event/next", headers: [("Lambda-Extension-Identifier", id)])
            // Lambda now waits for this call, so a failed connection is retried once.
            do throws(HTTPError) { try waiting.send(withoutAwaiting: request.span) } catch {
                try waiting.send(withoutAwaiting: request.span)
            }
            return ExtensionConnection(connection: waiting)
        } catch {
            log.log(.debug, "no extension was registered", ["reason": .string("\(error)")])
            return nil
        }
    }
}

/// The connection on which the internal extension waits for events.
struct ExtensionConnection: ~Copyable {
    private let connection: RuntimeConnection

    fileprivate init(connection: consuming RuntimeConnection) { self.connection = connection }
}

extension InvocationError {
    fileprivate func body(requestID: String?) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("errorMessage")
        writer.string(message)
        writer.key("errorType")
        writer.string(type)
        if let requestID {
            writer.key("requestId")
            writer.string(requestID)
        }
        writer.key("stackTrace")
        writer.openArray()
        writer.closeArray()
        writer.closeObject()
        return writer.bytes
    }
}
