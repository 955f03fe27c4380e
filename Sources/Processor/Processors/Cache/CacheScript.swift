import Basics
import Clients

/// The compare-and-set that keeps an older version from replacing a newer one, by ``RecordVersion/isNewer(than:)``.
///
/// Documents begin with their version, so the scripts read it without parsing the rest. A document that begins otherwise,
/// or whose shard contains escapes, is parsed. Numbers are compared as text, by length and then by digits, because Lua's
/// numbers cannot represent them exactly. A value that is not a document of this program is replaced.
enum CacheScript {
    /// Defines `failure`, `version` and `isNewer` for the code after it.
    private static let functions = """
        local call, find, sub = redis.pcall, string.find, string.sub
        local function failure(reply, key)
          if type(reply) == 'table' and reply['err'] then
            return redis.error_reply(reply['err'] .. '\(errorKeyMark)' .. key)
          end
        end

        -- Returns arrival, sequence number, sub-sequence number and shard (nil if unknown) of a document, and the position
        -- after the version if the document begins with it; returns nil if it has no version.
        local function version(document)
          local arrival, sequence, at = string.match(document, '^{"_version":{"arrival":(%d+),"sequence":"(%d+)"()')
          if at then
            local subSequence, shard, after
            if string.byte(document, at + 3) == 117 then
              subSequence, after = string.match(document, '^,"subSequence":(%d+)()', at)
              at = after or at
            end
            shard, after = string.match(document, '^,"shard":"([^"\\\\]*)"()', at)
            at = after or at
            if sub(document, at, at + 1) == '},' and string.byte(document, -1) == 125 then
              return arrival, sequence, subSequence or '0', shard, at + 2
            end
          end
          local isJSON, found = pcall(cjson.decode, document)
          local parts = isJSON and type(found) == 'table' and found['_version']
          if type(parts) == 'table' and type(parts['arrival']) == 'number' and parts['arrival'] >= 0
              and type(parts['sequence']) == 'string' and string.match(parts['sequence'], '^%d+$') then
            local subSequence = type(parts['subSequence']) == 'number' and parts['subSequence'] or 0
            local shard = type(parts['shard']) == 'string' and parts['shard'] or nil
            return string.format('%.0f', parts['arrival']), parts['sequence'], subSequence, shard
          end
        end

        local function later(a, b) return #a > #b or (#a == #b and a > b) end
        local function isNewer(arrival, sequence, subSequence, shard, otherArrival, otherSequence, otherSubSequence, otherShard)
          if arrival ~= otherArrival and (not shard or shard ~= otherShard) then return later(arrival, otherArrival) end
          if sequence ~= otherSequence then return later(sequence, otherSequence) end
          return tonumber(subSequence) > tonumber(otherSubSequence)
        end

        -- Whether two concerts have the same text up to the date, which includes the artist and the venue.
        local function haveSameLinks(stored, storedAt, document, at)
          if not storedAt or not at then return false end
          local _, stop = find(document, '"event_date":', at, true)
          return stop and sub(stored, storedAt, storedAt + stop - at) == sub(document, at, stop)
        end

        """

    /// Stores documents and updates the sets atomically, on a server that has all keys.
    ///
    /// KEYS are the keys of the documents of one kind, then those of sets. ARGV[1] is the expiry in seconds (0: none), ARGV[2]
    /// the number of documents, ARGV[3] the prefix of keys for concerts, which then leave the sets of their older documents,
    /// and ARGV[4] the position of the ID in a document's key. ARGV[5] and ARGV[6] are the positions of the first digit of the
    /// sequence number and of the end of the version in all documents, or 0 if they differ. The documents follow, then for each
    /// set the number of IDs that leave it, these, the number of words to add, and these: a score and an ID each.
    ///
    /// A stored document usually has the same shard, artist and venue. Then its text from the end of the sequence number on is
    /// the same up to the date, and the digits decide.
    ///
    /// The first command that fails ends the script, which replies with its error and its key.
    private static let documentsAndSets = RedisScript(
        functions + """
            local lifetime, count, prefix, idAt = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
            local first, stop = tonumber(ARGV[5]), tonumber(ARGV[6])
            local mark, documentAt = ',"sequence":"', 6
            local last = first > 0 and find(ARGV[documentAt + 1], '"', first, true)
            local function isNext(stored, document)
              if not last or sub(stored, first - #mark, first - 1) ~= mark then return false end
              local stop = stop
              if prefix ~= '' then
                local _, links = find(document, '"event_date":', stop, true)
                if not links then return false end
                stop = links
              end
              return sub(stored, last, stop) == sub(document, last, stop)
                  and sub(stored, first, last - 1) <= sub(document, first, last - 1)
            end

            local obsolete
            for index = 1, count do
              local key, document = KEYS[index], ARGV[documentAt + index]
              local stored = call('GET', key)
              if stored and stored ~= document then
                if type(stored) == 'table' then return failure(stored, key) end
                local arrival, sequence, subSequence, shard, storedAt
                if not isNext(stored, document) then arrival, sequence, subSequence, shard, storedAt = version(stored) end
                if arrival then
                  local ownArrival, ownSequence, ownSubSequence, ownShard, at = version(document)
                  if isNewer(arrival, sequence, subSequence, shard, ownArrival, ownSequence, ownSubSequence, ownShard) then
                    obsolete = obsolete or {}
                    obsolete[sub(key, idAt)] = true
                    obsolete[index] = true
                  elseif prefix ~= '' and not haveSameLinks(stored, storedAt, document, at) then
                    local isJSON, old = pcall(cjson.decode, stored)
                    if not isJSON then old = {} end
                    for field, set in pairs({artist_id = '\(CacheKeys.artistConcerts)', venue_id = '\(CacheKeys.venueConcerts)'}) do
                      if type(old[field]) == 'string' then
                        set = prefix .. set .. old[field]
                        local failed = failure(call('ZREM', set, sub(key, idAt)), set)
                        if failed then return failed end
                      end
                    end
                  end
                end
              end
            end

            local at = documentAt + count + 1
            local function change(command, key, width)
              local first, last = at + 1, at + tonumber(ARGV[at])
              at = last + 1
              if last < first then return end
              if not obsolete then return failure(call(command, key, unpack(ARGV, first, last)), key) end
              local words = {}
              for place = first, last, width do
                if not obsolete[ARGV[place + width - 1]] then
                  for word = place, place + width - 1 do words[#words + 1] = ARGV[word] end
                end
              end
              if #words > 0 then return failure(call(command, key, unpack(words)), key) end
            end
            for index = count + 1, #KEYS do
              local failed = change('ZREM', KEYS[index], 1) or change('ZADD', KEYS[index], 2)
              if failed then return failed end
            end

            for index = 1, count do
              if not obsolete or not obsolete[index] then
                local key, reply = KEYS[index]
                if lifetime == '0' then
                  reply = call('SET', key, ARGV[documentAt + index])
                else
                  reply = call('SET', key, ARGV[documentAt + index], 'EX', lifetime)
                end
                if reply['err'] then return failure(reply, key) end
              end
            end
            return false
            """)

    /// Stores the document only, for a cluster, whose sets are in other slots.
    ///
    /// ARGV[1] is the document and ARGV[2] its expiry. Returns the stored document, without replacing it, if that is newer, and
    /// also for a concert whose stored document has an artist or a venue other than ARGV[3] and ARGV[4]: the stored document is
    /// needed to find the sets to leave. ARGV[5] is the SHA-1 of the document whose sets the concert has left.
    private static let documentAlone = RedisScript(
        functions + """
            local document, lifetime = ARGV[1], ARGV[2]
            local stored = call('GET', KEYS[1])
            if stored and stored ~= document then
              if type(stored) == 'table' then return failure(stored, KEYS[1]) end
              local arrival, sequence, subSequence, shard, storedAt = version(stored)
              if arrival then
                local ownArrival, ownSequence, ownSubSequence, ownShard, at = version(document)
                if isNewer(arrival, sequence, subSequence, shard, ownArrival, ownSequence, ownSubSequence, ownShard) then return stored end
                if ARGV[3] and not haveSameLinks(stored, storedAt, document, at) then
                  local isJSON, old = pcall(cjson.decode, stored)
                  if not isJSON then old = {} end
                  local function leaves(field, own) return type(old[field]) == 'string' and old[field] ~= own end
                  if old['status'] ~= 'cancelled' and (leaves('artist_id', ARGV[3]) or leaves('venue_id', ARGV[4]))
                      and ARGV[5] ~= redis.sha1hex(stored) then return stored end
                end
              end
            end
            local reply
            if lifetime == '0' then
              reply = call('SET', KEYS[1], document)
            else
              reply = call('SET', KEYS[1], document, 'EX', lifetime)
            end
            return failure(reply, KEYS[1]) or false
            """)

    /// The text before the key in the error reply of a script.
    static let errorKeyMark = "; key "

    /// Returns the command that stores documents of one kind and updates the sets.
    ///
    /// - Parameter indices: The places in `entries`, at least one; the first one determines the kind.
    static func command(
        withSetsOf indices: [Int], of entries: [CacheEntry], timeToLive: Int, prefix: [UInt8]
    ) -> RedisCommand {
        let first = entries[indices[0]]
        var sets = CacheSetChanges()
        for index in indices {
            let id = entries[index].entity.id
            for set in entries[index].membership.left { sets[set].leaving.append(id) }
            for (set, score) in entries[index].membership.scores {
                sets[set].adding.append(Array(score.utf8))
                sets[set].adding.append(id)
            }
        }
        let isConcert = first.entity.schema.describes(Concert.self)
        var arguments = [
            decimal(timeToLive), decimal(indices.count), isConcert ? prefix : [],
            decimal(first.key.count - first.entity.id.count + 1),
        ]
        arguments.reserveCapacity(6 + 6 * indices.count)
        arguments += positions(indices, entries)
        for index in indices { arguments.append(entries[index].document) }
        for change in sets.changes {
            arguments.append(decimal(change.leaving.count))
            arguments += change.leaving
            arguments.append(decimal(change.adding.count))
            arguments += change.adding
        }
        let others = indices.dropFirst().map { entries[$0].key } + sets.changes.map(\.set)
        return RedisCommand(documentsAndSets, key: first.key, others: others, arguments)
    }

    /// Returns the positions of the first digit of the sequence number and of the end of the version, counted from 1.
    ///
    /// Both are 0 unless they are the same in all documents, which then have the same shard and no sub-sequence numbers.
    private static func positions(_ indices: [Int], _ entries: [CacheEntry]) -> [[UInt8]] {
        let version = entries[indices[0]].version
        let (head, zero) = (version.startOfDocument, decimal(0))
        let digits = Array(version.sequenceNumber.digits.utf8)
        guard version.shard != nil, let range = head.range(of: digits + [UInt8(ascii: "\"")]),
            indices.allSatisfy({ entries[$0].version.hasSamePositions(as: version) })
        else { return [zero, zero] }
        return [decimal(range.lowerBound + 1), decimal(head.count)]
    }

    /// Returns the command that stores the document only.
    ///
    /// - Parameter left: The SHA-1 of the stored document whose sets the concert has left.
    static func command(_ entry: CacheEntry, timeToLive: Int, left: String?) -> RedisCommand {
        var arguments = [entry.document, decimal(timeToLive)]
        if entry.entity.schema.describes(Concert.self) {
            arguments += [entry.artistID ?? [], entry.venueID ?? [], Array((left ?? "").utf8)]
        }
        return RedisCommand(documentAlone, key: entry.key, arguments)
    }

    private static func decimal(_ value: Int) -> [UInt8] {
        var digits: [UInt8] = []
        digits.append(decimal: UInt64(max(0, value)))
        return digits
    }
}

extension RecordVersion {
    /// Returns whether all parts of two versions have the same positions in their documents.
    fileprivate func hasSamePositions(as other: RecordVersion) -> Bool {
        subSequenceNumber == nil && other.subSequenceNumber == nil && shard == other.shard
            && sequenceNumber.digits.utf8.count == other.sequenceNumber.digits.utf8.count
            && (arrival == other.arrival || "\(arrival ?? 0)".utf8.count == "\(other.arrival ?? 0)".utf8.count)
    }
}
