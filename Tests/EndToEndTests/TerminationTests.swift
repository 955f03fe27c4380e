import Dispatch
import RuntimeServer
import XCTest

/// Tests of SIGTERM, and of the extension that makes Lambda send it.
final class TerminationTests: BootstrapTestCase {
    func testExtensionIsRegisteredWithoutEventsBeforeTheFirstNext() throws {
        try withBootstrap { server, _ in
            server.await("/invocation/next")
            let calls = server.received
            let registration = try XCTUnwrap(calls.first)
            XCTAssertEqual(registration.path, "/2020-01-01/extension/register")
            XCTAssertEqual(try JSONValue(parsing: registration.body), ["events": []])
            XCTAssertNotNil(registration.value(of: "Lambda-Extension-Name"))
            server.await("/extension/event/next")
            let waiting = try XCTUnwrap(server.received("/extension/event/next").first)
            XCTAssertNotNil(waiting.value(of: "Lambda-Extension-Identifier"))
        }
    }

    func testRejectedRegistrationIsIgnored() throws {
        for kind in [Fault.Kind.status(403), .status(404), .status(500), .closeAfterReading, .raw(Array("?".utf8))] {
            try withBootstrap(faults: [Fault(.registerExtension, kind)]) { server, bootstrap in
                try assertServes(server)
                bootstrap.terminate()
                XCTAssertEqual(bootstrap.exitStatus(), 0)
            }
        }
    }

    func testSignalEndsAnIdleProcess() throws {
        try withBootstrap { server, bootstrap in
            server.await("/invocation/next")
            bootstrap.terminate()
            XCTAssertEqual(bootstrap.exitStatus(), 0)
        }
        try withBootstrap { server, bootstrap in
            try assertServes(server)
            server.await("/invocation/next", count: 2)
            bootstrap.terminate()
            XCTAssertEqual(bootstrap.exitStatus(), 0)
        }
    }

    func testSignalEndsAProcessWithManyLoops() throws {
        try withBootstrap(environment: ["AWS_LAMBDA_MAX_CONCURRENCY": "8"]) { server, bootstrap in
            server.await("/invocation/next", count: 8)
            bootstrap.terminate()
            XCTAssertEqual(bootstrap.exitStatus(), 0)
        }
    }

    func testSignalEndsAProcessThatIsStillReceivingAnEvent() throws {
        let fault = Fault(.next, .drip(bytes: 1, pause: .milliseconds(100)))
        try withBootstrap(faults: [fault]) { server, bootstrap in
            let event = try Fixture(named: "one-artist").event
            let group = DispatchGroup()
            DispatchQueue(label: "caller").async(group: group) {
                XCTAssertEqual(server.invoke(event), .lost("bootstrap ended with status 0"))
            }
            server.await("/invocation/next")
            bootstrap.terminate()
            XCTAssertEqual(bootstrap.exitStatus(), 0)
            group.wait()
        }
    }

    func testResponseInFlightIsPostedBeforeTheEnd() throws {
        // About 100 bytes of the server's response, 8 at a time, take 200 ms of the 400 ms that are left.
        let fault = Fault(.response, .drip(bytes: 8, pause: .milliseconds(15)))
        try withBootstrap(faults: [fault]) { server, bootstrap in
            let fixture = try Fixture(named: "one-artist")
            let answer = server.invoke(fixture.event)
            bootstrap.terminate()
            assertResponse(answer, equals: fixture.response)
            XCTAssertEqual(bootstrap.exitStatus(), 0)
            XCTAssertEqual(server.received("/invocation/next").count, 1, "no further invocation may be taken")
        }
    }

    func testUnreadResponseDoesNotDelayTheEnd() throws {
        let fault = Fault(.response, .drip(bytes: 1, pause: .seconds(1)))
        try withBootstrap(faults: [fault]) { server, bootstrap in
            _ = server.invoke(try Fixture(named: "one-artist").event)
            bootstrap.terminate()
            XCTAssertEqual(bootstrap.exitStatus(), 0)
        }
    }

    func testInvocationsRunConcurrentlyIfConfigured() throws {
        // Receiving each event takes long, so that no response is sent before all events are on their way.
        let fault = Fault(.next, .drip(bytes: 200, pause: .milliseconds(20)), times: 4)
        try withBootstrap(environment: ["AWS_LAMBDA_MAX_CONCURRENCY": "4"], faults: [fault]) { server, _ in
            server.await("/invocation/next", count: 4)
            let fixture = try Fixture(named: "one-artist")
            atOnce(4) { assertResponse(server.invoke(fixture.event), equals: fixture.response) }
            XCTAssertEqual(Set(server.received("/response").map(\.connection)).count, 4)
            atOnce(8) {
                for _ in 0..<10 { assertResponse(server.invoke(fixture.event), equals: fixture.response) }
            }
        }
    }

    /// Runs `body` on a number of threads, and waits for all of them.
    private func atOnce(_ count: Int, _ body: @escaping @Sendable () -> Void) {
        let group = DispatchGroup()
        // Each queue has its own thread; concurrentPerform has at most one per processor.
        for number in 0..<count { DispatchQueue(label: "at once \(number)").async(group: group, execute: body) }
        group.wait()
    }
}
