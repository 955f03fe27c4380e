import Dispatch
import RuntimeServer
import Synchronization
import XCTest

@testable import LambdaRuntime

/// Tests that the server enforces Lambda's rules and returns the result of each event to its caller.
final class RuntimeServerTests: XCTestCase {
    func testAnswersAreAcceptedOncePerInvocation() throws {
        let server = try RuntimeServer()
        var client = try Client(server)

        XCTAssertEqual(try client.post("invocation/r/response"), 403, "nothing was asked for yet")
        let answer = InBackground { server.invoke([1, 2], options: InvocationOptions(requestID: "r")) }
        XCTAssertEqual(try client.next(), [1, 2])
        XCTAssertEqual(try client.post("invocation/other/response"), 400)
        XCTAssertEqual(try client.post("invocation/r/response", ["Lambda-Runtime-Invocation-Id: earlier"]), 410)
        XCTAssertEqual(try client.post("invocation/r/response", body: "yes"), 202)
        XCTAssertEqual(try client.post("invocation/r/response"), 403)
        XCTAssertEqual(try client.post("invocation/r/error"), 403)
        guard case .response(let body, let latency) = answer.value else { return XCTFail("\(answer.value)") }
        XCTAssertEqual(body, Array("yes".utf8))
        XCTAssertGreaterThan(latency, .zero)
    }

    func testErrorReachesTheCallerWithItsType() throws {
        let server = try RuntimeServer()
        var client = try Client(server)
        let answer = InBackground { server.invoke([], options: InvocationOptions(requestID: "r")) }
        _ = try client.next()
        let type = "Lambda-Runtime-Function-Error-Type: Function.Bad"
        XCTAssertEqual(try client.post("invocation/r/error", [type], body: "{}"), 202)
        guard case .error("Function.Bad", Array("{}".utf8), _) = answer.value else { return XCTFail("\(answer.value)") }
    }

    func testResponseOverSixMegabytesBecomesAnError() throws {
        let limit = 6 * 1024 * 1024 + 100
        for (count, status) in [(limit, 202), (limit + 1, 413)] {
            let server = try RuntimeServer()
            var client = try Client(server)
            let answer = InBackground { server.invoke([], options: InvocationOptions(requestID: "r")) }
            _ = try client.next()
            let body = String(repeating: "x", count: count)
            XCTAssertEqual(try client.post("invocation/r/response", body: body), status)
            switch (status, answer.value) {
            case (202, .response), (413, .error("Function.ResponseSizeTooLarge", _, _)): break
            default: XCTFail("\(status)")
            }
        }
    }

    func testAnswerAfterTheDeadlineIsRejected() throws {
        let server = try RuntimeServer()
        var client = try Client(server)
        let answer = InBackground {
            server.invoke([], options: InvocationOptions(requestID: "r", timeout: .milliseconds(500)))
        }
        _ = try client.next()
        XCTAssertEqual(answer.value, .timedOut)
        XCTAssertEqual(try client.post("invocation/r/response"), 410)
        let options = InvocationOptions(timeout: .milliseconds(50))
        XCTAssertEqual(server.invoke([], options: options), .timedOut, "no runtime asked")
    }

    func testRetryRejectsAnswersOfTheEarlierAttempt() throws {
        let server = try RuntimeServer()
        var client = try Client(server)
        for attempt in ["1", "2"] {
            let headers: [String: String?] = ["Lambda-Runtime-Invocation-Id": attempt]
            let answer = InBackground {
                server.invoke([], options: InvocationOptions(requestID: "r", timeout: .seconds(5), headers: headers))
            }
            _ = try client.next()
            if attempt == "2" {
                XCTAssertEqual(try client.post("invocation/r/response", ["Lambda-Runtime-Invocation-Id: 1"]), 410)
            }
            XCTAssertEqual(try client.post("invocation/r/response", ["lambda-runtime-invocation-id: \(attempt)"]), 202)
            guard case .response = answer.value else { return XCTFail("\(answer.value)") }
        }
    }

    func testInitErrorAndEndOfTheProcessReachEveryCaller() throws {
        let initFailed = try RuntimeServer()
        var client = try Client(initFailed)
        let type = "Lambda-Runtime-Function-Error-Type: Runtime.Bad"
        let waiting = InBackground { initFailed.invoke([]) }
        XCTAssertEqual(try client.post("init/error", [type], body: "{}"), 202)
        initFailed.abandon(reason: "exit")
        let expected = Answer.initError(type: "Runtime.Bad", body: Array("{}".utf8))
        XCTAssertEqual(waiting.value, expected)
        XCTAssertEqual(initFailed.invoke([]), expected)

        let ended = try RuntimeServer()
        var runtime = try Client(ended)
        let taken = InBackground { ended.invoke([7]) }
        XCTAssertEqual(try runtime.next(), [7])
        ended.abandon(reason: "exit status 9")
        XCTAssertEqual(taken.value, .lost("exit status 9"))
        XCTAssertEqual(ended.invoke([]), .lost("exit status 9"))
    }

    func testRuntimeThatExitedWhileWaitingGetsNothing() throws {
        let server = try RuntimeServer(isRecording: true)
        var dead = try Client(server)
        try dead.askForNextAndDie()
        let end = ContinuousClock.now + .seconds(10)
        while server.received.isEmpty, .now < end { usleep(1000) }
        var living = try Client(server)
        let options = InvocationOptions(requestID: "r", timeout: .seconds(10))
        let answer = InBackground { server.invoke([3], options: options) }
        XCTAssertEqual(try living.next(), [3])
        XCTAssertEqual(try living.post("invocation/r/response"), 202)
        guard case .response = answer.value else { return XCTFail("\(answer.value)") }
    }

    func testUnknownPathsAndMethodsAreRejected() throws {
        let server = try RuntimeServer()
        var client = try Client(server)
        XCTAssertEqual(try client.post("invocation/next"), 405)
        XCTAssertEqual(try client.post("invocation/r/other"), 404)
        XCTAssertEqual(try client.post("invocation//response"), 404)
        XCTAssertEqual(try client.send("GET", "/"), 404)
        XCTAssertEqual(try client.send("POST", "/2020-01-01/extension/register"), 400, "without a name")
    }

    func testStopEndsAllWaitingCalls() throws {
        let server = try RuntimeServer()
        let answer = InBackground { server.invoke([], options: InvocationOptions(timeout: .seconds(100))) }
        server.stop()
        XCTAssertEqual(answer.value, .lost("the server was stopped"))
    }
}

/// A runtime that a test controls step by step.
private struct Client: ~Copyable {
    private var connection: RuntimeConnection

    init(_ server: RuntimeServer) throws { connection = RuntimeConnection(try XCTUnwrap(Endpoint(server.address))) }

    mutating func next() throws -> [UInt8] {
        let response = try connection.exchange(Self.request("GET", "/2018-06-01/runtime/invocation/next").span)
        return Array(connection.buffer[response.body])
    }

    mutating func askForNextAndDie() throws {
        try connection.send(withoutAwaiting: Self.request("GET", "/2018-06-01/runtime/invocation/next").span)
        connection.disconnect()
    }

    /// - Returns: The status.
    mutating func post(_ call: String, _ headers: [String] = [], body: String = "") throws -> Int {
        try send("POST", "/2018-06-01/runtime/\(call)", headers, body: body)
    }

    mutating func send(_ method: String, _ path: String, _ headers: [String] = [], body: String = "") throws -> Int {
        try connection.exchange(Self.request(method, path, headers, body: body).span).head.status
    }

    private static func request(
        _ method: String, _ path: String, _ headers: [String] = [], body: String = ""
    ) -> [UInt8] {
        let lines = ["\(method) \(path) HTTP/1.1", "Content-Length: \(body.utf8.count)"] + headers + ["", body]
        return Array(lines.joined(separator: "\r\n").utf8)
    }
}

/// A call on another thread, and its result.
private final class InBackground: Sendable {
    private let result: Result

    private final class Result: Sendable {
        let value = Mutex<Answer?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    init(_ call: @escaping @Sendable () -> Answer) {
        let result = Result()
        self.result = result
        DispatchQueue(label: "in background").async {
            let value = call()
            result.value.withLock { $0 = value }
            result.isThere.signal()
        }
    }

    var value: Answer {
        if let value = result.value.withLock({ $0 }) { return value }
        result.isThere.wait()
        return result.value.withLock { $0 } ?? .timedOut
    }
}
