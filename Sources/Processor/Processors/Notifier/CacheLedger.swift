import Clients

/// A ledger in the cache, which all execution environments share: one hash per entity, `<prefix>notified:<kind>:<id>`.
///
/// The fields are the delivered state of each destination, its version, and the lease: the owner, and the end by the
/// server's clock. Each call is one script on one key, so it is atomic; calls are idempotent.
struct CacheLedger: DeliveryLedger {
    /// Clients, each used by one call at a time, so that no call waits for another one with a later deadline.
    private let clients: ClientPool<RedisClient>
    private let keyPrefix: String

    /// - Parameter makeClient: Called if no client is idle; a client connects when it is first used.
    init(keyPrefix: String, makeClient: @escaping @Sendable () -> RedisClient) {
        (clients, self.keyPrefix) = (ClientPool(makeClient), keyPrefix)
    }

    private func key(_ entity: EntityKey) -> [UInt8] {
        Array("\(keyPrefix)notified:\(entity.schema.name):".utf8) + entity.id
    }

    /// Runs `script` once for each entity.
    private func run(
        _ script: RedisScript, _ calls: [(entity: EntityKey, words: [String])], until deadline: ContinuousClock.Instant
    ) async throws -> [RESPValue] {
        let commands = calls.map { call in
            RedisCommand(script, key: key(call.entity), call.words.map { Array($0.utf8) })
        }
        let client = clients.take()
        defer { clients.giveBack(client) }
        return try await client.run(commands, until: deadline)
    }

    /// An error reply.
    private struct ReplyError: Error, CustomStringConvertible { var description: String }

    private func throwFirstError(of replies: [RESPValue]) throws {
        if let words = replies.lazy.compactMap(\.refusal).first { throw ReplyError(description: words) }
    }

    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws -> [LeaseResult] {
        let milliseconds = String(Int(duration / .milliseconds(1)))
        let names = NotificationDestination.allCases.flatMap { [$0.rawValue, Self.versionField($0)] }
        let replies = try await run(
            Self.leaseScript, entities.map { ($0, [owner, milliseconds] + names) }, until: deadline)
        return try zip(entities, replies).map { entity, reply in
            if let error = reply.errorReply {
                guard error.isAboutCommand else { throw ReplyError(description: reply.refusal ?? "") }
                return .unusable(key: key(entity), reason: "\(error.code) \(error.message)")
            }
            return reply.array.map { .held(Self.states($0)) } ?? .taken
        }
    }

    /// Returns the delivered states that a reply contains.
    ///
    /// - Parameter fields: Two for each destination.
    private static func states(_ fields: [RESPValue]) -> DeliveredStates {
        var states: DeliveredStates = [:]
        for (index, destination) in NotificationDestination.allCases.enumerated() where 2 * index + 1 < fields.count {
            // A value that cannot be parsed was not written by this program, and counts as no state.
            states[destination] = fields[2 * index].text.flatMap {
                DeliveredState($0, versionText: fields[2 * index + 1].text)
            }
        }
        return states
    }

    private static func versionField(_ destination: NotificationDestination) -> String {
        "\(destination.rawValue)-version"
    }

    func extendLeases(
        of entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws {
        let milliseconds = String(Int(duration / .milliseconds(1)))
        let calls = entities.map { ($0, [owner, milliseconds]) }
        try throwFirstError(of: await run(Self.extendScript, calls, until: deadline))
    }

    func record(_ entries: [LedgerEntry], for owner: String, until deadline: ContinuousClock.Instant) async throws {
        let calls = entries.map { entry in
            let fields = entry.states.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap {
                [$0.key.rawValue, $0.value.text, Self.versionField($0.key), $0.value.versionText]
            }
            return (entry.entity, [owner, entry.endsLease ? "1" : "0"] + fields)
        }
        try throwFirstError(of: await run(Self.recordScript, calls, until: deadline))
    }
}

/// The scripts. In each, ARGV[1] is the owner.
extension CacheLedger {
    /// The seconds until a hash expires: 400 days after the last write, longer than any stream retains records.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html>
    static let timeToLive = 400 * 86_400

    /// Acquires a lease for ARGV[2] milliseconds, and returns the values of the fields that the other arguments name; returns
    /// false if another owner holds the lease.
    private static let leaseScript = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local lease = redis.call('HMGET', KEYS[1], 'owner', 'until')
        if lease[1] and lease[1] ~= ARGV[1] and tonumber(lease[2] or '0') > now then return false end
        redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]))
        redis.call('EXPIRE', KEYS[1], \(timeToLive))
        local names = {}
        for index = 3, #ARGV do names[index - 2] = ARGV[index] end
        return redis.call('HMGET', KEYS[1], unpack(names))
        """)

    private static let extendScript = RedisScript(
        """
        if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
        local time = redis.call('TIME')
        redis.call('HSET', KEYS[1], 'until', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]))
        return 1
        """)

    /// Stores the fields and values that follow ARGV[2], which is `1` to release the lease.
    ///
    /// If the same call is repeated after it released the lease, it has no effect.
    private static let recordScript = RedisScript(
        """
        if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
        for index = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1]) end
        if ARGV[2] == '1' then redis.call('HDEL', KEYS[1], 'owner', 'until') end
        redis.call('EXPIRE', KEYS[1], \(timeToLive))
        return 1
        """)
}
