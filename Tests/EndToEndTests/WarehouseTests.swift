import Dispatch
import RuntimeServer
import TestSupport
import XCTest

/// The built `bootstrap` and a warehouse.
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

    func testABatchIsInTheWarehouseBeforeItIsAcknowledged() throws {
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

    func testAProcessThatIsKilledInTheMiddleLosesNothingAndDoesNothingTwice() throws {
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
        // The second process found the run of the first by its token.
        XCTAssertEqual(try warehouse.calls().calls["BatchExecuteStatement"], 2)
        XCTAssertEqual(
            try warehouse.sql("SELECT count(DISTINCT xmin::text) FROM concert_dw.artists"), [["1"]])
    }

    func testAWarehouseThatIsNotThereHoldsTheShardBackWithOneLine() throws {
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

    func testWhatIsWrongIsToldAtOnceAndNothingIsCalled() throws {
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
