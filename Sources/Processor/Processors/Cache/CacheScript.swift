import Clients

/// The compare-and-set that keeps an older version from replacing a newer one, as ``RecordVersion/isNewer(than:)`` has it.
///
/// Arrivals and sequence numbers are compared as text, by length and then by digits: Lua's numbers would make many of them
/// equal. A text that is not a document of this program is replaced.
enum CacheScript {
    /// Returns what is at KEYS[1] when that is newer than arrival ARGV[1], sequence number ARGV[2], sub-sequence number
    /// ARGV[3] and shard ARGV[4], which is empty when it is not known.
    ///
    /// What follows knows `document`, which is nil where nothing of this program is stored, and `call`, which carries out a
    /// command on a key unless one before it has failed. The error of that one is the script's reply, with the key.
    private static let compare = """
        local failure
        local function call(command, key, ...)
          if failure then return end
          local reply = redis.pcall(command, key, ...)
          if type(reply) == 'table' and reply['err'] then
            failure = redis.error_reply(reply['err'] .. '\(errorKeyMark)' .. key)
          end
          return reply
        end
        local function later(a, b) return #a > #b or (#a == #b and a > b) end
        local document
        local stored = call('GET', KEYS[1])
        if failure then return failure end
        local isJSON, found = pcall(cjson.decode, stored or '')
        local version = isJSON and type(found) == 'table' and found['_version']
        if type(version) == 'table' and type(version['arrival']) == 'number' and version['arrival'] >= 0
            and type(version['sequence']) == 'string' and string.match(version['sequence'], '^%d+$') then
          document = found
          local arrival, sequence = string.format('%.0f', version['arrival']), version['sequence']
          local sub = type(version['subSequence']) == 'number' and version['subSequence'] or 0
          if ARGV[4] ~= '' and version['shard'] == ARGV[4] then arrival = ARGV[1] end
          if later(arrival, ARGV[1]) or arrival == ARGV[1] and (later(sequence, ARGV[2])
              or sequence == ARGV[2] and sub > tonumber(ARGV[3])) then return stored end
        end

        """

    /// Stores ARGV[5] for ARGV[6] seconds (0: until it is replaced), and returns nil.
    private static let store = """

        if ARGV[6] == '0' then
          call('SET', KEYS[1], ARGV[5])
        else
          call('SET', KEYS[1], ARGV[5], 'EX', ARGV[6])
        end
        return failure or false
        """

    /// For a server that has all keys: the sets follow the document in one go.
    ///
    /// ARGV[7] is the prefix of keys where a concert is stored, which then leaves the sets of the older document. ARGV[8] is the
    /// entity's ID; from ARGV[9] on are its scores in the other KEYS, empty for those that it leaves.
    private static let documentAndSets = RedisScript(
        compare + """
            if document and ARGV[7] ~= '' then
              for field, set in pairs({artist_id = '\(CacheKeys.artistConcerts)', venue_id = '\(CacheKeys.venueConcerts)'}) do
                if type(document[field]) == 'string' then call('ZREM', ARGV[7] .. set .. document[field], ARGV[8]) end
              end
            end
            for index = 2, #KEYS do
              local score, member = ARGV[7 + index], ARGV[8]
              if score == '' then call('ZREM', KEYS[index], member) else call('ZADD', KEYS[index], score, member) end
            end
            """ + store)

    /// For a cluster, where the sets are elsewhere: returns what is there, and stores nothing, also for a concert that is
    /// in the sets of an artist or a venue other than ARGV[7] and ARGV[8].
    ///
    /// Only while it is there is it known which sets it must leave; ARGV[9] is the SHA-1 of the document that has left them.
    private static let documentAlone = RedisScript(
        compare + """
            local function leaves(field, own) return type(document[field]) == 'string' and document[field] ~= own end
            if document and ARGV[7] and document['status'] ~= 'cancelled'
                and (leaves('artist_id', ARGV[7]) or leaves('venue_id', ARGV[8]))
                and ARGV[9] ~= redis.sha1hex(stored) then return stored end
            """ + store)

    /// Precedes, in the error reply of a script, the key that the error is about.
    static let errorKeyMark = "; key "

    /// Stores the document and what the sets contain of it.
    static func command(withSetsOf entry: CacheEntry, timeToLive: Int, prefix: [UInt8]) -> RedisCommand {
        var sets: [[UInt8]] = []
        var arguments = arguments(entry, timeToLive)
        arguments += [entry.entity.schema.describes(Concert.self) ? prefix : [], entry.entity.id]
        for set in entry.membership.left.inOrder {
            sets.append(set)
            arguments.append([])
        }
        for (set, score) in entry.membership.sortedScores {
            sets.append(set)
            arguments.append(Array(score.utf8))
        }
        return RedisCommand(documentAndSets, key: entry.key, others: sets, arguments)
    }

    /// - Parameter left: The SHA-1 of the stored document whose sets the concert has left.
    static func command(_ entry: CacheEntry, timeToLive: Int, left: String?) -> RedisCommand {
        var arguments = arguments(entry, timeToLive)
        if entry.entity.schema.describes(Concert.self) {
            arguments += [entry.artistID ?? [], entry.venueID ?? [], Array((left ?? "").utf8)]
        }
        return RedisCommand(documentAlone, key: entry.key, arguments)
    }

    private static func arguments(_ entry: CacheEntry, _ timeToLive: Int) -> [[UInt8]] {
        let version = entry.version
        let numbers = [
            String(version.arrival ?? 0), version.sequenceNumber.digits, String(version.subSequenceNumber ?? 0),
        ]
        return numbers.map { Array($0.utf8) } + [version.shard ?? [], entry.document, Array(String(timeToLive).utf8)]
    }
}
