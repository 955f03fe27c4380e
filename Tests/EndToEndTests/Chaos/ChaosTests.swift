import Foundation
import Poller
import TestSupport
import XCTest

@testable import Processor

/// Chaos tests: with many concurrent faults, every record is finally stored in every sink, and nothing else is.
///
/// `CHAOS_RECORDS` is the number of records (200,000 with `make chaos`), and `CHAOS_SEED` the random seed.
final class ChaosTests: BootstrapTestCase {
    private static let total = number("CHAOS_RECORDS") ?? 6000
    private static let seed = UInt64(number("CHAOS_SEED") ?? 11)

    /// Returns the entities whose newest version is not stored, and those that were never in the stream.
    private var wrong = 0
    private var extra = 0

    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    func testNothingIsLostOrDuplicated() throws {
        let (warehouse, redis, moto) = (try Warehouse(), try RedisServer(), try Moto())
        try moto.reset()
        try warehouse.reset()
        let proxy = try FaultProxy(before: moto.url)
        let queue = try XCTUnwrap(
            moto.aws("sqs", "create-queue", "--queue-name", "letters").json()["QueueUrl"] as? String)
        let environment = environment(warehouse, redis, proxy, queue: queue)
        let run = try Concertctl.run(["warehouse", "init"], environment: environment)
        XCTAssertEqual(run.status, 0, run.notes)

        let fleet = Self.fleet(environment)
        let cacheFaults = ChaosFaults()
        try addFaults(warehouse)
        try proxy.set(["throttle": 0.05, "drop": 0.05, "stall": 0.02, "lost": 0.05, "lie": 0.05])
        cacheFaults.start(redis)
        let start = ContinuousClock.now
        fleet.run(until: start + .seconds(120 + Self.total / 40))
        cacheFaults.stop()
        let time = ContinuousClock.now - start
        XCTAssertNil(fleet.failure)
        XCTAssertNil(cacheFaults.failure)

        let expected = fleet.stream
        let letters = try Self.letters(moto, queue: queue)
        let faults = try warehouse.calls().faults
        try assertWarehouse(warehouse, contains: expected)
        try assertCache(redis, contains: expected)
        let deadLettered = Dictionary(letters) { first, _ in first }
        let badLost = expected.bad.filter { deadLettered[$0.key] != $0.value }.count
        XCTAssertEqual(badLost, 0, "bad records that are not in the queue unchanged")
        XCTAssertEqual(deadLettered.count, expected.bad.count, "letters without a bad record")
        let counts = fleet.counts
        XCTAssertTrue(counts.kills > 0 && counts.repeated > 0 && counts.partial > 0, "\(counts)")
        print(
            """
            chaos: \(Self.total) records (\(expected.bad.count) bad) in \(time); \(counts);
              warehouse \(faults), cache \(cacheFaults.counts), queue \(try proxy.counts());
              wrong or missing in warehouse and cache \(wrong), in the dead letters \(badLost); beside what belongs there \(extra); \
            repeated dead letters \(letters.count - deadLettered.count)
            """)
    }

    func testStagedLoadsLoseNothing() throws {
        let (warehouse, moto, store) = (try Warehouse(), try Moto(), try ObjectStore())
        try moto.reset()
        try warehouse.reset()
        try warehouse.set(["s3": store.url])
        let queue = try XCTUnwrap(
            moto.aws("sqs", "create-queue", "--queue-name", "letters").json()["QueueUrl"] as? String)
        let environment = [
            "PROCESSORS": "redshift", "REDSHIFT_LOAD": "staged", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_REDSHIFT_DATA": warehouse.url, "AWS_ENDPOINT_URL_S3": store.url,
            "AWS_ENDPOINT_URL_SQS": moto.url, "DEAD_LETTER_QUEUE_URL": queue, "REDSHIFT_WORKGROUP_NAME": "wg",
            "REDSHIFT_DATABASE": "dev", "REDSHIFT_STAGING_BUCKET": "staging",
            "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy",
        ]
        let run = try Concertctl.run(["warehouse", "init"], environment: environment)
        XCTAssertEqual(run.status, 0, run.notes)
        try addFaults(warehouse)
        for (fault, operation, probability) in [
            (ObjectStore.Fault.throttle, "*", 0.02), (.internalError, "*", 0.02), (.drop, "*", 0.02),
            (.lost, "*", 0.03),
            (.noETag, "PutObject", 0.02), (.late, "CopyObject", 0.1), (.keys, "DeleteObjects", 0.1),
        ] {
            try store.add(fault, of: operation, times: -1, probability: probability)
        }

        let fleet = Self.fleet(environment)
        let loaders = ChaosLoaders(store, environment: environment, seed: Self.seed)
        let start = ContinuousClock.now
        let end = start + .seconds(120 + Self.total / 40)
        loaders.start()
        fleet.run(until: end)
        loaders.finish(until: end + .seconds(120))
        let time = ContinuousClock.now - start
        XCTAssertNil(fleet.failure)
        XCTAssertNil(loaders.failure)

        let expected = fleet.stream
        try assertWarehouse(warehouse, contains: expected, isFirstArrivalExact: false)
        let letters = Dictionary(try Self.letters(moto, queue: queue)) { first, _ in first }
        XCTAssertEqual(letters, expected.bad)
        let left = try store.objects().filter { !$0.key.hasPrefix("redshift-refused/wg/dev/concert_dw/") }
        XCTAssertEqual(left.prefix(9).map(\.key), [], "of \(left.count) objects; the last error: \(loaders.lastError)")
        let refused = Dictionary(
            try store.objects("redshift-refused/").map { (ChaosLoaders.name($0.key), $0.body) }
        ) { first, _ in first }
        XCTAssertEqual(refused, loaders.corrupt)
        let counts = loaders.counts
        XCTAssertTrue(
            counts.kills > 0 && counts.loads > 0 && counts.hidden > 0 && !refused.isEmpty,
            "\(counts)\n\(loaders.lastError)")
        print(
            """
            staged chaos: \(Self.total) records (\(expected.bad.count) bad) in \(time); \(fleet.counts); loaders \(counts);
              warehouse \(try warehouse.calls().faults), bucket \(try store.faults()); wrong or missing in the warehouse \(wrong), \
            beside what belongs there \(extra); refused objects \(refused.count) of \(loaders.corrupt.count)
            """)
        if ProcessInfo.processInfo.environment["CHAOS_ERRORS"] != nil { print(loaders.lastError) }
    }

    private static func fleet(_ environment: [String: String]) -> ChaosFleet {
        let stream = ChaosStream(total: total, seed: seed) { Gzip.deflate($0) ?? [] }
        var settings = PollerSettings()
        settings.batchSize = 150
        settings.parallelizationFactor = 2
        settings.bisects = true
        return ChaosFleet(stream, settings: settings, environment: environment, seed: seed)
    }

    private func environment(
        _ warehouse: Warehouse, _ redis: RedisServer, _ proxy: FaultProxy, queue: String
    ) -> [String: String] {
        let path = URL(string: queue)?.path ?? ""
        return [
            "PROCESSORS": "redshift,cache", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL_REDSHIFT_DATA": warehouse.url,
            "AWS_ENDPOINT_URL_SQS": proxy.url, "REDSHIFT_WORKGROUP_NAME": "wg", "REDSHIFT_DATABASE": "dev",
            "CACHE_URL": "redis://127.0.0.1:\(redis.port)", "CACHE_TTL_SECONDS": "0",
            "DEAD_LETTER_QUEUE_URL": proxy.url + path,
        ]
    }

    private func addFaults(_ warehouse: Warehouse) throws {
        let passing = "1023 DETAIL: Serializable isolation violation on table - 1"
        for (fault, operation, probability) in [
            (Warehouse.Fault.throttle, "*", 0.04), (.internalError, "*", 0.03), (.drop, "*", 0.03), (.lost, "*", 0.05),
            (.fails, "BatchExecuteStatement", 0.05), (.slow, "BatchExecuteStatement", 0.06),
        ] {
            try warehouse.add(
                fault, of: operation, times: -1, probability: probability, message: passing, milliseconds: 400)
        }
    }
}

/// The final contents of the sinks.
extension ChaosTests {
    /// - Parameter isFirstArrivalExact: False for staged loads, which only know the first arrival of the rows that they load.
    private func assertWarehouse(
        _ warehouse: Warehouse, contains stream: ChaosStream, isFirstArrivalExact: Bool = true
    ) throws {
        let tables: [(ChaosStream.Kind, table: String, key: String, name: String)] = [
            (.artist, "artists", "artist_id", "name"), (.concert, "concerts", "concert_id", "name"),
            (.venue, "venues", "venue_id", "name"), (.sale, "ticket_sales", "sale_id", "customer_id"),
        ]
        for (kind, table, key, name) in tables {
            let rows = try warehouse.sql(
                """
                SELECT \(key), \(name), sequence_number, round(EXTRACT(EPOCH FROM updated_at) * 1000)::bigint, \
                round(EXTRACT(EPOCH FROM created_at) * 1000)::bigint FROM concert_dw.\(table)
                """)
            var found: [String: ChaosStream.Version] = [:]
            for row in rows {
                found[row[0] ?? ""] = ChaosStream.Version(
                    name: row[1] ?? "", sequence: row[2] ?? "", arrival: Int64(row[3] ?? "") ?? 0,
                    created: Int64(row[4] ?? "") ?? 0)
            }
            XCTAssertEqual(rows.count, found.count, "\(table): a key is there twice")
            if !isFirstArrivalExact {
                for (id, version) in stream.newest[kind] ?? [:] {
                    guard let created = found[id]?.created, (version.created...version.arrival).contains(created) else {
                        continue
                    }
                    found[id]?.created = version.created
                }
            }
            assertEqual(found, stream.newest[kind] ?? [:], table)
        }
    }

    private func assertCache(_ redis: RedisServer, contains stream: ChaosStream) throws {
        let keys = Set(try redis.cli("KEYS", "*").split(separator: "\n").map(String.init))
        let documents = keys.filter { key in
            ChaosStream.Kind.allCases.contains { key.hasPrefix("concert:\($0.rawValue):") }
        }
        var found: [ChaosStream.Kind: [String: ChaosStream.Version]] = [:]
        for key in documents {
            let parts = key.split(separator: ":")
            let kind = try XCTUnwrap(ChaosStream.Kind(rawValue: String(parts[1])), key)
            // Values that the cache does not store are taken from the model.
            let created = stream.newest[kind]?[String(parts[2])]?.created ?? 0
            found[kind, default: [:]][String(parts[2])] = ChaosStream.Version(
                name: "", sequence: "", arrival: 0, created: created)
        }
        for chunk in stride(from: 0, to: documents.count, by: 500) {
            let names = Array(Array(documents)[chunk..<min(documents.count, chunk + 500)])
            let values = try redis.cli(["--raw", "MGET"] + names).split(separator: "\n")
            XCTAssertEqual(values.count, names.count)
            for (name, value) in zip(names, values) {
                let parts = name.split(separator: ":")
                let (kind, id) = (ChaosStream.Kind(rawValue: String(parts[1])) ?? .sale, String(parts[2]))
                let document = try JSONValue(parsing: value.utf8)
                found[kind]?[id]?.name = document["name"].string ?? ""
                found[kind]?[id]?.sequence = document["_version"]["sequence"].string ?? ""
                found[kind]?[id]?.arrival = Int64(document["_version"]["arrival"].number ?? 0)
                let shard = ChaosStream.shardName(HashKey.shard(of: id, among: ChaosStream.shards))
                XCTAssertEqual(document["_version"]["shard"].string, "concerts/\(shard)", name)
            }
        }
        for kind in ChaosStream.Kind.allCases where kind != .sale {
            assertEqual(found[kind] ?? [:], stream.newest[kind] ?? [:], "cache, \(kind)")
        }
        XCTAssertNil(found[.sale])
        // The indexes contain each concert and each artist once.
        let concerts = Set((stream.newest[.concert] ?? [:]).keys)
        var indexes: Set<String> = ["concert:artists:popularity"]
        for id in concerts {
            let number = id.dropFirst("concert-".count)
            indexes.formUnion([
                "concert:artist-concerts:artist-\(number)", "concert:venue-concerts:venue-\(number)",
            ])
        }
        XCTAssertEqual(keys.subtracting(documents), indexes)
        let popular = try redis.cli("ZCARD", "concert:artists:popularity")
        XCTAssertEqual(popular, "\(stream.newest[.artist]?.count ?? 0)")
    }

    private func assertEqual(
        _ found: [String: ChaosStream.Version], _ expected: [String: ChaosStream.Version], _ what: String
    ) {
        XCTAssertEqual(found.count, expected.count, what)
        let wrong = expected.filter { found[$0.key] != $0.value }
        self.wrong += wrong.count
        extra += found.keys.count { expected[$0] == nil }
        XCTAssertEqual(wrong.count, 0, what)
        for (id, version) in wrong.prefix(5) {
            XCTFail("\(what) \(id): \(found[id].map { "\($0)" } ?? "missing"), expected \(version)")
        }
    }

    /// Returns the sequence numbers and data of all letters in the queue.
    private static func letters(_ moto: Moto, queue: String) throws -> [(String, String)] {
        var letters: [(String, String)] = []
        while true {
            let bodies = try moto.take(queue)
            guard !bodies.isEmpty else { return letters }
            for body in bodies {
                let letter = try JSONValue(parsing: body.utf8)
                letters.append((letter["sequence_number"].string ?? "", letter["data"].string ?? ""))
            }
        }
    }
}
