import TestSupport
import Transport
import XCTest

@testable import Clients

/// Tests of redirections between nodes.
final class RedisClusterTests: XCTestCase {
    private static let key = "k"
    private static let slot = HashSlot.slot(of: Array(key.utf8))

    private func client(_ seed: ScriptedNode) -> RedisClient {
        RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: seed.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: true, backoff: FakeTime().backoff())
    }

    private func get(
        _ client: RedisClient, within limit: Duration = .seconds(20), _ keys: [String] = [key]
    ) async throws -> [RESPValue] {
        try await client.run(keys.map { RedisCommand("GET", $0) }, until: .now + limit)
    }

    /// The reply to CLUSTER SLOTS.
    ///
    private static func slots(_ ranges: [(ClosedRange<Int>, Int)]) -> String {
        let lines = ranges.map { range, port in
            "*3\r\n:\(range.lowerBound)\r\n:\(range.upperBound)\r\n*3\r\n+127.0.0.1\r\n:\(port)\r\n$2\r\nid\r\n"
        }
        return "*\(ranges.count)\r\n" + lines.joined()
    }

    private static func whole(_ port: Int) -> String { slots([(0...16_383, port)]) }

    func testMovedIsFollowedAndRemembered() async throws {
        let (old, new) = (try ScriptedNode(), try ScriptedNode())
        let (before, moved) = (Self.whole(old.port), "-MOVED \(Self.slot) \(new.address)\r\n")
        let after = Self.slots([
            (0...Self.slot - 1, old.port), (Self.slot...Self.slot, new.port), (Self.slot + 1...16_383, old.port),
        ])
        old.answer { [weak old] request in
            if request.name == "CLUSTER" {
                return .reply(old?.requests.contains { $0.name == "GET" } ?? false ? after : before)
            }
            return .reply(request.words[1] == Self.key ? moved : "+there\r\n")
        }
        new.answer { _ in .reply("+here\r\n") }
        let client = client(old)
        let replies = try await get(client, ["other", Self.key, "another", Self.key])
        XCTAssertEqual(replies.map(\.text), ["there", "here", "there", "here"])
        XCTAssertEqual(old.requests.count { $0.name == "GET" }, 4)
        let count = old.requests.count { $0.name == "CLUSTER" }
        _ = try await get(client)
        _ = try await get(client)
        XCTAssertEqual(old.requests.count { $0.name == "GET" }, 4, "from now on it goes straight to the new node")
        XCTAssertEqual(old.requests.count { $0.name == "CLUSTER" }, count + 1, "others may have moved, too")
        XCTAssertEqual(new.takeRequests(), Array(repeating: ["GET", Self.key], count: 4))
    }

    func testAskIsFollowedOnlyOnce() async throws {
        let (old, new) = (try ScriptedNode(), try ScriptedNode())
        let (map, ask) = (Self.whole(old.port), "-ASK \(Self.slot) \(new.address)\r\n")
        old.answer { .reply($0.name == "CLUSTER" ? map : ask) }
        new.answer { .reply($0.name == "ASKING" ? "+OK\r\n" : "+here\r\n") }
        let client = client(old)
        for _ in 0..<2 {
            let replies = try await get(client, [Self.key, Self.key])
            XCTAssertEqual(replies.map(\.text), ["here", "here"])
            XCTAssertEqual(old.takeRequests().count, 2, "the slot is still the old node's")
            XCTAssertEqual(
                new.takeRequests(), [["ASKING"], ["GET", Self.key], ["ASKING"], ["GET", Self.key]],
                "each command needs an ASKING of its own")
        }
    }

    func testTransientFaultsAreRetried() async throws {
        for refusal in [
            "TRYAGAIN Multiple keys request", "CLUSTERDOWN The cluster is down", "READONLY You can't write",
        ] {
            let node = try ScriptedNode()
            let map = Self.whole(node.port)
            node.answer { [weak node] request in
                if request.name == "CLUSTER" { return .reply(map) }
                let tries = node?.requests.count { $0.name == "GET" } ?? 0
                return .reply(tries < 3 ? "-\(refusal)\r\n" : "+here\r\n")
            }
            let replies = try await get(client(node))
            XCTAssertEqual(replies.first?.text, "here", refusal)
        }
    }

    func testFormerPrimaryIsAbandoned() async throws {
        let (old, new) = (try ScriptedNode(), try ScriptedNode())
        let (before, after) = (Self.whole(old.port), Self.whole(new.port))
        old.answer { [weak old] request in
            guard request.name == "CLUSTER" else { return .reply("-READONLY You can't write against a replica.\r\n") }
            return .reply(old?.requests.contains { $0.name == "GET" } ?? false ? after : before)
        }
        let replies = try await get(client(old))
        XCTAssertEqual(replies.first?.text, "OK")
        XCTAssertEqual(new.takeRequests(), [["GET", Self.key]])
    }

    func testRedirectionLoopsEnd() async throws {
        let (one, other) = (try ScriptedNode(), try ScriptedNode())
        let map = Self.whole(one.port)
        let (toOther, toOne) = ("-MOVED \(Self.slot) \(other.address)\r\n", "-MOVED \(Self.slot) \(one.address)\r\n")
        one.answer { .reply($0.name == "CLUSTER" ? map : toOther) }
        other.answer { .reply($0.name == "CLUSTER" ? map : toOne) }
        let replies = try await get(client(one))
        XCTAssertEqual(replies.first?.errorReply?.code, "MOVED")
        XCTAssertLessThanOrEqual(one.takeRequests().count + other.takeRequests().count, 80, "with pauses in between")
    }

    func testPersistentErrorIsReturned() async throws {
        for refusal in ["TRYAGAIN x", "CLUSTERDOWN x", "MOVED \(Self.slot) 127.0.0.1:"] {
            let node = try ScriptedNode()
            let map = Self.whole(node.port)
            let words = refusal.hasSuffix(":") ? "\(refusal)\(node.port)" : refusal
            node.answer { .reply($0.name == "CLUSTER" ? map : "-\(words)\r\n") }
            let replies = try await get(client(node))
            XCTAssertEqual(replies, [.error(words)])
        }
    }

    func testErrorNamesLostNodeAndMapIsFetchedAgain() async throws {
        let (seed, other) = (try ScriptedNode(), try ScriptedNode())
        let dead = RedisServer.freePort()
        let (stale, fresh) = (Self.whole(dead), Self.whole(other.port))
        seed.answer { _ in .reply(stale) }
        other.answer { .reply($0.name == "CLUSTER" ? fresh : "+here\r\n") }
        let client = client(seed)
        do {
            let replies = try await get(client)
            XCTFail("\(replies)")
        } catch { XCTAssertTrue("\(error)".contains("could not connect to 127.0.0.1:\(dead)"), "\(error)") }
        seed.answer { .reply($0.name == "CLUSTER" ? fresh : "+there\r\n") }
        let replies = try await get(client)
        XCTAssertEqual(replies.first?.text, "here")
        // The seed is lost like all nodes; another known node provides the slot map.
        seed.answer { _ in .close }
        other.answer { [weak other] request in
            if request.name == "CLUSTER" { return .reply(fresh) }
            let tries = other?.requests.count { $0.name == "GET" } ?? 0
            return .reply(tries < 3 ? "-CLUSTERDOWN x\r\n" : "+here\r\n")
        }
        let later = try await get(client)
        XCTAssertEqual(later.first?.text, "here")
    }

    func testErrorReportsServerWithoutCluster() async throws {
        let words = "ERR This instance has cluster support disabled"
        let node = try ScriptedNode { .reply($0.name == "CLUSTER" ? "-\(words)\r\n" : "+here\r\n") }
        do {
            let replies = try await get(client(node))
            XCTFail("\(replies)")
        } catch { XCTAssertTrue("\(error)".contains(words) && "\(error)".contains("\(node.port)"), "\(error)") }
    }

    /// The slots according to a real cluster.
    func testSlotsEqualThoseOfARealServer() throws {
        let server = try RedisServer(lines: ["cluster-enabled yes"])
        for key in [
            "", "k", "foo{bar}{zap}", "foo{}{bar}", "{}", "}{x}", "a}b{c}", "concert:artist:{é}", "{a", "{{a}}",
        ] {
            XCTAssertEqual(try server.cli("CLUSTER", "KEYSLOT", key), "\(HashSlot.slot(of: Array(key.utf8)))", key)
        }
    }
}
