import RuntimeServer
import Synchronization
import Telemetry
import XCTest

@testable import LambdaRuntime

/// Tests of the calls of the Runtime API with a server that produces scripted faults.
final class RuntimeAPITests: XCTestCase {
    func testRejectedRepeatOfAResponseIsNotAnError() throws {
        let script = try Script()
        script.server.add(Fault(.response, .closeAfterAccepting))
        var api = try script.api()
        try script.invoke {
            let next = try api.next()
            // The server accepts the first post, and so rejects the second with 403.
            try api.respond(to: next.invocation, with: Array("{}".utf8))
        }
        XCTAssertEqual(script.server.received.filter { $0.path.hasSuffix("/response") }.count, 2)
    }

    func testFirstRejectionIsPermanent() throws {
        let script = try Script()
        script.server.add(Fault(.response, .status(403)))
        var api = try script.api()
        try script.invoke {
            let next = try api.next()
            do throws(RuntimeError) {
                try api.respond(to: next.invocation, with: [])
                XCTFail("403 was taken")
            } catch { XCTAssertEqual(error, .refused(call: "response", status: 403)) }
        }
    }

    func testConnectionClosedWhileIdleIsNotAFailedAttempt() throws {
        let script = try Script()
        script.server.add(Fault(.response, .closeAfterAnswering, times: 3))
        var api = try script.api()
        for _ in 0..<4 {
            try script.invoke {
                let next = try api.next()
                try api.respond(to: next.invocation, with: [])
            }
        }
        XCTAssertEqual(script.lines.text, "")
        XCTAssertEqual(script.pauses.all, [])
    }

    func testPausesBetweenAttemptsOfNextGrow() throws {
        let script = try Script()
        script.server.add(Fault(.next, .status(502), times: 5))
        var api = try script.api()
        do throws(RuntimeError) {
            _ = try api.next()
            XCTFail("five failures were not enough")
        } catch { XCTAssertEqual(error, .unreachable(reason: "status 502", tries: 5)) }
        XCTAssertEqual(script.pauses.all, [100, 200, 400, 800].map { Duration.milliseconds($0) })
    }

    func testEndpointPathPrecedesEachCallsPath() throws {
        let script = try Script()
        for (path, prefix) in [("", ""), ("/", ""), ("/Function", "/Function"), ("/a/b/", "/a/b")] {
            let earlier = script.server.received.count
            var api = RuntimeAPI(try XCTUnwrap(Endpoint(script.server.address + path)), log: Logger(sink: script.lines))
            _ = api.registerExtension()
            api.failInitialization(with: InvocationError(type: "Runtime.Test", message: "m"))
            let received = script.server.received.dropFirst(earlier).filter { $0.method == "POST" }
            XCTAssertEqual(
                received.map(\.path),
                ["\(prefix)/2020-01-01/extension/register", "\(prefix)/2018-06-01/runtime/init/error"])
            XCTAssertEqual(Set(received.compactMap { $0.value(of: "Host") }), [script.server.address])
        }
    }

    func testMissingRequestIDIsAFailedAttempt() throws {
        let script = try Script()
        script.server.add(Fault(.next, .raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))))
        var api = try script.api()
        try script.invoke {
            let next = try api.next()
            XCTAssertEqual(next.invocation.requestID, "r")
            try api.respond(to: next.invocation, with: [])
        }
        XCTAssertTrue(script.lines.text.contains("names no request ID"), script.lines.text)
    }
}

/// A server, a client of it, the client's log, and its requested pauses.
private struct Script {
    let server: RuntimeServer
    let lines = Lines()
    let pauses = Pauses()

    init() throws { server = try RuntimeServer(isRecording: true) }

    func api() throws -> RuntimeAPI {
        let endpoint = try XCTUnwrap(Endpoint(server.address))
        return RuntimeAPI(endpoint, log: Logger(sink: lines)) { [pauses] in pauses.append($0) }
    }

    /// Runs `body` while an invocation waits at the server.
    func invoke(_ body: () throws -> Void) throws {
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) { [server] in
            _ = server.invoke([], options: InvocationOptions(requestID: "r", timeout: .seconds(5)))
        }
        defer { group.wait() }
        try body()
    }
}

/// A store of log lines.
private final class Lines: LineSink {
    private let bytes = Mutex<[UInt8]>([])

    func write(_ line: [UInt8]) { bytes.withLock { $0 += line } }

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}

/// A store of requested pauses, which are not made.
private final class Pauses: Sendable {
    private let durations = Mutex<[Duration]>([])

    func append(_ duration: Duration) { durations.withLock { $0.append(duration) } }

    var all: [Duration] { durations.withLock { $0 } }
}
