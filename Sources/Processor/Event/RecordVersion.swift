import Clients

/// The position of a record among all versions of its entity.
///
/// Kinesis orders the records of one shard by sequence number, and does not guarantee that their arrival times increase.
/// Records of different shards can only be compared by arrival time.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html#sequence-number>
package struct RecordVersion: Sendable, Hashable {
    /// When the stream accepted the record, in milliseconds since the Unix epoch.
    ///
    /// Nil if the event has no arrival; nil is older than any time.
    package var arrival: Int64?
    package var sequenceNumber: SequenceNumber
    /// The index in the KPL aggregate that contained the record; nil outside of an aggregate, which counts as 0.
    package var subSequenceNumber: Int32?
    /// `<stream name>/<shard ID>` in UTF-8; nil if the event does not contain both, so that the shard is unknown.
    package var shard: [UInt8]?

    package init(
        arrival: Int64?, sequenceNumber: SequenceNumber, subSequenceNumber: Int32? = nil, shard: [UInt8]? = nil
    ) {
        (self.arrival, self.sequenceNumber, self.subSequenceNumber) = (arrival, sequenceNumber, subSequenceNumber)
        self.shard = shard
    }

    /// Returns whether this version replaces `other`: within a shard by sequence number and sub-sequence number, otherwise by
    /// arrival time first.
    ///
    /// Equal versions do not replace each other. Not a total order over several shards: use ``newest(of:)`` for more than
    /// two versions.
    package func isNewer(than other: RecordVersion) -> Bool {
        guard let shard, shard == other.shard else {
            return (arrival ?? .min, sequenceNumber, subSequenceNumber ?? 0)
                > (other.arrival ?? .min, other.sequenceNumber, other.subSequenceNumber ?? 0)
        }
        return hasHigherNumbers(than: other)
    }

    private func hasHigherNumbers(than other: RecordVersion) -> Bool {
        (sequenceNumber, subSequenceNumber ?? 0) > (other.sequenceNumber, other.subSequenceNumber ?? 0)
    }
}

extension RecordVersion {
    /// Returns the index of the newest of `versions`, the last of equal ones; nil if there are none.
    ///
    /// From each shard, the one with the highest numbers counts; among those, the one with the latest arrival, then the
    /// highest numbers.
    package static func newest(of versions: some RandomAccessCollection<RecordVersion>) -> Int? {
        guard versions.count > 1, let first = versions.first else { return versions.isEmpty ? nil : 0 }
        // Usually all records of a batch are from one shard.
        if first.shard != nil, versions.allSatisfy({ $0.shard == first.shard }) {
            return newest(versions) { !$1.hasHigherNumbers(than: $0) }
        }
        var highest: [[UInt8]: (index: Int, version: RecordVersion)] = [:]
        var candidates: [(index: Int, version: RecordVersion)] = []
        for (index, version) in versions.enumerated() {
            guard let shard = version.shard else {
                candidates.append((index, version))
                continue
            }
            if let known = highest[shard], known.version.hasHigherNumbers(than: version) { continue }
            highest[shard] = (index, version)
        }
        candidates += highest.values
        // Sorted by index, so that the last of equal versions is chosen regardless of the dictionary's order.
        candidates.sort { $0.index < $1.index }
        return newest(candidates.map(\.version)) { !$1.isFromLaterArrival(than: $0) }.map { candidates[$0].index }
    }

    /// - Parameter replaces: Whether the first version, which is later in `versions`, replaces the second one.
    private static func newest(
        _ versions: some RandomAccessCollection<RecordVersion>, replaces: (RecordVersion, RecordVersion) -> Bool
    ) -> Int? {
        var newest: (index: Int, version: RecordVersion)?
        for (index, version) in versions.enumerated() {
            if let known = newest, !replaces(version, known.version) { continue }
            newest = (index, version)
        }
        return newest?.index
    }

    private func isFromLaterArrival(than other: RecordVersion) -> Bool {
        (arrival ?? .min, sequenceNumber, subSequenceNumber ?? 0)
            > (other.arrival ?? .min, other.sequenceNumber, other.subSequenceNumber ?? 0)
    }
}

extension RecordBatch {
    /// Returns the version of each of ``records``, in their order.
    ///
    /// Records of one shard, which usually are all records of an event, share the bytes of its name.
    package func versions() -> [RecordVersion] {
        var last: (source: KinesisRecord, shard: [UInt8]?)?
        return records.map { record in
            let source = sources[Int(record.position.source)]
            let shard: [UInt8]?
            if let last, haveSameShard(last.source, source) {
                shard = last.shard
            } else {
                shard = shardName(of: record.position)
                last = (source, shard)
            }
            return RecordVersion(
                arrival: source.arrivalMilliseconds, sequenceNumber: sequenceNumber(of: record.position),
                subSequenceNumber: record.position.subSequenceNumber, shard: shard)
        }
    }

    /// Returns `<stream name>/<shard ID>`; nil if the event does not contain both, or if they are longer than any valid name.
    private func shardName(of position: RecordPosition) -> [UInt8]? {
        guard let stream = streamName(of: position), let shard = shardID(of: position), !shard.isEmpty else {
            return nil
        }
        let name = Array("\(stream)/\(shard)".utf8)
        // The limit is the width of the warehouse's column `shard_id`.
        return name.count <= 200 ? name : nil
    }
}
