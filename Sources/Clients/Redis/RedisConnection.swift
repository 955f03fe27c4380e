import Transport

/// One connection to one server, which is opened on first use, checked before each use, and reopened after a failure.
///
/// Commands are sent together, and their replies arrive in the same order.
package actor RedisConnection {
    /// The user and password of a login.
    package struct Login: Sendable, Equatable {
        /// The user name; nil for the default user.
        package var user: String?
        package var password: String

        package init(user: String?, password: String) { (self.user, self.password) = (user, password) }
    }

    /// The settings of every connection.
    package struct Configuration: Sendable {
        /// Returns the login of a new connection; called each time, because it may be a token that expires.
        package var login: @Sendable () async throws -> Login? = { nil }
        package var database = 0
        package var certificateBundle: CertificateBundle?
        package var connectTimeout: Duration = .seconds(3)
        /// The idle time after which a connection is checked with a request before it is used: Lambda freezes the
        /// process between invocations, and network devices drop connections silently.
        package var idleLimit: Duration = .seconds(5)

        package init() {}
    }

    package nonisolated let destination: ByteStream.Destination
    private let configuration: Configuration
    private let executor = BlockingExecutor(label: "redis")
    private var stream: ByteStream?
    private var waker: ByteStream.Waker?
    /// Whether the server has ever responded; one that never does may require TLS.
    private var hasAnswered = false
    private var parser = RESPParser()
    private var lastUse = ContinuousClock.now
    /// The silence up to which a server is considered slow.
    private static let longSilence = Duration.seconds(1)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    package init(to destination: ByteStream.Destination, _ configuration: Configuration) {
        (self.destination, self.configuration) = (destination, configuration)
    }

    /// The host and port, such as `cache.example:6379`.
    package nonisolated var server: String { destination.name }

    /// Sends all commands, each with ASKING before it if it must be, and returns the replies of both.
    ///
    /// - Throws: ``RedisError``; it is then unknown which commands were processed, and the connection is closed.
    func runPipeline(of items: [Item], until deadline: ContinuousClock.Instant) async throws -> [RESPValue] {
        let waker = try makeWaker()
        let start = ContinuousClock.now
        guard start < deadline, !Task.isCancelled else { throw RedisError.deadlinePassed(server: server) }
        return try await withTaskCancellationHandler {
            let login = needsConnection(until: deadline) ? try await configuration.login() : nil
            // Nothing is awaited from here on, so no other call can interleave with the commands and their replies.
            do throws(RedisError) {
                if stream == nil { try connect(login, waker, until: deadline) }
                let replies = try exchange(items, until: deadline)
                (lastUse, hasAnswered) = (.now, true)
                return replies
            } catch {
                close()
                guard case .connection(let failure) = error, isOutOfTime(failure, deadline) else { throw error }
                let hasWaited = ContinuousClock.now - start >= Self.longSilence
                throw RedisError.timedOut(
                    server: server, mayWantTLS: hasWaited && !hasAnswered && !destination.isSecure)
            }
        } onCancel: {
            waker.wake()
        }
    }

    /// Returns whether `failure` is caused by the deadline, rather than only by ``Configuration/connectTimeout``.
    private func isOutOfTime(_ failure: TransportError, _ deadline: ContinuousClock.Instant) -> Bool {
        // libcurl's resolution is a millisecond.
        Task.isCancelled || failure.isTimeout && ContinuousClock.now + .milliseconds(2) >= deadline
    }

    /// Closes the connection; the next use resolves the name again.
    package func close() {
        stream = nil
        parser = RESPParser()
    }

    private func makeWaker() throws(RedisError) -> ByteStream.Waker {
        if let waker { return waker }
        do throws(TransportError) {
            let waker = try ByteStream.Waker()
            self.waker = waker
            return waker
        } catch {
            throw .connection(error)
        }
    }

    /// Closes an unusable connection and returns whether a new one must be opened.
    private func needsConnection(until deadline: ContinuousClock.Instant) -> Bool {
        guard stream != nil else { return true }
        if stream?.isStale ?? true {
            close()
        } else if ContinuousClock.now - lastUse > configuration.idleLimit {
            var probe = RESPCommands()
            probe.append([Array("PING".utf8)])
            let replies = try? exchange(probe, until: min(deadline, .now + .seconds(1)))
            if replies == nil { close() }
        }
        return stream == nil
    }

    private func connect(
        _ login: Login?, _ waker: ByteStream.Waker, until deadline: ContinuousClock.Instant
    ) throws(RedisError) {
        do throws(TransportError) {
            let timeout = min(configuration.connectTimeout, deadline - .now)
            stream = try ByteStream(
                to: destination, timeout: timeout, certificateBundle: configuration.certificateBundle,
                waker: waker)
        } catch {
            throw .connection(error)
        }
        var commands = RESPCommands()
        if let login {
            let user = login.user.map { [Array($0.utf8)] } ?? []
            commands.append([Array("AUTH".utf8)] + user + [Array(login.password.utf8)])
        }
        if configuration.database != 0 {
            commands.append([Array("SELECT".utf8), Array("\(configuration.database)".utf8)])
        }
        guard commands.count > 0 else { return }
        for reply in try exchange(commands, until: deadline) {
            if let message = reply.refusal { throw .refused(server: server, message: message) }
        }
    }

    /// Sends the commands in pieces, so that the server runs the first ones while the others are serialized.
    private func exchange(
        _ items: [Item], until deadline: ContinuousClock.Instant
    ) throws(RedisError) -> [RESPValue] {
        var commands = RESPCommands()
        for item in items {
            if item.isAsking { commands.append([Array("ASKING".utf8)]) }
            commands.append(item.command.arguments)
            guard commands.bytes.count >= Self.pieceSize else { continue }
            try send(commands.bytes, until: deadline)
            commands.removeBytes()
        }
        return try exchange(commands, until: deadline)
    }

    /// The size from which serialized commands are sent.
    private static let pieceSize = 64 << 10

    private func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws(RedisError) {
        do throws(TransportError) {
            try stream?.send(bytes, receivingInto: &parser.buffer, until: deadline)
        } catch {
            throw .connection(error)
        }
    }

    /// Sends the commands that have not been sent, and receives the replies of all.
    private func exchange(
        _ commands: RESPCommands, until deadline: ContinuousClock.Instant
    ) throws(RedisError) -> [RESPValue] {
        var replies: [RESPValue] = []
        replies.reserveCapacity(commands.count)
        try send(commands.bytes, until: deadline)
        while replies.count < commands.count {
            if let reply = try parser.next() {
                replies.append(reply)
                continue
            }
            do throws(TransportError) { try stream?.receive(into: &parser.buffer, until: deadline) } catch {
                throw .connection(error)
            }
        }
        guard parser.isEmpty else { throw .notRESP("more replies than there were commands") }
        return replies
    }
}
