import TestSupport
import Transport
import XCTest

@testable import Clients

/// Tests of which commands are retried, for how long, and over which connection.
final class RedisBackoffTests: XCTestCase {
    private func client(_ port: Int, _ time: FakeTime, isCluster: Bool = false) -> RedisClient {
        RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: port, isSecure: false),
            RedisConnection.Configuration(), isCluster: isCluster, backoff: time.backoff())
    }

    private static let wrapped = "ERR Error running script (call to f_872bc6701b4ac0): @user_script:1: "

    private static let transient = [
        "LOADING Redis is loading the dataset in memory", "BUSY Redis is busy running a script.",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "READONLY You can't write against a read only replica.", "CLUSTERDOWN The cluster is down",
        "TRYAGAIN Multiple keys request during rehashing of slot", "NOREPLICAS Not enough good replicas to write.",
        "OOM command not allowed when used memory > 'maxmemory'.", "MISCONF Redis is configured to save RDB snapshots",
        "ERR max number of clients reached", wrapped + "@user_script: 1: -READONLY You can't write",
        wrapped + "@user_script: 1: -OOM command not allowed.", wrapped + "-NOREPLICAS Not enough",
        "READONLY You can't write against a read only replica. script: 872bc6701b4ac0, on @user_script:1.",
        "@user_script: 14: -OOM command not allowed when used memory > 'maxmemory'.  ; key k",
    ]

    func testTransientErrorsAreRetried() async throws {
        for words in Self.transient {
            let time = FakeTime()
            let node = try ScriptedNode()
            node.answer { [weak node] _ in
                .reply(node?.requests.count ?? 0 < 4 ? "-\(words)\r\n" : "+OK\r\n")
            }
            let replies = try await client(node.port, time).run(
                [RedisCommand("SET", "k", "v")], until: .now + .seconds(60))
            XCTAssertEqual(replies, [.simple("OK")], words)
            XCTAssertEqual(
                time.pauses.withLock { $0 }, [.milliseconds(40), .milliseconds(80), .milliseconds(160)], words)
        }
    }

    func testRetriesUseAThirdOfTheTime() async throws {
        for words in Self.transient {
            let time = FakeTime()
            let node = try ScriptedNode { _ in .reply("-\(words)\r\n") }
            let replies = try await client(node.port, time).run(
                [RedisCommand("SET", "k", "v")], until: .now + .seconds(30))
            XCTAssertEqual(replies, [.error(words)])
            let total = time.pauses.withLock { $0.reduce(.zero, +) }
            XCTAssertTrue((.seconds(8)...(.seconds(10))).contains(total), "\(words): \(total)")
            XCTAssertLessThan(node.requests.count, 20, words)
        }
    }

    func testOtherErrorsAreReturnedImmediately() async throws {
        let others = [
            "WRONGTYPE Operation against a key", "NOPERM this user has no permissions",
            "ERR value is not a valid float",
            "NOAUTH Authentication required.", "ERR unknown command", "MOVED 5 127.0.0.1:1", "ASK 5 127.0.0.1:1",
            "CROSSSLOT Keys in request don't hash to the same slot", "NEWCODE of a later version", "",
            Self.wrapped + "@user_script: 1: The user executing the script can't run this command or subcommand",
            "ERR the value LOADING is odd", "loading x", "READONLYX y",
        ]
        for words in others {
            let time = FakeTime()
            let node = try ScriptedNode { _ in .reply("-\(words)\r\n") }
            let replies = try await client(node.port, time).run(
                [RedisCommand("SET", "k", "v")], until: .now + .seconds(30))
            XCTAssertEqual(replies, [.error(words)])
            XCTAssertEqual(time.pauses.withLock { $0 }, [], words)
        }
    }

    func testOnlyFailedCommandsAreResent() async throws {
        let node = try ScriptedNode()
        node.answer { [weak node] request in
            let isFirst = node?.requests.count { $0.words == request.words } == 1
            return .reply(request.words[1] == "1" && isFirst ? "-LOADING x\r\n" : "+\(request.words[1])\r\n")
        }
        let commands = (0..<3).map { RedisCommand("GET", "\($0)") }
        let replies = try await client(node.port, FakeTime()).run(commands, until: .now + .seconds(30))
        XCTAssertEqual(replies.map(\.text), ["0", "1", "2"])
        XCTAssertEqual(node.takeRequests().map(\.last), ["0", "1", "2", "1"])
    }

    /// The name of a demoted server may resolve to the new primary.
    func testReplicaCausesANewConnection() async throws {
        for words in [
            "READONLY x", Self.wrapped + "@user_script: 1: -READONLY You can't write", "MASTERDOWN Link with MASTER",
        ] {
            let node = try ScriptedNode { .reply($0.connection == 0 ? "-\(words)\r\n" : "+OK\r\n") }
            let replies = try await client(node.port, FakeTime()).run(
                [RedisCommand("SET", "k", "v")], until: .now + .seconds(30))
            XCTAssertEqual(replies, [.simple("OK")], words)
            XCTAssertEqual(node.connectionCount, 2, words)
        }
    }

    func testRefusedConnectionIsRetried() async throws {
        nonisolated(unsafe) let server = try RedisServer()
        try unsafe server.kill()
        let time = FakeTime()
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: unsafe server.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: false,
            backoff: time.backoff { if $0 == 3 { try unsafe server.start() } })
        let replies = try await client.run([RedisCommand("PING")], until: .now + .seconds(60))
        XCTAssertEqual(replies, [.simple("PONG")])
        XCTAssertEqual(time.pauses.withLock { $0.count }, 3)
    }

    func testTransientlyFailedLoginIsRetried() async throws {
        let node = try ScriptedNode {
            .reply($0.name == "AUTH" && $0.connection < 2 ? "-LOADING Redis is loading\r\n" : "+OK\r\n")
        }
        var configuration = RedisConnection.Configuration()
        configuration.login = { RedisConnection.Login(user: "u", password: "p") }
        let client = RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: node.port, isSecure: false), configuration,
            isCluster: false, backoff: FakeTime().backoff())
        let replies = try await client.run([RedisCommand("PING")], until: .now + .seconds(60))
        XCTAssertEqual(replies, [.simple("OK")])
    }

    func testErrorReportsPassedDeadline() async throws {
        let node = try ScriptedNode()
        for isCluster in [false, true] {
            do {
                let replies = try await client(node.port, FakeTime(), isCluster: isCluster).run(
                    [RedisCommand("PING")], until: .now - .seconds(1))
                XCTFail("\(replies)")
            } catch { XCTAssertEqual("\(error)", "the deadline passed before a request to \(node.address)") }
        }
        XCTAssertEqual(node.connectionCount, 0)
    }

    func testSilentServerSuggestsTLSAfterAWait() async throws {
        let node = try ScriptedNode { _ in .silence }
        for (wait, hint) in [(100, ""), (1100, "; if it requires TLS, use rediss://")] {
            do {
                let replies = try await client(node.port, FakeTime()).run(
                    [RedisCommand("PING")], until: .now + .milliseconds(wait))
                XCTFail("\(replies)")
            } catch { XCTAssertEqual("\(error)", "\(node.address) did not respond in time" + hint) }
        }
    }

    func testReplicasProvideTheSlotMap() async throws {
        let (seed, replica) = (try ScriptedNode(), try ScriptedNode())
        func map(_ master: ScriptedNode, _ replica: ScriptedNode) -> String {
            "*1\r\n*4\r\n:0\r\n:16383\r\n*2\r\n+127.0.0.1\r\n:\(master.port)\r\n*2\r\n+127.0.0.1\r\n:\(replica.port)\r\n"
        }
        let (before, after) = (map(seed, replica), map(replica, seed))
        seed.answer { .reply($0.name == "CLUSTER" ? before : "+old\r\n") }
        replica.answer { .reply($0.name == "CLUSTER" ? after : "+new\r\n") }
        let client = client(seed.port, FakeTime(), isCluster: true)
        let first = try await client.run([RedisCommand("GET", "k")], until: .now + .seconds(30))
        XCTAssertEqual(first.map(\.text), ["old"])
        seed.answer { _ in .close }
        let second = try await client.run([RedisCommand("GET", "k")], until: .now + .seconds(30))
        XCTAssertEqual(second.map(\.text), ["new"])
    }
}

final class RedisErrorReplyTests: XCTestCase {
    func testParsesErrorsOfScripts() {
        let call = "ERR Error running script (call to f_d3c21d0c2b9c): "
        let cases: [(words: String, code: String, message: String)] = [
            ("READONLY You can't", "READONLY", "You can't"), ("OOM", "OOM", ""), ("", "ERR", ""),
            ("ERR value is not a valid float", "ERR", "value is not a valid float"),
            (call + "@user_script:1: WRONGTYPE Operation", "WRONGTYPE", "Operation"),
            (call + "@user_script:1: @user_script: 1: -OOM command", "OOM", "command"),
            (call + "@user_script:12: ERR value is not", "ERR", "value is not"),
            (call + "@user_script:1: @user_script: 1: The user executing", "ERR", "The user executing"),
            ("@user_script: 7: -NOREPLICAS Not enough", "NOREPLICAS", "Not enough"),
            ("@user_script: x: -OOM", "ERR", "@user_script: x: -OOM"), ("@user_script:", "ERR", "@user_script:"),
            ("upstream failure", "ERR", "upstream failure"), ("-", "ERR", ""), ("Err x", "ERR", "Err x"),
            // Characters outside ASCII do not count.
            ("ERR unknown command 'x): @user_script:1: -OOM'", "ERR", "unknown command 'x): @user_script:1: -OOM'"),
            ("WRONGTYPE\u{301} x", "ERR", "WRONGTYPE\u{301} x"),
        ]
        for row in cases {
            let error = RedisErrorReply(row.words)
            XCTAssertEqual(error.code, row.code, row.words)
            XCTAssertEqual(error.message, row.message, row.words)
        }
    }

    func testOnlyListedErrorsAreAboutTheCommand() {
        let about = [
            "WRONGTYPE Operation against a key holding the wrong kind of value", "ERR value is not a valid float",
            "ERR Error running script (call to f_1): @user_script:1: WRONGTYPE Operation",
            "ERR value is not a valid float; key k",
            "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
        ]
        for words in about {
            XCTAssertTrue(RedisErrorReply(words).isAboutCommand, words)
            XCTAssertFalse(RedisErrorReply(words).isTransient, words)
        }
        let others = [
            "NOPERM x", "ERR The user executing the script can't run this command or subcommand; key k",
            "@user_script: 1: The user executing the script can't access at least one of the keys", "NOAUTH x",
            "ERR unknown command", "CROSSSLOT Keys", "OOM x", "ERR", "", "NOTYET x", "MOVED 1 h:1",
            "ERR the value is not a valid float",
        ]
        for words in others { XCTAssertFalse(RedisErrorReply(words).isAboutCommand, words) }
    }
}
