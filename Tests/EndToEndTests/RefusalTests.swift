import RuntimeServer
import XCTest

/// Tests of rejections and errors by the Runtime API.
final class RefusalTests: BootstrapTestCase {
    func testRejectedResponseIsLoggedAndTheNextInvocationSucceeds() throws {
        let events = [(call: Call.response, name: "/response"), (call: .error, name: "/error")]
        for (call, name) in events {
            for status in [400, 404, 410, 413] {
                try withBootstrap(faults: [Fault(call, .status(status))]) { server, bootstrap in
                    let event = call == .response ? try Fixture(named: "one-artist").event : []
                    let answer = server.invoke(event, options: InvocationOptions(requestID: "refused"))

                    if status == 413 {
                        guard case .error("Function.ResponseSizeTooLarge", _, _) = answer else {
                            return XCTFail(summary(of: answer))
                        }
                    } else {
                        XCTAssertEqual(answer, .lost("its response was rejected with status \(status)"))
                    }
                    try assertServes(server)
                    let posts = server.received.filter { $0.path.contains("/refused/") }
                    XCTAssertEqual(posts.map(\.path), ["/2018-06-01/runtime/invocation/refused\(name)"])
                    let line = try XCTUnwrap(
                        bootstrap.jsonLines().first { $0["message"] == "the response was rejected" })
                    XCTAssertEqual(line["level"], "WARN")
                    XCTAssertEqual(line["requestId"], "refused")
                    XCTAssertEqual(line["status"], .number(Double(status)))
                }
            }
        }
    }

    func testLateResponseIsRejectedAndTheNextInvocationSucceeds() throws {
        // Receiving the event takes longer than the invocation's time limit.
        try withBootstrap(faults: [Fault(.next, .drip(bytes: 64, pause: .milliseconds(20)))]) { server, bootstrap in
            server.await("/invocation/next")
            let options = InvocationOptions(timeout: .milliseconds(100))
            XCTAssertEqual(server.invoke(try Fixture(named: "one-artist").event, options: options), .timedOut)
            try assertServes(server)
            XCTAssertTrue(bootstrap.log.contains(#""status":410"#))
        }
    }

    func testPermanentRejectionEndsTheProcess() throws {
        let refusals: [(Call, Int, String)] = [
            (.next, 403, "next"), (.response, 403, "response"), (.response, 500, "response"),
            (.response, 503, "response"), (.error, 403, "error"), (.error, 500, "error"),
        ]
        for (call, status, name) in refusals {
            try withBootstrap(faults: [Fault(call, .status(status))]) { server, bootstrap in
                if call != .next {
                    let answer = server.invoke(call == .error ? [] : try Fixture(named: "one-artist").event)
                    XCTAssertEqual(answer, .lost("its response was rejected with status \(status)"))
                }
                XCTAssertEqual(bootstrap.exitStatus(), 1)
                let line = try XCTUnwrap(bootstrap.jsonLines().last)
                XCTAssertEqual(line["level"], "FATAL")
                let message = line["message"].string ?? ""
                XCTAssertTrue(message.contains("\(status)") && message.contains(name), message)
            }
        }
    }

    func testFailedLoopEndsAllLoops() throws {
        let environment = ["AWS_LAMBDA_MAX_CONCURRENCY": "4"]
        try withBootstrap(environment: environment) { server, bootstrap in
            server.await("/invocation/next", count: 4)
            server.add(Fault(.next, .status(403)))
            try assertServes(server)
            XCTAssertEqual(bootstrap.exitStatus(), 1)
            XCTAssertEqual(bootstrap.jsonLines().last?["level"], "FATAL")
        }
    }

    func testServerErrorsOfNextAreRetriedFiveTimes() throws {
        try withBootstrap(faults: [Fault(.next, .status(500), times: 100)]) { server, bootstrap in
            XCTAssertEqual(bootstrap.exitStatus(), 1)
            XCTAssertEqual(server.received("/invocation/next").count, 5)
            XCTAssertEqual(bootstrap.jsonLines().last?["level"], "FATAL")
        }
    }

    func testNextRecoversFromServerErrors() throws {
        for kind in [Fault.Kind.status(500), .status(503), .closeAfterReading, .closeBeforeReading] {
            try withBootstrap(faults: [Fault(.next, kind, times: 2)]) { server, _ in
                try assertServes(server)
            }
        }
    }

    func testFailureCountOfNextIsResetBySuccess() throws {
        try withBootstrap { server, bootstrap in
            for _ in 0..<3 {
                server.add(Fault(.next, .status(500), times: 2))
                // The pending call is served; the two calls after it fail.
                try assertServes(server)
            }
            try assertServes(server)
            XCTAssertTrue(bootstrap.isRunning)
        }
    }

    func testUnusualStatusOfNextDoesNotEndTheProcess() throws {
        try withBootstrap(faults: [Fault(.next, .status(404), times: 7)]) { server, _ in
            try assertServes(server)
        }
    }

    func testUnreachableRuntimeAPIEndsTheProcess() throws {
        let server = try RuntimeServer()
        let address = server.address
        server.stop()
        let bootstrap = try BootstrapProcess(environment: ["AWS_LAMBDA_RUNTIME_API": address])

        XCTAssertEqual(bootstrap.exitStatus(), 1)
        XCTAssertTrue(bootstrap.log.contains(address), bootstrap.log)
    }
}
