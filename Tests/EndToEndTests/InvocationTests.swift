import Foundation
import RuntimeServer
import XCTest

/// Tests of single invocations: headers, errors, sizes.
final class InvocationTests: BootstrapTestCase {
    func testResponseContainsRequestAndAttempt() throws {
        try withBootstrap { server, _ in
            let requestID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
            let headers: [String: String?] = ["Lambda-Runtime-Invocation-Id": "attempt 1/2"]
            let fixture = try Fixture(named: "one-artist")
            let options = InvocationOptions(requestID: requestID, headers: headers)
            let answer = server.invoke(fixture.event, options: options)

            assertResponse(answer, equals: fixture.response)
            let post = try XCTUnwrap(server.received("/response").first)
            XCTAssertEqual(post.path, "/2018-06-01/runtime/invocation/\(requestID)/response")
            XCTAssertEqual(post.value(of: "Lambda-Runtime-Invocation-Id"), "attempt 1/2")
            XCTAssertEqual(post.value(of: "Content-Length"), "\(post.body.count)")
            XCTAssertEqual(post.value(of: "Content-Type"), "application/json")
            XCTAssertEqual(post.value(of: "Host"), server.address)
        }
    }

    func testAttemptIsSentOnlyIfLambdaSentIt() throws {
        try withBootstrap { server, _ in
            let options = InvocationOptions(headers: ["Lambda-Runtime-Invocation-Id": nil])
            _ = server.invoke(Array("{}".utf8), options: options)
            _ = server.invoke(try Fixture(named: "one-artist").event, options: options)

            let posts = server.received("/error") + server.received("/response")
            XCTAssertEqual(posts.count, 2)
            for post in posts { XCTAssertNil(post.value(of: "Lambda-Runtime-Invocation-Id")) }
        }
    }

    func testEventOfAnotherServiceFailsAndTheNextInvocationSucceeds() throws {
        let events = ["", "{", "[]", "{}", "null", #"{"Records":[{"eventSource":"aws:sqs","body":"x"}]}"#, "\u{FF}"]
        try withBootstrap { server, _ in
            for event in events {
                try assertError(
                    server.invoke(Array(event.utf8), options: InvocationOptions(requestID: "r-\(event.count)")),
                    type: "Runtime.InvalidEvent")
                let post = try XCTUnwrap(server.received("/error").last)
                XCTAssertEqual(try JSONValue(parsing: post.body)["requestId"], .string("r-\(event.count)"), event)
                XCTAssertNotNil(post.value(of: "Lambda-Runtime-Invocation-Id"))
                try assertServes(server)
            }
        }
    }

    func testOnlyTheRequestIDHeaderIsRequired() throws {
        let names = [
            "Content-Type", "Lambda-Runtime-Deadline-Ms", "Lambda-Runtime-Invoked-Function-Arn",
            "Lambda-Runtime-Trace-Id", "Lambda-Runtime-Invocation-Id",
        ]
        let fixture = try Fixture(named: "one-artist")
        try withBootstrap { server, _ in
            for missing in names.map({ [$0] }) + [names] {
                let headers = Dictionary(uniqueKeysWithValues: missing.map { ($0, String?.none) })
                let answer = server.invoke(fixture.event, options: InvocationOptions(headers: headers))
                assertResponse(answer, equals: fixture.response, "without \(missing)")
            }
        }
    }

    func testUnusualHeadersAreAccepted() throws {
        let odd: [[String: String?]] = [
            ["Lambda-Runtime-Deadline-Ms": "soon"], ["Lambda-Runtime-Deadline-Ms": "-5"],
            ["Lambda-Runtime-Deadline-Ms": "99999999999999999999"], ["Lambda-Runtime-Deadline-Ms": ""],
            ["Lambda-Runtime-Deadline-Ms": "9223372036854775807"],
            ["Lambda-Runtime-Trace-Id": String(repeating: "t", count: 5000)], ["Lambda-Runtime-Trace-Id": ""],
            ["Lambda-Runtime-Client-Context": #"{"client":{}}"#, "Lambda-Runtime-Cognito-Identity": "{}"],
            ["Lambda-Runtime-Aws-Tenant-Id": "tenant"], ["X-Unknown": "caf\u{E9}"],
        ]
        let fixture = try Fixture(named: "one-artist")
        try withBootstrap { server, _ in
            for headers in odd {
                let answer = server.invoke(fixture.event, options: InvocationOptions(headers: headers))
                assertResponse(answer, equals: fixture.response, "\(headers)")
            }
        }
    }

    func testRequestIDOfAnyCharactersIsReturned() throws {
        try withBootstrap { server, _ in
            let fixture = try Fixture(named: "one-artist")
            for requestID in ["a b/c?d", "caf\u{E9}", "%2F", "..", "A-z_0.9~"] {
                let answer = server.invoke(fixture.event, options: InvocationOptions(requestID: requestID))
                assertResponse(answer, equals: fixture.response, requestID)
            }
        }
    }

    func testLargestEventsUseBoundedMemory() throws {
        let large = MadeEvent.artists(10_000).bytes
        XCTAssertTrue((5_500_000...6_291_556).contains(large.count), "\(large.count)")
        for isChunked in [false, true] {
            try withBootstrap { server, bootstrap in
                for _ in 0..<3 {
                    let answer = server.invoke(large, options: InvocationOptions(chunked: isChunked))
                    assertResponse(answer, equals: ["batchItemFailures": []])
                }
                XCTAssertLessThan(try bootstrap.peakMemory(), 5 * large.count + 32 * 1024 * 1024)
            }
        }
    }

    func testLargeBatchReportsItsFirstBadRecord() throws {
        var event = MadeEvent.artists(7_500)
        event.append("not JSON")
        for index in 0..<2_499 { event.append(index.isMultiple(of: 2) ? #"{"test":true}"# : "[]") }
        try withBootstrap { server, _ in
            assertResponse(
                server.invoke(event.bytes),
                equals: ["batchItemFailures": [["itemIdentifier": .string(MadeEvent.sequenceNumber(7_500))]]])
        }
    }

    func testRecordOfSixMegabytesIsProcessed() throws {
        let event = MadeEvent.artists(1, padding: 4_600_000).bytes
        try withBootstrap { server, bootstrap in
            assertResponse(server.invoke(event), equals: ["batchItemFailures": []])
            XCTAssertLessThan(try bootstrap.peakMemory(), 5 * event.count + 32 * 1024 * 1024)
            try assertServes(server)
        }
    }
}
