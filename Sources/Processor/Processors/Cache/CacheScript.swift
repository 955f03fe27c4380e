import Clients

/// The compare-and-set that keeps an older version from replacing a newer one.
enum CacheScript {
    /// Stores ARGV[3] at KEYS[1], for ARGV[4] seconds (0: for good), and returns nil, or returns what is there instead.
    ///
    /// What is there stays when it is newer than arrival ARGV[1] and sequence number ARGV[2]; and when it is a concert in
    /// the sets of an artist or a venue other than ARGV[5] and ARGV[6]. Only while it is there can anybody know which sets
    /// the concert must leave; ARGV[7] names the version that has left them, as `arrival:sequence`.
    ///
    /// Arrivals and sequence numbers are compared as text, by length and then by digits: Lua's numbers would make many of
    /// them equal. What is not a document of ours is replaced.
    private static let script = RedisScript(
        """
        local function later(a, b) return #a > #b or (#a == #b and a > b) end
        local stored = redis.pcall('GET', KEYS[1])
        local isJSON, document = pcall(cjson.decode, type(stored) == 'string' and stored or '')
        local version = isJSON and type(document) == 'table' and document['_version']
        if type(version) == 'table' and type(version['arrival']) == 'number' and type(version['sequence']) == 'string'
            and string.match(version['sequence'], '^%d+$') and version['arrival'] >= 0 then
          local sequence = version['sequence']
          local arrival = string.match(stored, '^{"_version":{"arrival":(%d+),')
              or string.format('%.0f', version['arrival'])
          if later(arrival, ARGV[1]) or (arrival == ARGV[1] and later(sequence, ARGV[2])) then return stored end
          local function leaves(field, own) return type(document[field]) == 'string' and document[field] ~= own end
          if ARGV[5] and document['status'] ~= 'cancelled' and ARGV[7] ~= arrival .. ':' .. sequence
              and (leaves('artist_id', ARGV[5]) or leaves('venue_id', ARGV[6])) then return stored end
        end
        if ARGV[4] == '0' then
          redis.call('SET', KEYS[1], ARGV[3])
        else
          redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
        end
        return false
        """)

    /// - Parameter left: The stored version whose sets the concert has left.
    static func command(_ entry: CacheEntry, timeToLive: Int, left: CacheVersion?) -> RedisCommand {
        var words = [String(timeToLive)]
        if entry.kind == .concert {
            words += [entry.artistID ?? "", entry.venueID ?? "", left.map { "\($0.arrival):\($0.sequence)" } ?? ""]
        }
        let version = [String(entry.version.arrival), entry.version.sequence.digits].map { Array($0.utf8) }
        return RedisCommand(script, key: entry.key, version + [entry.document] + words.map { Array($0.utf8) })
    }
}
