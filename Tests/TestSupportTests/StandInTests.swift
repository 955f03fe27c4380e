import Foundation
import TestSupport
import XCTest

/// Tests of the stand-ins with AWS's own client, because a wrong stand-in would invalidate all other tests.
final class StandInTests: XCTestCase {
    func testStandInsSatisfyAWSsOwnClient() throws {
        let home = try TemporaryFolder()
        let program = try RunningProgram(
            Moto.python(), ["-W", "ignore", "Tests/Support/strict_aws_check.py"],
            environment: Concertctl.cleanEnvironment(home: home))
        let run = try withExtendedLifetime(home) { try program.finish(timeLimit: 300) }
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertNotNil(run.notes.firstMatch(of: /Ran [1-9][0-9]+ tests/), run.notes)
    }

    func testWarehouseSatisfiesAWSsOwnClient() throws {
        let home = try TemporaryFolder()
        let program = try RunningProgram(
            Moto.python(), ["-W", "ignore", "Tests/Support/redshift_data_check.py", Warehouse().url],
            environment: Concertctl.cleanEnvironment(home: home))
        let run = try withExtendedLifetime(home) { try program.finish(timeLimit: 120) }
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertNotNil(run.notes.firstMatch(of: /Ran [1-9] tests/), run.notes)
    }

    func testMotoAndObjectStoreSatisfyAWSsOwnClient() throws {
        let home = try TemporaryFolder()
        let store = try ObjectStore()
        let program = try RunningProgram(
            Moto.python(), ["-W", "ignore", "Tests/Support/object_store_check.py", store.url, Moto().url],
            environment: Concertctl.cleanEnvironment(home: home))
        let run = try withExtendedLifetime(home) { try program.finish(timeLimit: 120) }
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertNotNil(run.notes.firstMatch(of: /Ran 4 tests/), run.notes)
    }

    func testStrictFakeWorksBehindTheOracle() throws {
        let fake = try StrictAWS()
        let oracle = try SigV4Oracle(upstream: fake.url)
        try fake.set(["readsUntilActive": 0])
        try fake.addFunction("fn", aliases: ["live"])
        try fake.add(.throttle, of: "ListStreams", after: 1)
        for (hasToken, isSignedRight) in [(true, true), (false, true), (false, false)] {
            var environment = oracle.environment(hasToken: hasToken)
            if !isSignedRight { environment["AWS_SECRET_ACCESS_KEY"] = "another" }
            try runPython("import boto3; boto3.client('kinesis').list_streams()", environment)
        }
        let requests = try oracle.requests()
        XCTAssertEqual(requests.map(\.operation), ["ListStreams", "ListStreams", "ListStreams"])
        XCTAssertEqual(requests.map(\.error), [nil, nil, "SignatureDoesNotMatch"])
        let calls = try fake.calls(of: "ListStreams")
        XCTAssertEqual(calls.map(\.status), [200, 400])
        XCTAssertEqual(calls.last?.error, "LimitExceededException")
        XCTAssertEqual(try fake.faultsLeft(), 0)
    }

    func testStrictFakeReturnsItsRecords() throws {
        let fake = try StrictAWS()
        try fake.set(["readsUntilActive": 0])
        let put = """
            import boto3
            kinesis = boto3.client("kinesis")
            kinesis.create_stream(StreamName="s", ShardCount=1)
            kinesis.put_records(StreamName="s", Records=[{"Data": b"x", "PartitionKey": "k"}] * 2)
            """
        try runPython(put, fake.environment)
        let shards = try fake.shards(of: "s")
        XCTAssertEqual(shards.map(\.isOpen), [true])
        XCTAssertEqual(shards.first?.records.map(\.data), [Data("x".utf8), Data("x".utf8)])
        try fake.reset()
        XCTAssertThrowsError(try fake.shards(of: "s"))
        XCTAssertThrowsError(try fake.set(["pageSise": 3]))
    }

    func testMotoKeepsItsStateUntilReset() throws {
        let moto = try Moto()
        try moto.reset()
        try moto.aws("kinesis", "create-stream", "--stream-name", "s", "--shard-count", "1")
        XCTAssertEqual(try moto.aws("kinesis", "list-streams").json()["StreamNames"] as? [String], ["s"])
        try Moto().reset()
        XCTAssertEqual(try moto.aws("kinesis", "list-streams").json()["StreamNames"] as? [String], [])
        XCTAssertThrowsError(try moto.aws("kinesis", "describe-stream", "--stream-name", "s"))
    }

    private func runPython(_ program: String, _ environment: [String: String]) throws {
        let home = try TemporaryFolder()
        var all = Concertctl.cleanEnvironment(home: home).merging(environment) { $1 }
        all["AWS_DEFAULT_REGION"] = "us-east-1"
        all["AWS_MAX_ATTEMPTS"] = "1"
        _ = try RunningProgram(Moto.python(), ["-W", "ignore", "-c", program], environment: all).finish()
    }
}
