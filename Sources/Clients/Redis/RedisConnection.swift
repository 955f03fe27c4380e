import Transport

/// One connection to one server: made when it is first needed, looked at before it is used again, made anew when it broke.
///
/// Commands go out together, and their replies come back in the same order.
public actor RedisConnection {
    /// Whom to log in as.
    public struct Login: Sendable, Equatable {
        /// Nil: the default user.
        public var user: String?
        public var password: String

        public init(user: String?, password: String) { (self.user, self.password) = (user, password) }
    }

    /// What every connection begins with.
    public struct Configuration: Sendable {
        /// Asked for each time a connection is made, since it may be a token that expires.
        public var login: @Sendable () async throws -> Login? = { nil }
        public var database = 0
        public var certificateBundle: CertificateBundle?
        public var connectTimeout: Duration = .seconds(3)
        /// A connection that was idle for longer is asked whether it still lives: Lambda freezes the process in between,
        /// and what is on the way drops connections without a word.
        public var idleLimit: Duration = .seconds(5)

        public init() {}
    }

    public nonisolated let destination: ByteStream.Destination
    private let configuration: Configuration
    private let executor = BlockingExecutor(label: "redis")
    private var stream: ByteStream?
    private var waker: ByteStream.Waker?
    /// Whether the server has ever answered; one that never does may want TLS.
    private var hasAnswered = false
    private var parser = RESPParser()
    private var lastUse = ContinuousClock.now
    /// A server that is silent for less than this may simply be slow.
    private static let longSilence = Duration.seconds(1)

    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    public init(to destination: ByteStream.Destination, _ configuration: Configuration) {
        (self.destination, self.configuration) = (destination, configuration)
    }

    /// Such as `cache.example:6379`.
    public nonisolated var server: String { destination.name }

    /// Sends all commands at once and returns their replies.
    ///
    /// - Throws: ``RedisError``; nobody knows then which commands were carried out, and the connection is closed.
    public func run(_ commands: RESPCommands, until deadline: ContinuousClock.Instant) async throws -> [RESPValue] {
        let waker = try makeWaker()
        let start = ContinuousClock.now
        guard start < deadline, !Task.isCancelled else { throw RedisError.deadlinePassed(server: server) }
        return try await withTaskCancellationHandler {
            let login = needsConnection(until: deadline) ? try await configuration.login() : nil
            // Nothing is awaited from here on, so no other call comes between the commands and their replies.
            do throws(RedisError) {
                if stream == nil { try connect(login, waker, until: deadline) }
                let replies = try exchange(commands, until: deadline)
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

    /// Whether `failure` is for lack of time; a connection that takes longer than ``Configuration/connectTimeout`` alone is not.
    private func isOutOfTime(_ failure: CurlError, _ deadline: ContinuousClock.Instant) -> Bool {
        // libcurl counts in milliseconds.
        Task.isCancelled || failure.isTimeout && ContinuousClock.now + .milliseconds(2) >= deadline
    }

    /// Closes the connection; the next use looks its name up anew.
    public func close() {
        stream = nil
        parser = RESPParser()
    }

    private func makeWaker() throws(RedisError) -> ByteStream.Waker {
        if let waker { return waker }
        do throws(CurlError) {
            let waker = try ByteStream.Waker()
            self.waker = waker
            return waker
        } catch {
            throw .connection(error)
        }
    }

    /// Closes what is of no use any more, and says whether a new connection must be made.
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
        do throws(CurlError) {
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

    private func exchange(
        _ commands: RESPCommands, until deadline: ContinuousClock.Instant
    ) throws(RedisError) -> [RESPValue] {
        var replies: [RESPValue] = []
        replies.reserveCapacity(commands.count)
        do throws(CurlError) {
            try stream?.send(commands.bytes, receivingInto: &parser.buffer, until: deadline)
        } catch {
            throw .connection(error)
        }
        while replies.count < commands.count {
            if let reply = try parser.next() {
                replies.append(reply)
                continue
            }
            do throws(CurlError) { try stream?.receive(into: &parser.buffer, until: deadline) } catch {
                throw .connection(error)
            }
        }
        guard parser.isEmpty else { throw .notRESP("more replies than there were commands") }
        return replies
    }
}
