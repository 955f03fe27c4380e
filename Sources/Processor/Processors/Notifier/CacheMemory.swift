import Clients

/// Remembers in the cache, for all environments: a hash an entity, `<prefix>notified:<kind>:<id>`.
///
/// Fields are the destinations with what each was told, and the lease: whose it is, and until when by the server's clock.
/// Each call is one script of one key, so it is done whole or not at all, and bears being done twice.
struct CacheMemory: NotificationMemory {
    private let client: RedisClient
    private let keyPrefix: String

    /// For one call; the invocation's own deadline cancels it earlier.
    private static let timeLimit = Duration.seconds(5)

    init(_ client: RedisClient, keyPrefix: String) { (self.client, self.keyPrefix) = (client, keyPrefix) }

    private func key(_ entity: EntityKey) -> String { "\(keyPrefix)notified:\(entity.kind.rawValue):\(entity.id)" }

    /// Runs `script` for each entity; the first refusal is thrown.
    private func run(
        _ script: RedisScript, _ calls: [(entity: EntityKey, words: [String])]
    ) async throws -> [RESPValue] {
        let commands = calls.map { call in
            RedisCommand(script, key: key(call.entity), call.words.map { Array($0.utf8) })
        }
        let replies = try await client.run(commands, until: .now + Self.timeLimit)
        if let words = replies.lazy.compactMap(\.refusal).first { throw Refusal(description: words) }
        return replies
    }

    /// The server's words.
    private struct Refusal: Error, CustomStringConvertible { var description: String }

    func lease(
        _ entities: [EntityKey], for owner: String, duration: Duration
    ) async throws -> [ToldStates?] {
        let milliseconds = String(Int(duration / .milliseconds(1)))
        let names = Destination.allCases.map(\.rawValue)
        let replies = try await run(Self.leaseScript, entities.map { ($0, [owner, milliseconds] + names) })
        return replies.map { reply in
            guard let fields = reply.array else { return nil }
            var states: ToldStates = [:]
            for (destination, field) in zip(Destination.allCases, fields) {
                // What cannot be read was not written by us, and counts as nothing told.
                states[destination] = field.text.flatMap { ToldState($0) }
            }
            return states
        }
    }

    func extendLeases(of entities: [EntityKey], for owner: String, duration: Duration) async throws {
        let milliseconds = String(Int(duration / .milliseconds(1)))
        _ = try await run(Self.extendScript, entities.map { ($0, [owner, milliseconds]) })
    }

    func mark(_ marks: [MemoryMark], for owner: String) async throws {
        let calls = marks.map { mark in
            let fields = mark.states.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap {
                [$0.key.rawValue, $0.value.text]
            }
            return (mark.entity, [owner, mark.endsLease ? "1" : "0"] + fields)
        }
        _ = try await run(Self.markScript, calls)
    }
}

/// The scripts. ARGV[1] is the owner in each.
extension CacheMemory {
    /// ARGV[2]: for how many ms; then names of fields, whose values are returned, or false while somebody else has the lease.
    private static let leaseScript = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local lease = redis.call('HMGET', KEYS[1], 'owner', 'until')
        if lease[1] and lease[1] ~= ARGV[1] and tonumber(lease[2] or '0') > now then return false end
        redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]))
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
        return 1
        """)
}
