import Clients
import Foundation
import TestSupport
import XCTest

@testable import concertctl

/// Tests of mappings of functions and roles that are not ready.
final class MappingDelayTests: MappingTestCase {
    func testCreateWaitsForTheFunctionAndItsRole() async throws {
        let cases: [(state: String, refusal: String)] = [
            ("Pending", ""), ("Inactive", ""), ("Active", ""),
            (
                "Active",
                "Cannot access stream \(Self.streamARN). Please ensure the role can perform the GetRecords, "
                    + "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
            ),
        ]
        let server = try await server()
        for (index, row) in cases.enumerated() {
            let name = "new-\(index)"
            try server.addFunction(name, configuration: ["State": row.state], refusals: 2, refusal: row.refusal)
            let run = try mapping("create", "--function-name", name, "--wait", at: server)
            assertRun(run, 0, output: "created, Enabled")
        }
        XCTAssertEqual(try server.calls(of: "CreateEventSourceMapping").count { $0.error != nil }, 2 * cases.count)
    }

    func testCreateWithoutWaitFailsAndNamesTheOption() async throws {
        let server = try await server()
        try server.addFunction("new", configuration: ["State": "Pending"], refusals: 1)
        assertRun(
            try mapping("create", "--function-name", "new", at: server), 1,
            notes: "the function is not ready; pass --wait", "following state: Pending")
        XCTAssertEqual(try server.calls(of: "CreateEventSourceMapping").count, 1)
    }

    func testWaitingEndsWithTheTimeout() async throws {
        let server = try await server()
        try server.addFunction("new", configuration: ["State": "Pending"], refusals: 1_000_000)
        assertRun(
            try mapping("create", "--function-name", "new", "--wait", "--timeout", "1", at: server), 1,
            notes: "waited 1 s for lambda CreateEventSourceMapping", "the function is not ready")
    }

    func testUpdateWaitsForTheNewFunction() async throws {
        let server = try await server()
        let uuid = try uuid(try mapping("create", "--wait", "--output", "json", at: server))
        try server.addFunction("new", configuration: ["State": "Pending"], refusals: 2)
        let run = try mapping(
            "update", "--uuid", uuid, "--function-name", "new", "--wait", stream: false, at: server)
        assertRun(run, 0, output: "updated FunctionName, Enabled")
    }

    /// Tests that commands wait for a transition of the mapping even without `--wait`.
    func testChangesWaitForAMappingThatIsChanging() async throws {
        let cases: [(verb: String, options: [String], words: String)] = [
            ("enable", [], "Updating"), ("disable", [], "Disabling"),
            ("update", ["--batch-size", "7"], "updated BatchSize"),
            ("delete", ["--yes"], "is being deleted"), ("create", ["--batch-size", "9", "--update"], "updated Batch"),
        ]
        for row in cases {
            let server = try await server()
            assertRun(try mapping("create", at: server), 0, output: "created, Creating")
            let run = try Concertctl.run(
                ["mapping", row.verb, "--stream-name", "concerts"] + row.options, environment: server.environment)
            XCTAssertEqual(run.status, 0, "\(row.verb): \(run.notes)")
            XCTAssertTrue(run.output.contains(row.words), "\(row.verb): \(run.output)")
            endServer()
        }
    }

    func testDistinguishesDelaysFromPermanentErrors() {
        let cases: [(code: String, message: String, delay: MappingDelay?)] = [
            ("ResourceConflictException", "The function is currently in the following state: Pending", .function),
            ("ResourceConflictException", "An update is in progress for resource: x", .function),
            ("InvalidParameterValueException", "Function x is in the Inactive state", .function),
            ("ResourceNotReadyException", "", .function),
            ("InvalidParameterValueException", "The role cannot be assumed by Lambda.", .role),
            ("InvalidParameterValueException", "Please ensure the role can perform GetRecords", .role),
            ("ResourceConflictException", "The event source arn and function provided mapping already exists.", nil),
            ("InvalidParameterValueException", "Unrecognized event source.", nil),
            ("AccessDeniedException", "the role cannot be assumed by Lambda", nil),
            ("ResourceNotFoundException", "Function not found", nil),
        ]
        for row in cases {
            let refusal = AWSRefusal(
                service: "lambda", operation: "CreateEventSourceMapping", status: 400, code: row.code,
                message: row.message)
            XCTAssertEqual(MappingDelay(.refused(refusal)), row.delay, "\(row)")
        }
        XCTAssertNil(MappingDelay(.misconfigured("no Region")))
    }
}

/// Tests of names and ARNs of functions and event sources.
final class MappingNameTests: XCTestCase {
    func testReadsEveryNameOfAFunction() throws {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
        let cases: [(text: String, name: String, qualifier: String?)] = [
            ("f", "f", nil), ("f:live", "f", "live"), ("f:7", "f", "7"), ("f:$LATEST", "f", nil),
            ("f:$LATEST.PUBLISHED", "f", "$LATEST.PUBLISHED"), (arn, "f", nil),
            (arn + ":$LATEST.PUBLISHED", "f", "$LATEST.PUBLISHED"), (arn + ":live", "f", "live"),
            ("123456789012:function:f", "f", nil), ("function:f:live", "f", "live"),
            ("us-east-1:123456789012:function:f", "f", nil),
            ("arn:aws-cn:lambda:cn-north-1:123456789012:function:f", "f", nil),
        ]
        for row in cases {
            let reference = try FunctionReference(row.text)
            XCTAssertEqual(reference.name, row.name, row.text)
            XCTAssertEqual(reference.qualifier, row.qualifier, row.text)
            XCTAssertEqual(reference.text, row.text)
        }
        for text in [
            "", "f:", "f:$LATES", "f:$LATEST.PUBLISHE", "f:a.b", "a b", "e\u{301}", "f\u{301}", "f:live\u{301}",
            "arn:aws:sqs:us-east-1:123456789012:f", "arn:aws:lambda:us-east-1", "f:a:b:c",
        ] {
            XCTAssertThrowsError(try FunctionReference(text), text)
        }
        let published = try FunctionReference("f:$LATEST.PUBLISHED")
        XCTAssertTrue(published.matches(arn + ":$LATEST.PUBLISHED"))
        XCTAssertFalse(published.matches(arn))
        XCTAssertFalse(try FunctionReference("f").matches(arn + ":$LATEST.PUBLISHED"))
    }

    func testReadsStreamsAndTheirConsumers() throws {
        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/concerts"
        for (text, stream) in [("concerts", nil), (arn, arn), (arn + "/consumer/fan:1700000000", arn)] {
            let reference = try StreamReference(text)
            XCTAssertEqual(reference.name, "concerts", text)
            XCTAssertEqual(reference.arn, stream, text)
        }
        let source = try MappingSource(arn: arn + "/consumer/fan:1700000000")
        XCTAssertEqual(source.arn, arn + "/consumer/fan:1700000000")
        XCTAssertEqual(source.stream, try StreamReference(arn))
        XCTAssertEqual(MappingSource.shortName(source.arn ?? ""), "concerts/consumer/fan:1700000000")
        XCTAssertEqual(MappingSource.streamName(source.arn ?? ""), "concerts")
        for text in [
            "", "a b", "concerts\u{301}", "arn:aws:kinesis:eu-west-1:123456789012:stream/", arn + "/fan",
            arn + "/consumer/", arn + "/other/fan:1", "arn:aws:sqs:eu-west-1:123456789012:stream/x",
            "arn:aws:kinesis:eu-west-1:123456789012:queue/x",
        ] {
            XCTAssertThrowsError(try StreamReference(text), text)
            XCTAssertThrowsError(try MappingSource(arn: text), text)
        }
    }

    /// A combining mark after a quote or a separator belongs to the value and does not hide them.
    func testReadsStructuresByScalars() throws {
        let cases: [(text: String, json: String)] = [
            ("A=b,C='d\u{301}'", #"{"A":"b","C":"d\#u{301}"}"#), ("A='\u{301}x'", #"{"A":"\#u{301}x"}"#),
            ("A=\u{301},B=c", #"{"A":"\#u{301}","B":"c"}"#), ("A=[x,\u{308}y]", #"{"A":["x","\#u{308}y"]}"#),
            ("A={B=\"c\r\nd\"}", #"{"A":{"B":"c\r\nd"}}"#), ("A=1,\r\nB=2", #"{"A":"1","B":"2"}"#),
        ]
        for row in cases {
            XCTAssertEqual(try Shorthand.structure(row.text, of: "--x")?.text, row.json, row.text)
        }
    }
}
