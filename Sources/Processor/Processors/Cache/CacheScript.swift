import Clients

/// The compare-and-set that keeps an older version from replacing a newer one, by ``RecordVersion/isNewer(than:)``.
///
/// Arrivals and sequence numbers are compared as text, by length and then by digits, because Lua's numbers cannot
/// represent them exactly. A value that is not a document of this program is replaced.
enum CacheScript {
    /// Returns the document at KEYS[1] if it is newer than arrival ARGV[1], sequence number ARGV[2], sub-sequence number
    /// ARGV[3] and shard ARGV[4], which is empty if it is unknown.
    ///
    /// The code after it can use `document`, which is nil if no document of this program is stored, and `call`, which runs
    /// a command on a key unless an earlier one has failed. The script replies with the error of the failed one and its key.
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

    /// Stores ARGV[5] with an expiry of ARGV[6] seconds (0: none), and returns nil.
    private static let store = """

        if ARGV[6] == '0' then
          call('SET', KEYS[1], ARGV[5])
        else
          call('SET', KEYS[1], ARGV[5], 'EX', ARGV[6])
        end
        return failure or false
        """

    /// Stores the document and updates the sets atomically, on a server that has all keys.
    ///
    /// ARGV[7] is the prefix of keys for a concert, which then leaves the sets of the older document. ARGV[8] is the entity's
    /// ID. The arguments from ARGV[9] on are its scores in the other KEYS, empty for the sets that it leaves.
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

    /// Stores the document only, for a cluster, whose sets are in other slots.
    ///
    /// Returns the stored document, without replacing it, also for a concert whose stored document has an artist or a venue
    /// other than ARGV[7] and ARGV[8]: the stored document is needed to find the sets to leave. ARGV[9] is the SHA-1 of the
    /// document whose sets the concert has left.
    private static let documentAlone = RedisScript(
        compare + """
            local function leaves(field, own) return type(document[field]) == 'string' and document[field] ~= own end
            if document and ARGV[7] and document['status'] ~= 'cancelled'
                and (leaves('artist_id', ARGV[7]) or leaves('venue_id', ARGV[8]))
                and ARGV[9] ~= redis.sha1hex(stored) then return stored end
            """ + store)

    /// The text before the key in the error reply of a script.
    static let errorKeyMark = "; key "

    /// Returns the command that stores the document and updates the sets.
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

    /// Returns the command that stores the document only.
    ///
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
