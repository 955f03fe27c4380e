import Clients
import Telemetry
import TestSupport
import Transport
import XCTest

@testable import Processor

/// A test with a new warehouse with its tables, and a writer.
class WarehouseTestCase: XCTestCase {
    static let settings = try? RedshiftSettings(environment: [
        "REDSHIFT_WORKGROUP_NAME": "wg", "REDSHIFT_DATABASE": "dev",
    ])
    private static let oracle = Result { try SigV4Oracle(upstream: Warehouse().url) }

    private(set) var warehouse: Warehouse!
    let lines = CollectedLines()

    override func setUpWithError() throws {
        warehouse = try Warehouse()
        try warehouse.reset()
        let schema = WarehouseSchema(try settings())
        try warehouse.sql(schema.creation)
        for table in EntityCatalog.builtIn.tables {
            try warehouse.sql(String(schema.creation(of: table).split(separator: " DISTSTYLE")[0]))
        }
        try warehouse.sql(schema.writeLockCreation)
        try warehouse.sql(schema.loadsCreation)
    }

    static func staging(_ bucket: String, limit: Int = 10_000) -> RedshiftSettings.Staging {
        RedshiftSettings.Staging(
            bucket: bucket, roleARN: "arn:aws:iam::123456789012:role/copy", loadObjectLimit: limit)
    }

    func settings(staging bucket: String? = nil) throws -> RedshiftSettings {
        var settings = try XCTUnwrap(Self.settings)
        settings.load = .direct(bucket.map { Self.staging($0) })
        return settings
    }

    /// Returns a writer of a new process, without any history.
    ///
    /// - Parameter endpoint: The endpoint of the warehouse by default.
    func writer(
        endpoint: String? = nil, s3: String? = nil, staging: String? = nil, throughOracle: Bool = false
    ) throws -> RedshiftWriter {
        let endpoint = try endpoint ?? (throughOracle ? Self.oracle.get().url : warehouse.url)
        let environment = try Self.oracle.get().environment(hasToken: true)
        let keys = AWSCredentials(
            accessKeyID: environment["AWS_ACCESS_KEY_ID"] ?? "",
            secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "", sessionToken: environment["AWS_SESSION_TOKEN"])
        var configuration = AWSClient.Configuration(
            region: "us-east-1", credentials: StaticCredentials(keys, origin: "the test"))
        configuration.endpointURL = { $0 == .s3 ? s3 : endpoint }
        configuration.retries.pause = { try await Task.sleep(for: $0 / 50) }
        let made = configuration
        return RedshiftWriter(
            settings: try settings(staging: staging), log: Logger(level: .debug, sink: lines),
            makeClient: { AWSClient(made, http: CurlHTTPClient(CurlHTTPClient.Configuration())) })
    }

    /// Writes the records of `event` and returns their outcomes.
    @discardableResult
    func write(
        _ event: EventText, by writer: RedshiftWriter, within limit: Duration = .seconds(60), traceID: String? = nil
    ) async throws -> [RecordOutcome] {
        try await Self.write(try RecordBatch(decoding: event), by: writer, within: limit, traceID: traceID)
    }

    static func write(
        _ batch: RecordBatch, by writer: RedshiftWriter, within limit: Duration = .seconds(60), traceID: String? = nil
    ) async throws -> [RecordOutcome] {
        let context = InvocationContext(
            requestID: "request-1", functionName: "function-1", traceID: traceID, deadline: .now + limit)
        let results = await Deadline.race(context.deadline) { [batch] in
            var outcomes = RecordOutcomes(count: batch.records.count)
            await writer.process(batch, context: context, outcomes: &outcomes)
            return outcomes
        }
        let outcomes = try XCTUnwrap(results.first)
        return (0..<outcomes.count).map { outcomes[$0] }
    }

    /// Returns the values of a column, in the order of the key.
    func column(_ name: String, of table: WarehouseTable) throws -> [String?] {
        try warehouse.sql("SELECT \(name) FROM concert_dw.\(table.name) ORDER BY \(table.key)").map { $0[0] }
    }
}

extension Deadline {
    fileprivate static func race<Result: Sendable>(
        _ deadline: ContinuousClock.Instant, _ operation: @escaping @concurrent @Sendable () async -> Result
    ) async -> [Result] { await race(deadline, [operation]) }
}

extension EventText {
    /// Returns records with consecutive arrivals, one second apart, and sequence numbers.
    init(payloads: [String], from number: Int = 1) {
        self.init(
            payloads.enumerated().map { index, payload in
                var record = Record(payload, String(number + index))
                record.arrival = "\(1_794_198_000 + number + index).5"
                return record
            })
    }
}
