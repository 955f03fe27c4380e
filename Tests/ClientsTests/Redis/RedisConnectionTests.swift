import Basics
import Foundation
import Telemetry
import TestSupport
import Transport
import XCTest

@testable import Clients

/// Tests of connections to a real server: TLS, logins, errors.
final class RedisConnectionTests: XCTestCase {
    private func certificates() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let program = try RunningProgram(
            URL(filePath: "/bin/bash"),
            [Repository.root.appending(path: "Tests/Support/make-certificates.sh").path, folder.url.path],
            environment: ProcessInfo.processInfo.environment)
        XCTAssertEqual(try program.finish().status, 0)
        return folder
    }

    /// Returns the reply to PING: `PONG`, or the error's text.
    private func ping(
        host: String = "127.0.0.1", port: Int, isSecure: Bool = false, bundle: String? = nil,
        login: RedisConnection.Login? = nil, database: Int = 0
    ) async -> String {
        var configuration = RedisConnection.Configuration()
        configuration.certificateBundle = bundle.map(CertificateBundle.init(path:))
        configuration.login = { login }
        configuration.database = database
        configuration.connectTimeout = .milliseconds(1500)
        let client = RedisClient(
            to: ByteStream.Destination(host: host, port: port, isSecure: isSecure), configuration, isCluster: false)
        do {
            let replies = try await client.run([RedisCommand("PING")], until: .now + .seconds(5))
            return replies.first?.text ?? replies.first?.refusal ?? "nothing"
        } catch {
            return "\(error)"
        }
    }

    func testVerifiesTheCertificateAndTheHost() async throws {
        let folder = try certificates()
        let path = folder.url.path
        let server = try RedisServer(certificate: "\(path)/localhost")
        let port = try XCTUnwrap(server.tlsPort)
        let good = await ping(port: port, isSecure: true, bundle: "\(path)/ca.crt")
        XCTAssertEqual(good, "PONG")
        let byName = await ping(host: "localhost", port: port, isSecure: true, bundle: "\(path)/ca.crt")
        XCTAssertEqual(byName, "PONG")
        let wrongAuthority = await ping(port: port, isSecure: true, bundle: "\(path)/other-ca.crt")
        XCTAssertTrue(wrongAuthority.contains("curl error 60"), wrongAuthority)
        let none = await ping(port: port, isSecure: true)
        XCTAssertTrue(none.contains("set AWS_CA_BUNDLE"), none)
        let missing = await ping(port: port, isSecure: true, bundle: "\(path)/no-such.crt")
        XCTAssertTrue(missing.contains("curl error 77"), missing)
        let plainToTLS = await ping(port: port)
        XCTAssertTrue(plainToTLS.contains("curl error") || plainToTLS.contains("not a Redis server"), plainToTLS)
        let tlsToPlain = await ping(port: server.port, isSecure: true, bundle: "\(path)/ca.crt")
        XCTAssertTrue(tlsToPlain.contains("127.0.0.1:\(server.port)"), tlsToPlain)
        let elsewhere = try RedisServer(certificate: "\(path)/elsewhere")
        let wrongHost = await ping(
            port: try XCTUnwrap(elsewhere.tlsPort), isSecure: true, bundle: "\(path)/ca.crt")
        XCTAssertTrue(wrongHost.contains("curl error 60"), wrongHost)
    }

    /// TLS buffers bytes that the socket no longer shows, and sends in parts.
    func testLargePipelinesWorkOverTLS() async throws {
        let folder = try certificates()
        let path = folder.url.path
        let server = try RedisServer(certificate: "\(path)/localhost")
        var configuration = RedisConnection.Configuration()
        configuration.certificateBundle = CertificateBundle(path: "\(path)/ca.crt")
        let port = try XCTUnwrap(server.tlsPort)
        let client = RedisClient(
            to: ByteStream.Destination(host: "localhost", port: port, isSecure: true), configuration, isCluster: false)
        let values = (0..<300).map { Array(repeating: UInt8($0 % 251), count: 40_000 + $0) }
        let writes = values.enumerated().map {
            RedisCommand([Array("SET".utf8), Array("k\($0)".utf8), $1])
        }
        let reads = values.indices.map { RedisCommand("GET", "k\($0)") }
        let replies = try await client.run(writes + reads, until: .now + .seconds(60))
        XCTAssertEqual(replies, values.map { _ in .simple("OK") } + values.map { .bytes($0) })
    }

    func testLogsInAndNeverShowsThePassword() async throws {
        let server = try RedisServer(lines: [
            "requirepass admin", "user writer on >pass:word/é ~concert:* +@all -@admin",
        ])
        let cases: [(login: RedisConnection.Login?, database: Int, words: String)] = [
            (.init(user: nil, password: "admin"), 0, "PONG"),
            (.init(user: "writer", password: "pass:word/é"), 0, "PONG"),
            (.init(user: nil, password: "admin"), 3, "PONG"), (nil, 0, "NOAUTH"),
            (.init(user: "writer", password: "wrong-text"), 0, "refused the connection: WRONGPASS"),
            (.init(user: nil, password: "admin"), 99, "refused the connection: ERR DB index"),
        ]
        for row in cases {
            let words = await ping(port: server.port, login: row.login, database: row.database)
            XCTAssertTrue(words.contains(row.words), words)
            XCTAssertFalse(words.contains("wrong-text"), words)
        }
        let unreachable = await ping(port: RedisServer.freePort())
        XCTAssertTrue(unreachable.contains("could not connect to 127.0.0.1"), unreachable)
    }

    func testTokensEqualThoseOfBotocore() throws {
        let credentials = AWSCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            sessionToken: "to/ken+==")
        let token = ElastiCacheToken.token(
            user: "web user", host: "master.my-cache.abc.use1.cache.amazonaws.com", region: "us-east-1",
            credentials: credentials, at: WallClock(millisecondsSinceEpoch: 1_440_938_160_000))
        let script = """
            import datetime, botocore.auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
            class Frozen(datetime.datetime):
                @classmethod
                def utcnow(cls): return cls(2015, 8, 30, 12, 36)
                @classmethod
                def now(cls, tz=None): return cls(2015, 8, 30, 12, 36, tzinfo=tz)
            botocore.auth.datetime = type("d", (), {"datetime": Frozen})
            botocore.auth.get_current_datetime = lambda *a, **k: Frozen.utcnow()
            c = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "to/ken+==")
            r = AWSRequest("GET", "https://my-cache/", params={"Action": "connect", "User": "web user"})
            botocore.auth.SigV4QueryAuth(c, "elasticache", "us-east-1", expires=900).add_auth(r)
            print(r.url)
            """
        let program = try RunningProgram(
            Moto.python(), ["-c", script], environment: ProcessInfo.processInfo.environment)
        let run = try program.finish()
        XCTAssertEqual(run.status, 0, run.notes)
        func items(_ url: String) -> Set<String> {
            Set(
                url.trimmingCharacters(in: .newlines).split(separator: "?").last?.split(separator: "&").map {
                    $0.replacingOccurrences(of: "+", with: "%20")
                } ?? [])
        }
        XCTAssertEqual(items(token), items(run.output))
        XCTAssertTrue(token.hasPrefix("my-cache/?"), token)
        for (host, name) in [
            ("my-cache-abc123.serverless.use1.cache.amazonaws.com", "my-cache"),
            ("group.x.ng.0001.use1.cache.amazonaws.com", "group"),
            ("clustercfg.group.x.use1.cache.amazonaws.com", "group"),
        ] {
            XCTAssertEqual(ElastiCacheToken.cacheName(host), name)
        }
    }
}
