import Foundation
import TestSupport
import Transport
import XCTest

@testable import Clients

/// Tests of unusual replies of servers and nodes.
final class RedisClientTests: XCTestCase {
    /// The slot map of a cluster in which one node owns all slots.
    private static let ownMap = "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:{port}\r\n"

    private func server(_ connections: [[String: [Any]]]) throws -> PythonServer {
        let script = try JSONSerialization.data(withJSONObject: connections)
        return try PythonServer("resp-server.py", [String(decoding: script, as: UTF8.self)])
    }

    private func client(_ server: PythonServer, isCluster: Bool = true) -> RedisClient {
        RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: server.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: isCluster, backoff: FakeTime().backoff())
    }

    func testRecoversFromTransientFaults() async throws {
        let slot = HashSlot.slot(of: Array("k".utf8))
        let cases: [(name: String, connections: [[String: [Any]]])] = [
            (
                "its name resolves to another server now",
                [
                    ["CLUSTER": [Self.ownMap], "SET": ["-MOVED \(slot) 127.0.0.1:{port}\r\n"]],
                    ["SET": ["+OK\r\n"]],
                ]
            ),
            (
                "an address without a host",
                [
                    ["CLUSTER": [Self.ownMap], "SET": ["-MOVED \(slot) :{port}\r\n"]],
                    ["CLUSTER": [Self.ownMap], "SET": ["+OK\r\n"]],
                ]
            ),
            (
                "a slot on its way",
                [
                    [
                        "CLUSTER": [Self.ownMap], "ASKING": ["+OK\r\n"],
                        "SET": ["-ASK \(slot) 127.0.0.1:{port}\r\n", "-TRYAGAIN for a while\r\n", "+OK\r\n"],
                    ]
                ]
            ),
            (
                "a cluster that is down for a while",
                [["CLUSTER": [Self.ownMap], "SET": ["-CLUSTERDOWN for a while\r\n", "+OK\r\n"]]]
            ),
            (
                "a replica that was the master",
                [
                    ["CLUSTER": [Self.ownMap], "SET": ["-READONLY You can't\r\n"]],
                    ["CLUSTER": [Self.ownMap], "SET": ["+OK\r\n"]],
                ]
            ),
            (
                "a node that loads its data",
                [["CLUSTER": [Self.ownMap], "SET": ["-LOADING Redis is\r\n", "-LOADING Redis is\r\n", "+OK\r\n"]]]
            ),
            (
                "a node that does not know where it is",
                [["CLUSTER": ["*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n_\r\n:{port}\r\n"], "SET": ["+OK\r\n"]]]
            ),
        ]
        for row in cases {
            let server = try server(row.connections)
            let replies = try await client(server).run([RedisCommand("SET", "k", "v")], until: .now + .seconds(20))
            XCTAssertEqual(replies, [.simple("OK")], row.name)
        }
    }

    func testReturnsPermanentErrors() async throws {
        let slot = HashSlot.slot(of: Array("k".utf8))
        let cases = [
            "OOM command not allowed", "LOADING Redis is loading", "WRONGTYPE Operation", "MOVED", "MOVED 5",
            "MOVED \(slot) nowhere", "ASK x y", "NOPERM this user", "MOVED \(slot) h:0", "",
        ]
        for words in cases {
            let server = try server([["CLUSTER": [Self.ownMap], "SET": ["-\(words)\r\n"]]])
            let replies = try await client(server).run([RedisCommand("SET", "k", "v")], until: .now + .seconds(20))
            XCTAssertEqual(replies, [.error(words)])
        }
    }

    func testScriptSourceIsSentOnce() async throws {
        let server = try RedisServer()
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: server.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: false)
        let script = RedisScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        for round in 1...2 {
            let commands = (0..<100).map { RedisCommand(script, key: Array("k\($0 % 10)".utf8), [Array("2".utf8)]) }
            let replies = try await client.run(commands, until: .now + .seconds(20))
            XCTAssertEqual(replies.last, .integer(Int64(20 * round)))
            try server.cli("SCRIPT", "FLUSH")
        }
        let statistics = try server.cli("INFO", "commandstats")
        XCTAssertTrue(statistics.contains("cmdstat_eval:calls=2,"), statistics)
        XCTAssertFalse(statistics.contains("cmdstat_script|load"), statistics)
        let broken = RedisCommand(RedisScript("return nonsense("), key: Array("k".utf8), [])
        let replies = try await client.run([broken], until: .now + .seconds(20))
        XCTAssertEqual(replies.first?.errorReply?.code, "ERR", "\(replies)")
    }

    /// Through a proxy, each command may reach another server.
    func testUnknownScriptIsSentWithEachCommand() async throws {
        let node = try ScriptedNode { .reply($0.name == "EVALSHA" ? "-NOSCRIPT No matching script.\r\n" : "+OK\r\n") }
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: node.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: false)
        let script = RedisScript("return 1")
        let commands = (0..<3).map { RedisCommand(script, key: Array("k\($0)".utf8), []) }
        let replies = try await client.run(commands, until: .now + .seconds(20))
        XCTAssertEqual(replies, Array(repeating: .simple("OK"), count: 3))
        XCTAssertEqual(
            node.takeRequests().compactMap(\.first),
            ["EVALSHA", "EVALSHA", "EVALSHA", "EVAL", "EVALSHA", "EVALSHA", "EVAL", "EVAL"])
    }

    /// Neither side can send all of its data before the other one reads.
    func testReceivesRepliesWhileSending() async throws {
        let server = try server([["SET": [100_000]]])
        let command = RedisCommand([Array("SET".utf8), Array("k".utf8), Array(repeating: 7, count: 100_000)])
        let replies = try await client(server, isCluster: false).run(
            Array(repeating: command, count: 300), until: .now + .seconds(60))
        XCTAssertEqual(replies.count, 300)
        XCTAssertEqual(replies.last, .bytes(Array(repeating: UInt8(ascii: "x"), count: 100_000)))
    }

    func testCancellationEndsTheWait() async throws {
        let server = try RedisServer()
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: server.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: false)
        let task = Task { try await client.run([RedisCommand("BLPOP", "k", "0")], until: .now + .seconds(3600)) }
        while try !server.cli("INFO", "clients").contains("blocked_clients:1") {}
        task.cancel()
        let result = await task.result
        XCTAssertThrowsError(try result.get()) { error in
            XCTAssertEqual(
                "\(error)", "127.0.0.1:\(server.port) did not respond in time", "for less than a second")
        }
        let replies = try await client.run([RedisCommand("PING")], until: .now + .seconds(20))
        XCTAssertEqual(replies, [.simple("PONG")], "a new connection")
    }

    func testFetchesSlotsFromOtherNodesIfTheSeedIsGone() async throws {
        let cluster = try RedisCluster()
        for node in cluster.nodes { try node.cli("CONFIG", "SET", "cluster-require-full-coverage", "no") }
        let seed = cluster.nodes[0]
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: seed.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: true, backoff: FakeTime().backoff())
        let commands = (0..<60).map { RedisCommand("SET", "k\($0)", "v") }
        let replies = try await client.run(commands, until: .now + .seconds(20))
        XCTAssertEqual(Set(replies.compactMap(\.text)), ["OK"])
        try seed.kill()
        do {
            _ = try await client.run(commands, until: .now + .seconds(20))
            XCTFail("a third of the slots is gone")
        } catch {
            XCTAssertTrue("\(error)".contains("127.0.0.1:\(seed.port)"), "\(error)")
        }
        // The first node owns the first third of the slots.
        let others = commands.filter { $0.slot > HashSlot.count / 2 }
        let again = try await client.run(others, until: .now + .seconds(20))
        XCTAssertEqual(Set(again.compactMap(\.text)), ["OK"])
        try seed.start()
    }
}

final class SlotMapTests: XCTestCase {
    private let asked = ByteStream.Destination(host: "seed.example", port: 7000, isSecure: true)

    func testParsesAddresses() {
        let cases: [(text: String, host: String?, port: Int)] = [
            ("10.0.0.7:6379", "10.0.0.7", 6379), (":6379", "seed.example", 6379), ("?:1", "seed.example", 1),
            ("::1:6379", "::1", 6379), ("node.example:65535", "node.example", 65_535), ("h:0", nil, 0),
            ("h:65536", nil, 0), ("h", nil, 0), ("", nil, 0), ("h:x", nil, 0), ("h:", nil, 0),
        ]
        for row in cases {
            let node = SlotMap.node(row.text[...], seenFrom: asked)
            let expected = row.host.map { ByteStream.Destination(host: $0, port: row.port, isSecure: true) }
            XCTAssertEqual(node, expected, row.text)
        }
    }

    func testIgnoresInvalidRanges() {
        func range(_ first: Int64, _ last: Int64, _ host: RESPValue, _ port: Int64) -> RESPValue {
            .array([.integer(first), .integer(last), .array([host, .integer(port)])])
        }
        let map = SlotMap(
            .array([
                range(0, 9, .bytes(Array("a".utf8)), 1), range(20, 10, .bytes(Array("b".utf8)), 1),
                range(30, 16_384, .bytes(Array("b".utf8)), 1), range(-1, 5, .bytes(Array("b".utf8)), 1),
                range(40, 41, .null, 7), range(50, 51, .bytes(Array("b".utf8)), 0), .null, .array([]),
                .array([.integer(1), .integer(2), .array([])]),
            ]), seenFrom: asked)
        XCTAssertEqual(map[9]?.host, "a")
        XCTAssertEqual(map[40]?.name, "seed.example:7")
        XCTAssertEqual(map.nodes.count, 2)
        for slot in [10, 15, 30, 50, -1, 16_384] { XCTAssertNil(map[slot], "\(slot)") }
        var moved = map
        moved.move(10, to: asked)
        moved.move(99_999, to: asked)
        XCTAssertEqual(moved[10], asked)
        XCTAssertTrue(moved.isOutdated)
        XCTAssertTrue(SlotMap(.error("ERR"), seenFrom: asked).nodes.isEmpty)
    }
}
