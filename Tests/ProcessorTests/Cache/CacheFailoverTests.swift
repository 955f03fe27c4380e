import Clients
import Foundation
import Synchronization
import TestSupport
import Transport
import XCTest

@testable import Processor

/// Servers that are demoted, replaced or restarted during batches: no batch fails.
final class CacheFailoverTests: CacheTestCase {
    private func event(_ version: Int) -> EventText {
        EventText((0..<200).map { record(concert("c\($0)", artist: "a\($0 % 7)", venue: "v"), "\(version)") })
    }

    /// The name of the server resolves to another one after it was demoted, as with ElastiCache.
    func testReconnectsAfterTheServerIsDemoted() async throws {
        try await onEachServer {
            nonisolated(unsafe) let (old, new) = (try redis.server(), try redis.server())
            let folder = try TemporaryFolder()
            let target = try folder.write("\(unsafe old.port)", to: "port")
            let proxy = try PythonServer("redis-proxy.py", [target])
            let time = FakeTime()
            var configuration = RedisConnection.Configuration()
            configuration.login = {
                RedisConnection.Login(user: DocumentedUser.name, password: DocumentedUser.password)
            }
            let name = ByteStream.Destination(host: "127.0.0.1", port: proxy.port, isSecure: false)
            let newPort = unsafe new.port
            for inSteps in [false, true] {
                let isMoved = Mutex(false)
                let client = RedisClient(
                    to: name, configuration, isCluster: false,
                    backoff: time.backoff { _ in
                        // The name changes only after the demotion was noticed.
                        guard !isMoved.withLock({ $0 }) else { return }
                        isMoved.withLock { $0 = true }
                        try "\(newPort)".write(toFile: target, atomically: true, encoding: .utf8)
                    })
                let updater = try updater(client, inSteps: inSteps)
                try "\(unsafe old.port)".write(toFile: target, atomically: true, encoding: .utf8)
                var outcomes = try await write(event(1), by: updater)
                XCTAssertNil(outcomes.firstFailureReason)
                try unsafe old.cli("REPLICAOF", "127.0.0.1", "\(newPort)")
                outcomes = try await write(event(2), by: updater)
                XCTAssertNil(outcomes.firstFailureReason, "\(outcomes[0])")
                XCTAssertTrue(isMoved.withLock { $0 })
                XCTAssertEqual(try unsafe new.cli("ZCARD", "concert:venue-concerts:v"), "200")
                try unsafe old.cli("REPLICAOF", "NO", "ONE")
                try unsafe old.cli("FLUSHALL")
                try unsafe new.cli("FLUSHALL")
            }
        }
    }

    func testWaitsForAServerThatLoadsItsData() async throws {
        nonisolated(unsafe) let server = try redis.server()
        let updater = try updater(redis.client(unsafe server))
        try await write(event(1), by: updater)
        // Loading each key takes time, and the server replies to clients in between.
        try unsafe server.cli("DEBUG", "POPULATE", "3000", "other", "100")
        try unsafe server.cli("CONFIG", "SET", "key-load-delay", "1000")
        try unsafe server.cli("CONFIG", "SET", "loading-process-events-interval-bytes", "1024")
        let port = unsafe server.port
        DispatchQueue.global().async { _ = try? RedisServer.cli(port: port, ["DEBUG", "RELOAD"]) }
        try Self.wait(for: port, "GET", "x") { $0.hasPrefix("LOADING") }
        let outcomes = try await write(event(2), by: updater, within: 60)
        XCTAssertNil(outcomes.firstFailureReason, "\(outcomes[0])")
        XCTAssertTrue(try unsafe server.cli("GET", "concert:concert:c7").contains(#""sequence":"2""#))
    }

    /// Repeats a command until the server returns the expected reply.
    private static func wait(for port: Int, _ command: String..., until isWanted: (String) -> Bool) throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let answer = try RedisServer.cli(port: port, command)
            if isWanted(answer) { return }
            guard ContinuousClock.now < end else { throw Failure("\(command) is still answered with \(answer)") }
        }
    }

    func testSurvivesReplacementOfAllClusterMasters() async throws {
        let cluster = try RedisCluster(hasReplicas: true)
        let ports = cluster.nodes.map(\.port)
        let time = FakeTime()
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: ports[0], isSecure: false),
            RedisConnection.Configuration(), isCluster: true,
            backoff: time.backoff { if $0 == 1 { try Self.promote(ports.suffix(3), instead: ports.prefix(3)) } })
        let updater = try updater(client, inSteps: true)
        let first = try await write(event(1), by: updater)
        XCTAssertNil(first.firstFailureReason)
        XCTAssertEqual(time.pauses.withLock { $0.count }, 0)
        for node in cluster.nodes.prefix(3) { try node.kill() }
        let second = try await write(event(2), by: updater, within: 60)
        XCTAssertNil(second.firstFailureReason, "\(second[0])")
        let replies = try await client.run(
            [RedisCommand("ZCARD", "concert:venue-concerts:v")], until: .now + .seconds(10))
        XCTAssertEqual(replies, [.integer(200)])
    }

    /// Promotes replicas, and waits until all nodes have noticed the loss of the others.
    private static func promote(_ ports: ArraySlice<Int>, instead old: ArraySlice<Int>) throws {
        for port in ports { try RedisServer.cli(port: port, ["CLUSTER", "FAILOVER", "TAKEOVER"]) }
        for port in ports {
            try wait(for: port, "CLUSTER", "SLOTS") { slots in !old.contains { slots.contains("\($0)") } }
            try wait(for: port, "CLUSTER", "INFO") { $0.contains("cluster_state:ok") }
        }
    }
}
