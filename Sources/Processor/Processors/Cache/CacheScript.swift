import Clients

/// The compare-and-set that keeps an older version from replacing a newer one.
enum CacheScript {
    /// Stores ARGV[3] at KEYS[1] unless what is there is newer than arrival ARGV[1] and sequence number ARGV[2].
    ///
    /// Returns nil when it was stored, else what is there. Sequence numbers have up to 128 digits and are compared as text:
    /// Lua's numbers would make many of them equal. What is not a document of ours is replaced. ARGV[4] is the time to live in
    /// seconds, 0 for none.
    static let script = RedisScript(
        """
        local stored = redis.pcall('GET', KEYS[1])
        if type(stored) == 'string' then
          local isJSON, document = pcall(cjson.decode, stored)
          local version = isJSON and type(document) == 'table' and document['_version']
          if type(version) == 'table' and type(version['arrival']) == 'number' and type(version['sequence']) == 'string' then
            local arrival, sequence = tonumber(ARGV[1]), ARGV[2]
            local there = version['sequence']
            if version['arrival'] > arrival or (version['arrival'] == arrival and
                (#there > #sequence or (#there == #sequence and there > sequence))) then
              return stored
            end
          end
        end
        if ARGV[4] == '0' then
          redis.call('SET', KEYS[1], ARGV[3])
        else
          redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
        end
        return false
        """)

    static func call(_ entry: CacheEntry, timeToLive: Int) -> RedisScript.Call {
        RedisScript.Call(
            entry.key,
            [
                Array(String(entry.version.arrival).utf8), Array(entry.version.sequence.digits.utf8), entry.document,
                Array(String(timeToLive).utf8),
            ])
    }
}
