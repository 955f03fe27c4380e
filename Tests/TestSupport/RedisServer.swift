import Foundation

/// A real Redis server on free ports of 127.0.0.1, which exits with this object or with the test process.
package final class RedisServer {
    /// The version of the server.
    package enum Version: Sendable, CaseIterable {
        /// The distribution's version, 7.0 or later.
        case installed
        /// Version 6.2, which reports errors in scripts differently.
        case v6

        /// The program, which the first call installs.
        fileprivate func program() throws -> String {
            guard self == .v6 else { return "redis-server" }
            try RedisServer.installation.get()
            return Repository.root.appending(path: ".build-redis/bin/redis-server").path
        }
    }

    private static let installation = Result {
        let program = try RunningProgram(
            Repository.root.appending(path: "scripts/install-redis.sh"), [],
            environment: ProcessInfo.processInfo.environment)
        let run = try program.finish(timeLimit: 600)
        guard run.status == 0 else { throw Failure(run.notes) }
    }

    package private(set) var port = 0
    /// The TLS port; nil without TLS.
    package private(set) var tlsPort: Int?
    private let folder: TemporaryFolder
    private let extra: [String]
    private let executable: String
    private var program: RunningProgram?

    /// - Parameters:
    ///   - certificate: The path, without its extension, of a certificate and its key, in a folder with `ca.crt`.
    ///   - lines: More lines of the configuration.
    package init(_ version: Version = .installed, certificate: String? = nil, lines: [String] = []) throws {
        try Servers.require("redis-server")
        folder = try TemporaryFolder()
        executable = try version.program()
        extra = lines
        // Another process may use a free port before the server does.
        for attempt in 1... {
            try configure(certificate: certificate)
            do {
                try start()
                break
            } catch  where attempt < 5 && "\(error)".contains("Address already in use") {
                continue
            }
        }
    }

    private func configure(certificate: String?) throws {
        port = Self.freePort()
        tlsPort = certificate.map { _ in Self.freePort() }
        var configuration = [
            "bind 127.0.0.1", "port \(port)", "dir \(folder.url.path)", "save \"\"", "appendonly no", "daemonize no",
        ]
        if let certificate, let tlsPort {
            let authority = URL(filePath: certificate).deletingLastPathComponent().appending(path: "ca.crt").path
            configuration += [
                "tls-port \(tlsPort)", "tls-cert-file \(certificate).crt", "tls-key-file \(certificate).key",
                "tls-ca-cert-file \(authority)", "tls-auth-clients no",
            ]
        }
        _ = try folder.write((configuration + extra).joined(separator: "\n") + "\n", to: "redis.conf")
    }

    /// Starts an empty server after it was killed.
    package func start() throws {
        // The shell kills the server when the test process has exited, because a remaining server would disturb later
        // tests.
        let script = """
            "$1" "$0" & server=$!
            while kill -0 \(ProcessInfo.processInfo.processIdentifier) 2>/dev/null && kill -0 $server 2>/dev/null; do sleep 0.2; done
            kill -9 $server 2>/dev/null
            """
        let program = try RunningProgram(
            URL(filePath: "/bin/bash"), ["-c", script, folder.url.appending(path: "redis.conf").path, executable],
            environment: ProcessInfo.processInfo.environment)
        self.program = program
        try program.wait(timeLimit: 30) { $0.output.contains("Ready to accept connections") }
    }

    /// Sends SIGKILL.
    package func kill() throws {
        guard
            let pid = try? cli("INFO", "server").split(whereSeparator: \.isNewline).first(where: {
                $0.hasPrefix("process_id:")
            }),
            let number = Int32(pid.dropFirst(11))
        else { throw Failure("the server does not print its process ID") }
        Glibc.kill(number, SIGKILL)
        _ = try program?.finish(timeLimit: 30)
    }

    /// Sends SIGSTOP, or SIGCONT to resume.
    package func send(_ signal: Int32, to pid: Int32) { Glibc.kill(pid, signal) }

    package func processID() throws -> Int32 {
        let line = try cli("INFO", "server").split(whereSeparator: \.isNewline).first { $0.hasPrefix("process_id:") }
        guard let line, let number = Int32(line.dropFirst(11)) else { throw Failure("no process ID") }
        return number
    }

    deinit {
        guard let pid = try? processID() else { return }
        Glibc.kill(pid, SIGKILL)
        _ = try? program?.finish(timeLimit: 10)
    }

    /// Returns the output of `redis-cli` for a command.
    @discardableResult package func cli(_ words: String...) throws -> String { try cli(words) }

    @discardableResult package func cli(_ words: [String]) throws -> String {
        let user = extra.contains { $0.hasPrefix("requirepass") } ? ["-a", "admin", "--no-auth-warning"] : []
        return try Self.cli(port: port, user + words)
    }

    /// Returns the output of `redis-cli` for the server on a port; can be called on any thread.
    @discardableResult package static func cli(port: Int, _ words: [String]) throws -> String {
        let program = try RunningProgram(
            URL(filePath: "/usr/bin/env"), ["redis-cli", "-p", "\(port)"] + words,
            environment: ProcessInfo.processInfo.environment)
        let run = try program.finish(timeLimit: 30)
        guard run.status == 0 else { throw Failure("redis-cli \(words): \(run.output)\(run.notes)") }
        return run.output.trimmingCharacters(in: .newlines)
    }

    /// Returns a port without a listener, outside of the range for outgoing connections.
    package static func freePort() -> Int {
        while true {
            let port = Int.random(in: 15_000..<25_000)
            // The nodes of a cluster also use the port 10,000 above.
            if isFree(port), isFree(port + 10_000) { return port }
        }
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// A cluster of three nodes that share all slots, optionally with a replica of each.
package final class RedisCluster {
    /// The nodes; the first three own the slots at the start.
    package let nodes: [RedisServer]

    package init(hasReplicas: Bool = false) throws {
        nodes = try (0..<(hasReplicas ? 6 : 3)).map { _ in
            try RedisServer(lines: ["cluster-enabled yes", "cluster-node-timeout 2000"])
        }
        let addresses = nodes.map { "127.0.0.1:\($0.port)" }
        let replicas = hasReplicas ? ["--cluster-replicas", "1"] : []
        try nodes[0].cli(["--cluster", "create"] + addresses + replicas + ["--cluster-yes"])
        let end = ContinuousClock.now + .seconds(30)
        while try !nodes.allSatisfy({ try $0.cli("CLUSTER", "INFO").contains("cluster_state:ok") }) {
            guard ContinuousClock.now < end else { throw Failure("the cluster did not come up") }
            usleep(20_000)
        }
        // The nodes' knowledge of each other spreads with a delay.
        for node in nodes {
            while case let slots = try node.cli("CLUSTER", "SLOTS"), !nodes.allSatisfy({ slots.contains("\($0.port)") })
            {
                guard ContinuousClock.now < end else { throw Failure("the cluster's nodes do not know each other") }
                usleep(20_000)
            }
        }
    }

    /// Returns the node that owns a key's slot.
    package func owner(of key: String) throws -> RedisServer {
        let slot = try nodes[0].cli("CLUSTER", "KEYSLOT", key)
        let owner = try nodes.first { node in
            let reply = try node.cli("CLUSTER", "COUNTKEYSINSLOT", slot)
            _ = reply
            return try !node.cli("GET", key).hasPrefix("MOVED")
        }
        guard let owner else { throw Failure("no node owns slot \(slot)") }
        return owner
    }

    /// Returns the value of a key from the node that owns it.
    package func get(_ key: String) throws -> String { try owner(of: key).cli("GET", key) }
}
