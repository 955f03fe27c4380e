import EventGenerator
import Foundation
import TestSupport
import XCTest

@testable import Processor

/// The largest batches, with their rows in statements and in objects in S3.
final class RedshiftLoadTests: WarehouseTestCase {
    private func batch(records: Int, seed: UInt64 = 1, size: EventGenerator.Size = .compact) throws -> RecordBatch {
        var generator = EventGenerator(seed: seed, size: size)
        let bytes = generator.event(records: records)
        var batch = RecordBatch()
        var decoder = EventDecoder()
        try decoder.decode(bytes, 0..<bytes.count, into: &batch, deadline: .now + .seconds(60))
        XCTAssertEqual(batch.records.count, records)
        return batch
    }

    private func tables() throws -> [[[String?]]] {
        try EntityCatalog.builtIn.tables.map {
            try warehouse.sql("SELECT * FROM concert_dw.\($0.name) ORDER BY \($0.key)")
        }
    }

    func testTenThousandRecordsStayWithinTheLimitsEitherWay() async throws {
        let batch = try batch(records: 10_000)
        let start = ContinuousClock.now
        let inserted = try await Self.write(batch, by: writer())
        let insertTime = ContinuousClock.now - start
        XCTAssertEqual(Set(inserted.map { "\($0)" }), ["succeeded"])
        let calls = try warehouse.calls()
        XCTAssertLessThanOrEqual(calls.largest.count, 40)
        XCTAssertLessThanOrEqual(calls.largest.statement, 100_000)
        let whole = try tables()
        let expected = Set(
            batch.records.map { "\(batch.catalog[$0.kind].table?.name ?? "") \(batch.string(batch.id(of: $0)))" })
        XCTAssertEqual(whole.map(\.count).reduce(0, +), expected.count)

        try setUpWithError()
        let moto = try Moto()
        try moto.reset()
        try moto.aws("s3api", "create-bucket", "--bucket", "staging")
        try warehouse.set(["s3": moto.url])
        let copyStart = ContinuousClock.now
        let copied = try await Self.write(batch, by: writer(s3: moto.url, staging: "staging"))
        let copyTime = ContinuousClock.now - copyStart
        XCTAssertEqual(copied, inserted)
        XCTAssertEqual(try tables(), whole)
        let copyCalls = try warehouse.calls()
        XCTAssertEqual(copyCalls.calls, ["BatchExecuteStatement": 1])
        print(
            "10,000 records, \(expected.count) rows: \(calls.calls) in \(insertTime), \(calls.largest); "
                + "copied \(copyCalls.calls) in \(copyTime), \(copyCalls.largest)")
    }

    func testObjectKeysAreStableAcrossRetries() async throws {
        let moto = try Moto()
        try moto.reset()
        try moto.aws("s3api", "create-bucket", "--bucket", "staging")
        try warehouse.set(["s3": moto.url])
        let oracle = try SigV4Oracle(upstream: moto.url)
        let batch = try batch(records: 5000)
        for fault in [Warehouse.Fault.error, nil] {
            if let fault { try warehouse.add(fault, of: "BatchExecuteStatement", code: "ValidationException") }
            let outcomes = try await Self.write(batch, by: writer(s3: oracle.url, staging: "staging"))
            XCTAssertEqual(outcomes.allSatisfy { $0 == .succeeded }, fault == nil)
        }
        let listing = try moto.aws("s3api", "list-objects-v2", "--bucket", "staging").json()
        let keys = (listing["Contents"] as? [[String: Any]])?.compactMap { $0["Key"] as? String } ?? []
        let first = batch.sequenceNumber(of: try XCTUnwrap(batch.records.first).position)
        let last = batch.sequenceNumber(of: try XCTUnwrap(batch.records.last).position)
        let folder = "redshift-staging/concerts/shardId-000000000000/\(first)-\(last)"
        XCTAssertEqual(keys, EntityCatalog.builtIn.tables.map { "\(folder)/\($0.name).ndjson.gz" })
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
    }

    func testHostileTextsAreCopiedExactly() async throws {
        let moto = try Moto()
        try moto.reset()
        try moto.aws("s3api", "create-bucket", "--bucket", "staging")
        try warehouse.set(["s3": moto.url])
        let texts = ["'", "\\", "a\\'b", "\"", "\u{1}\u{7F}x", "é 🎸 日本", ":a", "line\nbreak", "\\n", "x\u{2028}x"]
        let payloads = try (0..<BatchWrite.bigBatch.records).map { index in
            try RedshiftRoundTripTests.json(["artist_id": "a\(10_000 + index)", "name": texts[index % texts.count]])
        }
        let outcomes = try await write(
            EventText(payloads: payloads), by: writer(s3: moto.url, staging: "staging"))
        XCTAssertEqual(Set(outcomes.map { "\($0)" }), ["succeeded"])
        XCTAssertEqual(try column("name", of: .artists), payloads.indices.map { texts[$0 % texts.count] })
        XCTAssertEqual(try warehouse.calls().largest.count, 6)
    }

    func testMissingBucketFailsTheBatch() async throws {
        let moto = try Moto()
        try moto.reset()
        let outcomes = try await Self.write(
            batch(records: 5000), by: writer(s3: moto.url, staging: "nowhere"))
        guard case .retryable(let reason) = try XCTUnwrap(outcomes.first) else { return XCTFail("\(outcomes[0])") }
        XCTAssertTrue(reason.contains("s3 PutObject: NoSuchBucket"), reason)
        XCTAssertEqual(try warehouse.calls().total, 0)
    }
}
