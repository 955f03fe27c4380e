import TestSupport
import Transport
import XCTest

@testable import Clients

/// Tests of pipelines over slow, broken and silent connections.
final class RedisPipelineTests: XCTestCase {
    private func client(_ node: ScriptedNode) -> RedisClient {
        RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: node.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: false, backoff: FakeTime().backoff())
    }

    private func echo(_ count: Int) -> [RedisCommand] { (0..<count).map { RedisCommand("ECHO", "\($0)") } }

    private func numbers(_ count: Int) -> [String?] { (0..<count).map { "\($0)" } }

    private static func echoed(_ request: ScriptedNode.Request) -> String { "+\(request.words[1])\r\n" }

    func testRepliesReceivedByteByByteMatchTheirCommands() async throws {
        let node = try ScriptedNode { .drip("$\($0.words[1].utf8.count)\r\n\($0.words[1])\r\n") }
        let replies = try await client(node).run(echo(50), until: .now + .seconds(20))
        XCTAssertEqual(replies.map(\.text), numbers(50))
    }

    func testInterruptedPipelineIsResent() async throws {
        let node = try ScriptedNode { request in
            request.connection == 0 && request.position == 3 ? .close : .reply(Self.echoed(request))
        }
        let client = client(node)
        let replies = try await client.run(echo(5), until: .now + .seconds(20))
        XCTAssertEqual(replies.map(\.text), numbers(5), "no reply of the first connection is left")
        XCTAssertEqual(node.connectionCount, 2)
        _ = try await client.run(echo(5), until: .now + .seconds(20))
        XCTAssertEqual(node.connectionCount, 2, "and that one is kept")
    }

    func testErrorOfRepeatedInterruptionsNamesTheServer() async throws {
        let node = try ScriptedNode { $0.position == 3 ? .close : .reply(Self.echoed($0)) }
        do {
            let replies = try await client(node).run(echo(5), until: .now + .seconds(20))
            XCTFail("\(replies)")
        } catch { XCTAssertTrue("\(error)".contains(node.address), "\(error)") }
        XCTAssertGreaterThan(node.connectionCount, 2, "renewed for a third of the time")
    }

    /// After an unexpected reply, every later one would be assigned to the wrong command.
    func testProtocolErrorClosesTheConnection() async throws {
        for extra in ["+OK\r\n+OK\r\n", "HTTP/1.1 400 Bad Request\r\n", "*99999999\r\n", "$-5\r\n"] {
            let node = try ScriptedNode { .reply($0.connection == 0 ? extra : "+\($0.words[1])\r\n") }
            let client = client(node)
            do {
                let replies = try await client.run(echo(1), until: .now + .seconds(20))
                XCTFail("\(replies)")
            } catch { XCTAssertTrue("\(error)".contains("not a Redis server"), "\(error)") }
            let replies = try await client.run(echo(3), until: .now + .seconds(20))
            XCTAssertEqual(replies.map(\.text), numbers(3))
            XCTAssertEqual(node.connectionCount, 2)
        }
    }

    func testSilenceEndsAtTheDeadlineAndLateRepliesAreIgnored() async throws {
        let node = try ScriptedNode { $0.connection == 0 && $0.position == 2 ? .silence : .reply(Self.echoed($0)) }
        let client = client(node)
        do {
            let replies = try await client.run(echo(5), until: .now + .milliseconds(200))
            XCTFail("\(replies)")
        } catch { XCTAssertTrue("\(error)".hasPrefix("\(node.address) did not respond in time"), "\(error)") }
        let replies = try await client.run(echo(5), until: .now + .seconds(20))
        XCTAssertEqual(replies.map(\.text), numbers(5))
    }

    func testEveryConnectionStartsWithLoginAndDatabase() async throws {
        let node = try ScriptedNode { $0.connection == 0 && $0.position == 3 ? .close : .reply("+OK\r\n") }
        var configuration = RedisConnection.Configuration()
        configuration.login = { RedisConnection.Login(user: "u", password: "p w") }
        configuration.database = 7
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: node.port, isSecure: false), configuration,
            isCluster: false, backoff: FakeTime().backoff())
        _ = try await client.run(echo(2), until: .now + .seconds(20))
        let start = [["AUTH", "u", "p w"], ["SELECT", "7"], ["ECHO", "0"], ["ECHO", "1"]]
        XCTAssertEqual(node.takeRequests(), start + start)
    }

    /// A connection that was dropped while the process was frozen is only silent.
    func testIdleConnectionIsCheckedBeforeUse() async throws {
        for isDropped in [false, true] {
            let node = try ScriptedNode { request in
                guard request.name == "PING" else { return .reply(Self.echoed(request)) }
                return isDropped ? .silence : .reply("+PONG\r\n")
            }
            var configuration = RedisConnection.Configuration()
            configuration.idleLimit = .zero
            let client = RedisClient(
                to: ByteStream.Destination(host: "127.0.0.1", port: node.port, isSecure: false), configuration,
                isCluster: false)
            for _ in 0..<2 {
                let replies = try await client.run(echo(2), until: .now + .seconds(20))
                XCTAssertEqual(replies.map(\.text), numbers(2))
            }
            XCTAssertEqual(node.connectionCount, isDropped ? 2 : 1)
            XCTAssertEqual(node.takeRequests().map(\.first), ["ECHO", "ECHO", "PING", "ECHO", "ECHO"])
        }
    }
}
