import Clients

/// The compare-and-set that keeps an older version from replacing a newer one.
///
/// Arrivals and sequence numbers are compared as text, by length and then by digits: Lua's numbers would make many of them
/// equal. What is not a document of ours is replaced.
enum CacheScript {
    /// Returns what is at KEYS[1] when that is newer than arrival ARGV[1] and sequence number ARGV[2].
    ///
    /// What follows knows `document`, which is nil where nothing of ours is stored, and its `arrival` and `sequence`.
    private static let compare = """
        local function later(a, b) return #a > #b or (#a == #b and a > b) end
        local document, arrival, sequence
        local stored = redis.pcall('GET', KEYS[1])
        local isJSON, found = pcall(cjson.decode, type(stored) == 'string' and stored or '')
        local version = isJSON and type(found) == 'table' and found['_version']
        if type(version) == 'table' and type(version['arrival']) == 'number' and type(version['sequence']) == 'string'
            and string.match(version['sequence'], '^%d+$') and version['arrival'] >= 0 then
          document, sequence = found, version['sequence']
          arrival = string.match(stored, '^{"_version":{"arrival":(%d+),') or string.format('%.0f', version['arrival'])
          if later(arrival, ARGV[1]) or (arrival == ARGV[1] and later(sequence, ARGV[2])) then return stored end
        end

        """

    /// Stores ARGV[3] for ARGV[4] seconds (0: for good), and returns nil.
    private static let store = """

        if ARGV[4] == '0' then
          redis.call('SET', KEYS[1], ARGV[3])
        else
          redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
        end
        return false
        """

    /// For a server that has all keys: the sets follow the document in one go.
    ///
    /// ARGV[5] is the prefix of keys where a concert is stored, which then leaves the sets of the older document. ARGV[6] is the
    /// entity's ID; from ARGV[7] on stand its scores in the other KEYS, empty for those that it leaves.
    private static let documentAndSets = RedisScript(
        compare + """
            if document and ARGV[5] ~= '' then
              for field, kind in pairs({artist_id = 'artist:', venue_id = 'venue:'}) do
                if type(document[field]) == 'string' then
                  redis.call('ZREM', ARGV[5] .. kind .. document[field] .. ':concerts', ARGV[6])
                end
              end
            end
            for index = 2, #KEYS do
              local score, member = ARGV[5 + index], ARGV[6]
              if score == '' then
                redis.call('ZREM', KEYS[index], member)
              else
                redis.call('ZADD', KEYS[index], score, member)
              end
            end
            """ + store)

    /// For a cluster, where the sets are elsewhere: returns what is there, and stores nothing, also for a concert that is
    /// in the sets of an artist or a venue other than ARGV[5] and ARGV[6].
    ///
    /// Only while it is there can anybody know which sets it must leave; ARGV[7] names the version that has left them, as
    /// `arrival:sequence`.
    private static let documentAlone = RedisScript(
        compare + """
            local function leaves(field, own) return type(document[field]) == 'string' and document[field] ~= own end
            if document and ARGV[5] and document['status'] ~= 'cancelled' and ARGV[7] ~= arrival .. ':' .. sequence
                and (leaves('artist_id', ARGV[5]) or leaves('venue_id', ARGV[6])) then return stored end
            """ + store)

    /// Stores the document and what the sets hold of it.
    static func command(withSetsOf entry: CacheEntry, timeToLive: Int, prefix: String) -> RedisCommand {
        var sets: [String] = []
        var words = [String(timeToLive), entry.kind == .concert ? prefix : "", entry.id]
        for set in entry.membership.left.sorted() {
            sets.append(set)
            words.append("")
        }
        for (set, score) in entry.membership.scores.sorted(by: { $0.key < $1.key }) {
            sets.append(set)
            words.append(score)
        }
        return RedisCommand(documentAndSets, key: entry.key, others: sets, arguments(entry, words))
    }

    /// - Parameter left: The stored version whose sets the concert has left.
    static func command(_ entry: CacheEntry, timeToLive: Int, left: CacheVersion?) -> RedisCommand {
        var words = [String(timeToLive)]
        if entry.kind == .concert {
            words += [entry.artistID ?? "", entry.venueID ?? "", left.map { "\($0.arrival):\($0.sequence)" } ?? ""]
        }
        return RedisCommand(documentAlone, key: entry.key, arguments(entry, words))
    }

    private static func arguments(_ entry: CacheEntry, _ words: [String]) -> [[UInt8]] {
        let version = [String(entry.version.arrival), entry.version.sequence.digits]
        return version.map { Array($0.utf8) } + [entry.document] + words.map { Array($0.utf8) }
    }
}
