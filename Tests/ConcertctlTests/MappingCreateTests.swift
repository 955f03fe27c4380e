import Basics
import Foundation
import JSON
import TestSupport
import XCTest

@testable import concertctl

/// Tests that `concertctl mapping create` is idempotent.
final class MappingCreateTests: MappingTestCase {
    func testCreatesWithTheDefaultsOnce() async throws {
        let server = try await server()
        let first = try mapping("create", "--output", "json", at: server)
        assertRun(first, 0, notes: "created", "LATEST misses", "--on-failure ARN", "retention of 24 h")
        XCTAssertEqual(
            try bodies(of: "CreateEventSourceMapping", at: server),
            [
                #"{"BatchSize":100,"EventSourceArn":"\#(Self.streamARN)","FunctionName":"concert-data-processor","#
                    + #""FunctionResponseTypes":["ReportBatchItemFailures"],"MaximumBatchingWindowInSeconds":5,"#
                    + #""StartingPosition":"LATEST"}"#
            ])
        let second = try mapping("create", "--output", "json", at: server)
        assertRun(second, 0, notes: "already exists with the requested settings")
        XCTAssertEqual(try uuid(second), try uuid(first))
        XCTAssertEqual(try server.calls(of: "CreateEventSourceMapping").count, 1)
        XCTAssertEqual(try server.calls(of: "UpdateEventSourceMapping").count, 0)
    }

    func testFindsTheMappingByEveryFormOfTheFunctionName() async throws {
        let server = try await server()
        assertRun(try mapping("create", at: server), 0, output: "created, Creating")
        for name in [
            "concert-data-processor", "concert-data-processor:$LATEST", "function:concert-data-processor",
            "123456789012:function:concert-data-processor", "123456789012:concert-data-processor", Self.functionARN,
        ] {
            let again = try mapping("create", "--function-name", name, at: server)
            assertRun(again, 0, output: "already exists")
        }
        assertRun(
            try mapping("create", "--function-name", "concert-data-processor:live", at: server), 0, output: "created")
        let other = try mapping("create", "--function-name", Self.functionARN + ":live", at: server)
        assertRun(other, 0, output: "already exists")
        assertRun(
            try mapping("show", "--function-name", "other", at: server), 1, notes: "there are mappings to", ":live")
        XCTAssertEqual(try server.calls(of: "CreateEventSourceMapping").count, 2)
    }

    func testFindsTheMappingOnTheLastOfManyPages() async throws {
        let server = try await server()
        for number in 0..<230 {
            let function = String(format: "f%03d", number)
            try server.addFunction(function)
            try await call(
                .createMapping(
                    JSONObject([
                        .init(name: "EventSourceArn", value: .string(Self.streamARN)),
                        .init(name: "FunctionName", value: .string(function)),
                        .init(name: "StartingPosition", value: "LATEST"),
                    ])), server)
        }
        let run = try mapping("create", "--function-name", "f229", at: server)
        assertRun(run, 0, output: "already exists")
        XCTAssertEqual(try server.calls(of: "ListEventSourceMappings").count, 3)
        let list = try mapping("list", "--output", "json", stream: false, at: server)
        let mappings = try XCTUnwrap(JSONValue(parsing: Array(list.output.utf8)).array)
        XCTAssertEqual(Set(mappings.compactMap { $0["UUID"]?.string }).count, 230)
        let one = try mapping("list", "--function-name", "f100", at: server)
        assertRun(one, 0, output: "f100 ")
        XCTAssertEqual(one.output.split(separator: "\n").count, 2)
    }

    func testReadsTheUUIDInAConflict() async throws {
        let server = try await server()
        let uuid = try uuid(try mapping("create", "--output", "json", "--batch-size", "7", at: server))
        // Created concurrently between the list and the create call.
        try server.answer("ListEventSourceMappings", with: #"{"EventSourceMappings":[]}"#)
        let equal = try mapping("create", "--output", "json", at: server)
        assertRun(equal, 0, notes: "already exists with the requested settings")
        XCTAssertEqual(try self.uuid(equal), uuid)
        let different = try mapping("create", "--output", "json", "--batch-size", "8", at: server)
        assertRun(different, 1, notes: "--update applies the settings that can be changed")
        XCTAssertEqual(try self.uuid(different), uuid)
    }

    func testALostResponseIsIdempotent() async throws {
        for (fault, times) in [(StrictAWS.Fault.lost, 1), (.lost, 3), (.cut, 1), (.cut, 3), (.internalError, 1)] {
            let server = try await server()
            try server.add(fault, of: "CreateEventSourceMapping", times: times)
            let run = try mapping("create", "--wait", "--output", "json", at: server)
            assertRun(run, 0)
            XCTAssertEqual(try run.json()["State"] as? String, "Enabled", "\(fault) \(times)")
            XCTAssertEqual(try server.faultsLeft(), 0, "\(fault) \(times)")
            let list = try mapping("list", "--output", "json", at: server)
            XCTAssertEqual(try JSONValue(parsing: Array(list.output.utf8)).array?.count, 1, "\(fault) \(times)")
            endServer()
        }
    }

    func testReportsErrorsOfLambda() async throws {
        let server = try await server()
        let run = try mapping("create", "--function-name", "no-such", at: server)
        assertRun(run, 1, notes: "ResourceNotFoundException: Function not found", "no-such")
        try server.add(
            .error, of: "CreateEventSourceMapping", code: "InvalidParameterValueException", message: "no rights",
            status: 400)
        assertRun(try mapping("create", at: server), 1, notes: "InvalidParameterValueException: no rights")
        try server.add(.throttle, of: "CreateEventSourceMapping", retryAfter: 0)
        assertRun(try mapping("create", at: server), 0, output: "created")
    }

    func testReportsTheCreatedMappingWhenInterrupted() async throws {
        let server = try await server()
        try server.set(["readsUntilActive": 1_000_000])
        let home = try TemporaryFolder()
        let program = try Concertctl.start(
            ["mapping", "create", "--stream-name", "concerts", "--wait"], home: home,
            environment: server.environment)
        try program.wait { _ in try !server.calls(of: "GetEventSourceMapping").isEmpty }
        program.signal(SIGINT)
        assertRun(try program.finish(), 130, notes: "was created", "interrupted")
    }

    func testFailsIfTheMappingIsNotCreated() async throws {
        let server = try await server()
        try server.add(.drop, of: "CreateEventSourceMapping", times: -1)
        assertRun(try mapping("create", at: server), 1, notes: "lambda CreateEventSourceMapping")
        XCTAssertEqual(try mapping("list", at: server).output, "no mappings of Kinesis streams in us-east-1\n")
    }
}

/// Tests with an existing mapping.
final class MappingDifferenceTests: MappingTestCase {
    func testShowsTheDifferenceAndAppliesItOnRequest() async throws {
        let server = try await server()
        _ = try mapping("create", "--batch-size", "10", "--wait", at: server)
        let options = ["--batch-size", "20", "--on-failure", Self.queueARN, "--parallelization-factor", "1"]
        let shown = try Concertctl.run(
            ["mapping", "create", "--stream-name", "concerts"] + options, environment: server.environment)
        assertRun(
            shown, 1, output: "SETTING", "BatchSize", "10", "20", "DestinationConfig", Self.queueARN, notes: "--update")
        XCTAssertFalse(shown.output.contains("ParallelizationFactor"), shown.output)
        XCTAssertFalse(shown.output.contains("MaximumBatchingWindowInSeconds"), "implied: \(shown.output)")

        let json = try Concertctl.run(
            ["mapping", "create", "--stream-name", "concerts", "--output", "json"] + options,
            environment: server.environment)
        XCTAssertEqual(json.status, 1)
        XCTAssertEqual(
            try Self.text(try XCTUnwrap(json.json()["Differences"])),
            #"[{"Is":10,"OnlyAtCreation":false,"Setting":"BatchSize","Wanted":20},"#
                + #"{"Is":{"OnFailure":{}},"OnlyAtCreation":false,"Setting":"DestinationConfig","#
                + #""Wanted":{"OnFailure":{"Destination":"\#(Self.queueARN)"}}}]"#)
        XCTAssertEqual(try server.calls(of: "UpdateEventSourceMapping").count, 0)

        let updated = try Concertctl.run(
            ["mapping", "create", "--stream-name", "concerts", "--update", "--wait"] + options,
            environment: server.environment)
        assertRun(updated, 0, output: "updated BatchSize, DestinationConfig, Enabled")
        XCTAssertEqual(
            try bodies(of: "UpdateEventSourceMapping", at: server),
            [#"{"BatchSize":20,"DestinationConfig":{"OnFailure":{"Destination":"\#(Self.queueARN)"}}}"#])
        let again = try Concertctl.run(
            ["mapping", "create", "--stream-name", "concerts"] + options, environment: server.environment)
        assertRun(again, 0, output: "already exists")
    }

    func testNeverIgnoresCreateOnlySettings() async throws {
        let server = try await server()
        _ = try mapping("create", "--wait", at: server)
        let both = try mapping(
            "create", "--starting-position", "TRIM_HORIZON", "--batch-size", "5", "--update", "--output", "json",
            at: server)
        assertRun(both, 1, notes: "updated BatchSize", "StartingPosition can only be set at creation", "delete")
        XCTAssertEqual(
            try Self.text(try XCTUnwrap(both.json()["Differences"])),
            #"[{"Is":"LATEST","OnlyAtCreation":true,"Setting":"StartingPosition","Wanted":"TRIM_HORIZON"}]"#)
        XCTAssertEqual(try bodies(of: "UpdateEventSourceMapping", at: server), [#"{"BatchSize":5}"#])

        let alone = try mapping("create", "--starting-position", "TRIM_HORIZON", "--update", at: server)
        assertRun(alone, 1, output: "a new mapping", notes: "still differs")
        XCTAssertEqual(try server.calls(of: "UpdateEventSourceMapping").count, 1)
    }

    func testComparesNormalizedSettings() async throws {
        let server = try await server()
        _ = try mapping(
            "create", "--filter-criteria", #"{"Filters":[{"Pattern":"{\"a\": [1], \"b\": [2]}"}]}"#,
            "--starting-position", "AT_TIMESTAMP", "--starting-position-timestamp", "2026-01-02T03:04:05Z",
            "--no-enabled", at: server)
        let equal = try mapping(
            "create", "--filter-criteria", #"Filters=[{Pattern='{"b":[2],"a":[1]}'}]"#, "--starting-position",
            "AT_TIMESTAMP", "--starting-position-timestamp", "1767323045", "--no-enabled", "--on-failure", "",
            "--maximum-retry-attempts", "-1", "--metrics-config", "", "--kms-key-arn", "", at: server)
        assertRun(equal, 0, output: "already exists with the requested settings")
        let different = try mapping(
            "create", "--filter-criteria", "", "--starting-position", "AT_TIMESTAMP",
            "--starting-position-timestamp", "2026-01-02", "--enabled", at: server)
        assertRun(
            different, 1, output: "FilterCriteria", "none", "StartingPositionTimestamp", "2026-01-02T03:04:05Z",
            "Enabled")
    }
}

/// Tests of waits for states.
final class MappingWaitTests: MappingTestCase {
    func testWaitsForTheRequestedState() async throws {
        let server = try await server()
        let enabled = try mapping("create", "--wait", "--output", "json", at: server)
        XCTAssertEqual(try enabled.json()["State"] as? String, "Enabled")
        let disabled = try mapping(
            "create", "--function-name", "other", "--no-enabled", "--wait", "--output", "json", at: server)
        XCTAssertEqual(try disabled.json()["State"] as? String, "Disabled")
        try server.set(["readsUntilActive": 1000])
        let late = try mapping(
            "create", "--function-name", "concert-data-processor:live", "--wait", "--timeout", "1", at: server)
        assertRun(late, 1, notes: "which is still Creating", "--timeout")
    }

    func testShowsWhyAMappingFailed() async throws {
        let server = try await server()
        try server.answer(
            "GetEventSourceMapping",
            with: #"{"UUID":"u-1","State":"Failed","StateTransitionReason":"PROBLEM: the role\u001b[31m is gone"}"#)
        let run = try mapping("create", "--wait", at: server)
        assertRun(run, 1, notes: #"is Failed (PROBLEM: the role\u{1B}[31m is gone)"#)
    }

    func testRecreatesAMappingThatIsBeingDeleted() async throws {
        let server = try await server()
        let old = try uuid(try mapping("create", "--wait", "--output", "json", at: server))
        try server.set(["readsUntilActive": 8])
        assertRun(try mapping("delete", "--yes", at: server), 0, output: "is being deleted")
        assertRun(try mapping("create", at: server), 1, notes: "is being deleted; run this again")
        assertRun(try mapping("enable", at: server), 1, notes: "is being deleted")
        assertRun(try mapping("update", "--batch-size", "3", at: server), 1, notes: "is being deleted")
        let recreated = try mapping("create", "--wait", "--output", "json", at: server)
        assertRun(recreated, 0, notes: "created")
        XCTAssertNotEqual(try uuid(recreated), old)
    }

    func testWaitsForOtherChangesOfTheMapping() async throws {
        let server = try await server()
        _ = try mapping("create", at: server)
        assertRun(try mapping("update", "--batch-size", "7", at: server), 0, output: "updated BatchSize, Updating")
        let settled = try mapping("disable", "--wait", "--output", "json", at: server)
        assertRun(settled, 0)
        XCTAssertEqual(try settled.json()["State"] as? String, "Disabled")
        XCTAssertEqual(try settled.json()["BatchSize"] as? Int, 7)
        let refused = try server.calls(of: "UpdateEventSourceMapping").filter { $0.error == "ResourceInUseException" }
        XCTAssertFalse(refused.isEmpty)
        _ = try mapping("enable", at: server)
        assertRun(try mapping("delete", "--yes", "--wait", at: server), 0, output: "deleted")
    }
}
