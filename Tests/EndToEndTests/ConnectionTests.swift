import RuntimeServer
import XCTest

/// Tests of connections that are reused, broken or slow.
final class ConnectionTests: BootstrapTestCase {
    func testOneConnectionServesManyInvocations() throws {
        try withBootstrap { server, _ in
            for _ in 0..<50 { try assertServes(server) }

            let requests = server.received("/invocation/next") + server.received("/response")
            XCTAssertEqual(Set(requests.map(\.connection)).count, 1)
            XCTAssertEqual(server.connectionCount, 2, "the extension's call waits on another one")
        }
    }

    func testConnectionClosedBetweenInvocationsIsReopened() throws {
        let faults = [Fault(.next, .closeAfterAnswering, times: 3), Fault(.response, .closeAfterAnswering, times: 3)]
        try withBootstrap(faults: faults) { server, bootstrap in
            for _ in 0..<8 { try assertServes(server) }

            let tries = server.received("/invocation/next").count
            XCTAssertLessThanOrEqual(tries, 8 + 1, "each next is asked once, and one more may be waiting")
            XCTAssertFalse(bootstrap.log.contains("next failed"), "a connection that was idle may end")
        }
    }

    func testConnectionBrokenDuringNextIsReopened() throws {
        for kind in [Fault.Kind.closeBeforeReading, .closeAfterReading, .closeAfterAccepting] {
            try withBootstrap(faults: [Fault(.response, kind)]) { server, _ in
                try assertServes(server)
                try assertServes(server)
            }
            try withBootstrap(faults: [Fault(.error, kind)]) { server, _ in
                try assertError(server.invoke([]), type: "Runtime.InvalidEvent")
                try assertServes(server)
            }
        }
    }

    func testResponseIsPostedAtMostTwice() throws {
        try withBootstrap(faults: [Fault(.response, .closeAfterReading, times: 2)]) { server, bootstrap in
            server.await("/invocation/next")
            let options = InvocationOptions(timeout: .seconds(1))
            XCTAssertEqual(server.invoke(try Fixture(named: "one-artist").event, options: options), .timedOut)

            XCTAssertEqual(server.received("/response").count, 2)
            XCTAssertTrue(bootstrap.log.contains("Lambda retries the invocation"))
            try assertServes(server)
        }
    }

    func testTruncatedEventIsRequestedAgain() throws {
        let kinds = [0, 1, 700].map { Fault.Kind.closeWithinEvent(after: $0) } + [.closeAfterAccepting]
        for kind in kinds {
            try withBootstrap(faults: [Fault(.next, kind)]) { server, _ in
                try assertServes(server)
                XCTAssertEqual(server.received("/response").count, 1)
            }
        }
    }

    func testEventReceivedByteByByteIsComplete() throws {
        let fault = Fault(.next, .drip(bytes: 1, pause: .zero))
        for chunked in [false, true] {
            try withBootstrap(faults: [fault]) { server, _ in
                let fixture = try Fixture(named: "one-artist")
                var options = InvocationOptions(chunked: chunked)
                options.chunkSizes = [1, 2, 5]
                assertResponse(server.invoke(fixture.event, options: options), equals: fixture.response)
            }
        }
    }

    func testInvalidResponseCountsAsAFailedAttempt() throws {
        let nonsense = [
            "rubbish\r\n\r\n", "HTTP/1.1 two hundred\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ]
        for text in nonsense {
            try withBootstrap(faults: [Fault(.next, .raw(Array(text.utf8)))]) { server, bootstrap in
                try assertServes(server)
                XCTAssertTrue(bootstrap.log.contains("next failed"), text)
            }
        }
    }

    func testInterimResponsesAreSkipped() throws {
        let accepted =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\n"
            + "HTTP/1.1 202 Accepted\r\n\r\n"
        try withBootstrap(faults: [Fault(.response, .raw(Array(accepted.utf8)))]) { server, bootstrap in
            server.await("/invocation/next")
            let options = InvocationOptions(timeout: .milliseconds(300))
            XCTAssertEqual(server.invoke(try Fixture(named: "one-artist").event, options: options), .timedOut)
            try assertServes(server)
            XCTAssertFalse(bootstrap.log.contains("WARN"))
        }
    }
}
