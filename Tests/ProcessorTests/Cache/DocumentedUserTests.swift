import Clients
import TestSupport
import Transport
import XCTest

@testable import Processor

/// Exactly the permissions that the documentation lists; all other test classes write as this user.
final class DocumentedUserTests: CacheTestCase {
    func testEveryDocumentedPermissionIsUsed() async throws {
        let server = try redis.server()
        var configuration = RedisConnection.Configuration()
        configuration.login = {
            RedisConnection.Login(user: DocumentedUser.name, password: DocumentedUser.password)
        }
        // Each run first checks whether the connection is alive.
        configuration.idleLimit = .zero
        configuration.database = 1
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: server.port, isSecure: false), configuration,
            isCluster: false)
        for (number, inSteps) in [false, true, false].enumerated() {
            let artistID = number == 1 ? "b" : "a"
            let event = EventText([record(concert("c", artist: artistID), "\(number + 1)")])
            let outcomes = try await write(event, by: updater(client, inSteps: inSteps))
            XCTAssertNil(outcomes.firstFailureReason)
        }
        let ledger = CacheLedger(keyPrefix: "concert:", makeClient: { client })
        let entity = EntityKey(Concert.schema, id: Array("c".utf8))
        let end = ContinuousClock.now + .seconds(30)
        _ = try await ledger.lease([entity], for: "one", duration: .seconds(1), until: end)
        try await ledger.extendLeases(of: [entity], for: "one", duration: .seconds(1), until: end)
        try await ledger.record([LedgerEntry(entity: entity, states: [:], endsLease: true)], for: "one", until: end)
        let state = DeliveredState(
            version: RecordVersion(arrival: 1, sequenceNumber: .zero), facts: .artist(score: "1", isPopular: false))
        _ = try await ledger.lease([entity], for: "one", duration: .seconds(1), until: end)
        try await ledger.record(
            [LedgerEntry(entity: entity, states: [.topic: state], endsLease: false)], for: "one", until: end)

        let statistics = try server.cli("INFO", "commandstats")
        for rule in try DocumentedUser.rules() where rule.hasPrefix("+") {
            let command = rule.dropFirst()
            // Used only with clusters.
            if ["cluster|slots", "asking"].contains(command) { continue }
            XCTAssertTrue(statistics.contains("cmdstat_\(command):"), "\(command) is not used")
        }
    }

    func testDocumentedUserWorksInACluster() async throws {
        let cluster = try RedisCluster()
        for node in cluster.nodes { try node.cli(["ACL", "SETUSER", DocumentedUser.name] + DocumentedUser.rules()) }
        var configuration = RedisConnection.Configuration()
        configuration.login = {
            RedisConnection.Login(user: DocumentedUser.name, password: DocumentedUser.password)
        }
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: cluster.nodes[0].port, isSecure: false), configuration,
            isCluster: true)
        for version in 1...2 {
            let event = EventText(
                (0..<50).map { record(concert("c\($0)", artist: "a\(version)", venue: "v"), "\(version)") })
            let outcomes = try await write(event, by: updater(client, inSteps: true))
            XCTAssertNil(outcomes.firstFailureReason)
        }
        XCTAssertEqual(try cluster.owner(of: "concert:concert:c7").cli("EXISTS", "concert:concert:c7"), "1")
    }
}
