import Clients
import Synchronization
import TestSupport
import Transport

/// Servers and clients that log in as the documented user.
final class RedisAccess {
    /// The setup that a test runs with.
    enum Setup: Sendable, CaseIterable {
        /// The server of the Linux distribution.
        case direct
        /// Redis 6.2, through a proxy that rejects SCRIPT.
        case oldBehindProxy
    }

    private let setup: Setup
    private var proxies: [Int: PythonServer] = [:]

    init(_ setup: Setup) { self.setup = setup }

    private var version: RedisServer.Version { setup == .direct ? .installed : .v6 }

    /// Debug commands are allowed.
    func server(_ lines: [String] = []) throws -> RedisServer {
        // Redis 6.2 always allows them.
        let debug = version == .v6 ? [] : ["enable-debug-command yes"]
        return try RedisServer(version, lines: [try DocumentedUser.configuration()] + debug + lines)
    }

    /// The port that clients connect to.
    func port(of server: RedisServer) throws -> Int {
        guard setup == .oldBehindProxy else { return server.port }
        if let proxy = proxies[server.port] { return proxy.port }
        let proxy = try PythonServer("redis-proxy.py", ["\(server.port)"])
        proxies[server.port] = proxy
        return proxy.port
    }

    func client(_ server: RedisServer, backoff: RedisBackoff = RedisBackoff()) throws -> RedisClient {
        var configuration = RedisConnection.Configuration()
        configuration.login = {
            RedisConnection.Login(user: DocumentedUser.name, password: DocumentedUser.password)
        }
        return RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: try port(of: server), isSecure: false), configuration,
            isCluster: false, backoff: backoff)
    }

    /// A client with all permissions.
    func administrator(_ server: RedisServer) -> RedisClient {
        RedisClient(
            to: ByteStream.Destination(host: "127.0.0.1", port: server.port, isSecure: false),
            RedisConnection.Configuration(), isCluster: false)
    }

}
