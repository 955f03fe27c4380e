import Basics
import Foundation
import JSON
import TestSupport
import XCTest

@testable import concertctl

/// Tests of the commands on existing mappings against the strict fake.
final class MappingChangeTests: MappingTestCase {
    func testUpdateSendsOnlyTheGivenSettings() async throws {
        let server = try await server()
        let uuid = try uuid(try mapping("create", "--wait", "--output", "json", at: server))
        let cases: [(options: [String], body: String)] = [
            (["--batch-size", "7"], #"{"BatchSize":7}"#),
            (
                ["--on-failure", Self.queueARN],
                #"{"DestinationConfig":{"OnFailure":{"Destination":"\#(Self.queueARN)"}}}"#
            ),
            (["--on-failure", ""], #"{"DestinationConfig":{"OnFailure":{"Destination":""}}}"#),
            (["--destination-config", ""], #"{"DestinationConfig":{"OnFailure":{"Destination":""}}}"#),
            (["--destination-config", "OnFailure={}"], #"{"DestinationConfig":{"OnFailure":{"Destination":""}}}"#),
            (["--filter-criteria", ""], #"{"FilterCriteria":{}}"#),
            (["--filter-criteria", "{}"], #"{"FilterCriteria":{}}"#),
            (
                ["--filter-criteria", #"{"Filters":[{"Pattern":{"a":[1]}}]}"#],
                #"{"FilterCriteria":{"Filters":[{"Pattern":"{\"a\":[1]}"}]}}"#
            ),
            (["--metrics-config", "Metrics=EventCount"], #"{"MetricsConfig":{"Metrics":["EventCount"]}}"#),
            (["--metrics-config", "Metrics=[]"], #"{"MetricsConfig":{"Metrics":[]}}"#),
            (["--function-response-types", ""], #"{"FunctionResponseTypes":[]}"#),
            (["--report-batch-item-failures"], #"{"FunctionResponseTypes":["ReportBatchItemFailures"]}"#),
            (["--no-report-batch-item-failures"], #"{"FunctionResponseTypes":[]}"#),
            (["--kms-key-arn", ""], #"{"KMSKeyArn":""}"#),
            (["--no-bisect-batch-on-function-error"], #"{"BisectBatchOnFunctionError":false}"#),
            (["--no-enabled", "--wait"], #"{"Enabled":false}"#),
            (["--function-name", "concert-data-processor:live"], #"{"FunctionName":"concert-data-processor:live"}"#),
        ]
        for (options, body) in cases {
            let run = try Concertctl.run(
                ["mapping", "update", "--uuid", uuid] + options, environment: server.environment)
            assertRun(run, 0, output: "updated")
            XCTAssertEqual(try bodies(of: "UpdateEventSourceMapping", at: server).last, body, "\(options)")
        }
        let missing = try mapping("update", "--uuid", "no-such", "--batch-size", "1", stream: false, at: server)
        assertRun(missing, 1, notes: "mapping no-such does not exist in us-east-1")
    }

    func testEnablesAndDisablesOnce() async throws {
        let server = try await server()
        _ = try mapping("create", "--wait", at: server)
        assertRun(try mapping("enable", at: server), 0, output: "already Enabled")
        assertRun(try mapping("disable", at: server), 0, output: "Disabling")
        assertRun(try mapping("disable", "--wait", at: server), 0, output: "already Disabled")
        assertRun(try mapping("enable", "--wait", at: server), 0, output: ": Enabled")
        XCTAssertEqual(
            try bodies(of: "UpdateEventSourceMapping", at: server), [#"{"Enabled":false}"#, #"{"Enabled":true}"#])
    }

    func testDeletesOnlyIfConfirmed() async throws {
        let server = try await server()
        _ = try mapping("create", "--wait", at: server)
        assertRun(try mapping("delete", at: server), 1, notes: "pass --yes")
        XCTAssertEqual(try server.calls(of: "DeleteEventSourceMapping").count, 0)
        assertRun(try mapping("delete", "--yes", "--wait", at: server), 0, output: "deleted")
        assertRun(try mapping("delete", "--yes", at: server), 1, notes: "no mapping of stream concerts to function")
        XCTAssertEqual(try server.calls(of: "DeleteEventSourceMapping").count, 1)
    }

    func testALostResponseToADeletionIsIdempotent() async throws {
        for (reads, times) in [(0, 1), (2, 1), (0, 3), (8, 3)] {
            let server = try await server()
            _ = try mapping("create", "--wait", at: server)
            try server.set(["readsUntilActive": reads])
            try server.add(.lost, of: "DeleteEventSourceMapping", times: times)
            let run = try mapping("delete", "--yes", "--wait", "--output", "json", at: server)
            assertRun(run, 0, notes: "deleted")
            XCTAssertNotNil(try run.json()["UUID"], "\(reads) \(times)")
            assertRun(try mapping("show", at: server), 1, notes: "no mapping of stream")
            endServer()
        }
    }

    func testFindsMappingsOfADeletedStream() async throws {
        let server = try await server()
        _ = try mapping("create", "--wait", at: server)
        try server.set(["readsUntilActive": 0])
        try await call(.kinesis("DeleteStream", ["StreamName": "concerts"]), server)
        assertRun(try mapping("show", at: server), 0, output: "Enabled")
        assertRun(try mapping("delete", "--yes", at: server), 0)
        assertRun(try mapping("create", at: server), 1, notes: "ResourceNotFoundException")
        assertRun(
            try mapping("show", "--function-name", "other", at: server), 1, notes: "the stream does not exist either")
    }

    func testShowsSettingsAndWarnsOfUnsafeOnes() async throws {
        let server = try await server()
        let safe = try mapping(
            "create", "--starting-position", "TRIM_HORIZON", "--maximum-retry-attempts", "10", "--on-failure",
            Self.queueARN, "--bisect-batch-on-function-error", "--maximum-record-age-in-seconds", "3600", "--wait",
            at: server)
        assertRun(safe, 0)
        XCTAssertEqual(safe.notes, "")
        let shown = try mapping("show", at: server)
        assertRun(
            shown, 0, output: "StateTransitionReason", "User action", "LastProcessingResult", "No records processed",
            "DestinationConfig", Self.queueARN)
        XCTAssertEqual(shown.notes, "")
        let unsafe = try mapping(
            "update", "--maximum-retry-attempts", "-1", "--on-failure", "", "--no-bisect-batch-on-function-error",
            "--function-response-types", "", "--maximum-record-age-in-seconds", "604800", at: server)
        for run in [unsafe, try mapping("show", "--output", "json", at: server)] {
            assertRun(
                run, 0, notes: "--maximum-retry-attempts N", "--on-failure ARN", "--bisect-batch-on-function-error",
                "--function-response-types ReportBatchItemFailures",
                "expire earlier, after the stream's retention of 24 h")
        }
    }

    func testListsMappingsOfStreamsAndEscapesControlCharacters() async throws {
        let server = try await server()
        _ = try mapping("create", at: server)
        try await call(
            .kinesis("RegisterStreamConsumer", ["StreamARN": .string(Self.streamARN), "ConsumerName": "fast"]), server)
        let consumers = try await call(
            .kinesis("ListStreamConsumers", ["StreamARN": .string(Self.streamARN)]), server)
        let arn = try XCTUnwrap(consumers["Consumers"]?.array?.first?["ConsumerARN"]?.string)
        let made = try mapping("create", "--event-source-arn", arn, stream: false, at: server)
        assertRun(made, 0, output: "concerts/consumer/fast:")
        let both = try mapping("list", at: server)
        assertRun(both, 0, output: "UUID", "concerts  ", "concerts/consumer/fast:")
        XCTAssertEqual(both.output.split(separator: "\n").count, 3)
        let one = try mapping("list", "--event-source-arn", arn, stream: false, at: server)
        XCTAssertEqual(one.output.split(separator: "\n").count, 2)
        try server.answer(
            "ListEventSourceMappings",
            with: #"{"EventSourceMappings":[{"UUID":"u-1","EventSourceArn":"\#(Self.queueARN)"},{"UUID":"u-2","#
                + #""EventSourceArn":"\#(Self.streamARN)","LastProcessingResult":"\u001b[2Jbad"}]}"#)
        assertRun(
            try mapping("list", stream: false, at: server), 0, output: #"u-2"#, #"\u{1B}[2Jbad"#,
            notes: "omitted: 1 of event sources other")
    }
}
