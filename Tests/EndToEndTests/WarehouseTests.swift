import Dispatch
import RuntimeServer
import TestSupport
import XCTest

/// Tests of the built `bootstrap` with a warehouse.
final class WarehouseTests: BootstrapTestCase {
    private func environment(_ warehouse: Warehouse) -> [String: String] {
        [
            "PROCESSORS": "redshift", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": warehouse.url, "REDSHIFT_WORKGROUP_NAME": "wg",
            "REDSHIFT_DATABASE": "dev",
        ]
    }

    private func made() throws -> Warehouse {
        let warehouse = try Warehouse()
        try warehouse.reset()
        let run = try Concertctl.run(["warehouse", "init"], environment: environment(warehouse))
        XCTAssertEqual(run.status, 0, run.notes)
        return warehouse
    }

    func testBatchIsStoredBeforeItIsAcknowledged() throws {
        let warehouse = try made()
        let fixture = try Fixture(named: "batch-of-100")
        try withBootstrap(environment: environment(warehouse)) { server, _ in
            assertResponse(server.invoke(fixture.event), equals: fixture.response)
            let tables = ["artists", "concerts", "venues", "ticket_sales"]
            let counts = try tables.map { try warehouse.sql("SELECT count(*) > 0 FROM concert_dw.\($0)")[0][0] }
            XCTAssertEqual(counts, tables.map { _ in "True" })
            XCTAssertFalse(try warehouse.calls().traces.isEmpty)
        }
    }

    func testKilledProcessLosesAndDuplicatesNothing() throws {
        let warehouse = try made()
        let fixture = try Fixture(named: "batch-of-100")
        try warehouse.add(.slow, of: "BatchExecuteStatement", milliseconds: 1500)
        try withBootstrap(environment: environment(warehouse)) { server, bootstrap in
            let group = DispatchGroup()
            DispatchQueue(label: "caller").async(group: group) {
                XCTAssertEqual(server.invoke(fixture.event), .lost("bootstrap ended with status 9"))
            }
            XCTAssertTrue(waitUntil { (try? warehouse.calls().calls["BatchExecuteStatement"]) == 1 })
            bootstrap.interrupt()
            group.wait()
        }
        XCTAssertEqual(try warehouse.sql("SELECT count(*) FROM concert_dw.artists"), [["0"]])
        try withBootstrap(environment: environment(warehouse)) { server, _ in
            assertResponse(server.invoke(fixture.event), equals: fixture.response)
        }
        // The second process found the run of the first one by its token.
        XCTAssertEqual(try warehouse.calls().calls["BatchExecuteStatement"], 2)
        XCTAssertEqual(
            try warehouse.sql("SELECT count(DISTINCT xmin::text) FROM concert_dw.artists"), [["1"]])
    }

    func testStagedRecordsAreLoadedByALoadEvent() throws {
        let warehouse = try made()
        let store = try ObjectStore()
        try warehouse.set(["s3": store.url])
        let oracle = try SigV4Oracle(upstream: store.url)
        let staged = environment(warehouse).merging([
            "REDSHIFT_LOAD": "staged", "REDSHIFT_STAGING_BUCKET": "staging", "AWS_ENDPOINT_URL_S3": oracle.url,
            "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy", "AWS_ACCESS_KEY_ID": "",
        ]) { $1 }.merging(
            oracle.environment(hasToken: true).filter { $0.key.contains("KEY") || $0.key.contains("TOKEN") }
        ) { $1 }
        let fixture = try Fixture(named: "batch-of-100")
        let calls = try warehouse.calls().total
        try withBootstrap(environment: staged) { server, _ in
            assertResponse(server.invoke(fixture.event), equals: fixture.response)
        }
        XCTAssertEqual(try warehouse.calls().total, calls, "the function makes no call to Redshift")
        XCTAssertEqual(try store.objects("redshift-staged/wg/dev/concert_dw/").count, 4)
        // The loader need not process records itself.
        for processors in ["redshift", "log"] {
            try withBootstrap(environment: staged.merging(["PROCESSORS": processors]) { $1 }) { server, bootstrap in
                for event in [#"{"action":"store"}"#, #"{"action":"load","more":1}"#] {
                    try assertError(server.invoke(Array(event.utf8)), type: "Runtime.InvalidEvent")
                }
                guard case .response(let body, _) = server.invoke(Array(#"{"action": "load"}"#.utf8)) else {
                    return XCTFail("no response: \(bootstrap.log)")
                }
                let response = try JSONValue(parsing: body)
                XCTAssertEqual(
                    // The second load has the record of assertServes.
                    response["objects"], processors == "redshift" ? 4 : 1, "\(response)")
                XCTAssertEqual(response["remaining"], 0)
                for metric in ["StagedAge", "StagedObjects"]
                    + (processors == "redshift" ? ["LoadedRows", "LoadTime"] : [])
                {
                    XCTAssertTrue(bootstrap.log.contains("\"\(metric)\":"), "\(metric): \(bootstrap.log)")
                }
                try assertServes(server)
            }
        }
        XCTAssertEqual(try warehouse.sql("SELECT count(*) > 1 FROM concert_dw.artists"), [["True"]])
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])

        try warehouse.sql("DROP TABLE concert_dw.loads")
        try withBootstrap(environment: staged) { server, _ in
            assertResponse(server.invoke(fixture.event), equals: fixture.response)
            try assertError(server.invoke(Array(#"{"action":"load"}"#.utf8)), type: "Function.LoadFailed")
        }
        try withBootstrap(environment: environment(warehouse)) { server, _ in
            try assertError(server.invoke(Array(#"{"action":"load"}"#.utf8)), type: "Function.LoadFailed")
        }
    }

    func testUnavailableWarehouseBlocksTheShardWithOneLogLine() throws {
        let warehouse = try made()
        var environment = environment(warehouse)
        environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
        try withBootstrap(environment: environment) { server, bootstrap in
            let event = try Fixture(named: "one-artist").event
            guard case .response(let body, _) = server.invoke(event) else { return XCTFail("no response") }
            XCTAssertTrue(String(decoding: body, as: UTF8.self).contains("itemIdentifier"))
            let errors = bootstrap.log.split(separator: "\n").filter { $0.contains(#""level":"ERROR""#) }
            XCTAssertEqual(errors.count, 1, bootstrap.log)
            XCTAssertTrue(errors.first?.contains("127.0.0.1:9") == true, bootstrap.log)
        }
    }

    func testInvalidSettingsAreReportedWithoutCalls() throws {
        let environment = ["PROCESSORS": "redshift", "METRICS": "x", "AWS_MAX_ATTEMPTS": "0"]
        try withBootstrap(environment: environment) { server, _ in
            guard case .initError(_, let body) = server.invoke(try Fixture(named: "one-artist").event) else {
                return XCTFail("no init error")
            }
            let message = try JSONValue(parsing: body)["errorMessage"].string ?? ""
            for name in ["REDSHIFT_WORKGROUP_NAME", "REDSHIFT_DATABASE", "METRICS", "AWS_MAX_ATTEMPTS"] {
                XCTAssertTrue(message.contains(name), "\(name) is not in: \(message)")
            }
        }
    }
}
