import Clients

/// Remembers in the cache, for all environments: a hash an entity, `<prefix>notified:<kind>:<id>`.
///
/// Fields are the destinations with what each was told, the versions of that, and the lease: its owner, and its end by the
/// server's clock. Each call is one script of one key, so it is atomic, and it is idempotent.
struct CacheMemory: NotificationMemory {
    /// Each is used by one call at a time, so that no call waits for one that has more time.
    private let clients: ClientPool<RedisClient>
    private let keyPrefix: String

    /// - Parameter makeClient: Called when there is no idle client; nothing connects before.
    init(keyPrefix: String, makeClient: @escaping @Sendable () -> RedisClient) {
        (clients, self.keyPrefix) = (ClientPool(makeClient), keyPrefix)
    }

    private func key(_ entity: EntityKey) -> [UInt8] {
        Array("\(keyPrefix)notified:\(entity.schema.name):".utf8) + entity.id
    }

    /// Runs `script` for each entity.
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
    private struct Refusal: Error, CustomStringConvertible { var description: String }

    private func throwFirstError(of replies: [RESPValue]) throws {
        if let words = replies.lazy.compactMap(\.refusal).first { throw Refusal(description: words) }
    }

    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws -> [LeaseAnswer] {
        let milliseconds = String(Int(duration / .milliseconds(1)))
        let names = Destination.allCases.flatMap { [$0.rawValue, Self.versionField($0)] }
        let replies = try await run(
            Self.leaseScript, entities.map { ($0, [owner, milliseconds] + names) }, until: deadline)
        return try zip(entities, replies).map { entity, reply in
            if let error = reply.errorReply {
                guard error.isAboutCommand else { throw Refusal(description: reply.refusal ?? "") }
                return .unusable(key: key(entity), reason: "\(error.code) \(error.message)")
            }
            return reply.array.map { .held(Self.states($0)) } ?? .taken
        }
    }

    /// - Parameter fields: Two for each destination.
    private static func states(_ fields: [RESPValue]) -> ToldStates {
        var states: ToldStates = [:]
        for (index, destination) in Destination.allCases.enumerated() where 2 * index + 1 < fields.count {
            // What cannot be read was not written by this program, and counts as nothing told.
            states[destination] = fields[2 * index].text.flatMap {
                ToldState($0, versionText: fields[2 * index + 1].text)
            }
        }
        return states
    }

    private static func versionField(_ destination: Destination) -> String { "\(destination.rawValue)-version" }

    func extendLeases(
        of entities: [EntityKey], for owner: String, duration: Duration, until deadline: ContinuousClock.Instant
    ) async throws {
        let milliseconds = String(Int(duration / .milliseconds(1)))
        let calls = entities.map { ($0, [owner, milliseconds]) }
        try throwFirstError(of: await run(Self.extendScript, calls, until: deadline))
    }

    func mark(_ marks: [MemoryMark], for owner: String, until deadline: ContinuousClock.Instant) async throws {
        let calls = marks.map { mark in
            let fields = mark.states.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap {
                [$0.key.rawValue, $0.value.text, Self.versionField($0.key), $0.value.versionText]
            }
            return (mark.entity, [owner, mark.endsLease ? "1" : "0"] + fields)
        }
        try throwFirstError(of: await run(Self.markScript, calls, until: deadline))
    }
}

/// The scripts. ARGV[1] is the owner in each.
extension CacheMemory {
    /// Seconds since the last write: 400 days, longer than any stream keeps a record that could come again.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html>
    static let timeToLive = 400 * 86_400

    /// ARGV[2]: for how many ms; then names of fields, whose values are returned, or false while another owner has the lease.
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

    /// ARGV[2]: whether the lease ends; then fields and values.
    ///
    /// A lease that ended is not there any more when the same mark comes a second time, and then there is nothing left to do.
    private static let markScript = RedisScript(
        """
        if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
        for index = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1]) end
        if ARGV[2] == '1' then redis.call('HDEL', KEYS[1], 'owner', 'until') end
        redis.call('EXPIRE', KEYS[1], \(timeToLive))
        return 1
        """)
}
