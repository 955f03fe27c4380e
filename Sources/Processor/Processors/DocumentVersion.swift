import Clients
import JSON

/// The member `_version` of documents in the cache and in notifications.
extension RecordVersion {
    /// Reads the version of a document; returns nil unless it has an arrival and a sequence number.
    ///
    /// Documents written by version 0.1.0 have neither a sub-sequence number nor a shard.
    init?(document: JSONValue) {
        guard let version = document["_version"], let arrival = version["arrival"]?.integer, arrival >= 0,
            let sequenceNumber = version["sequence"]?.string.flatMap(SequenceNumber.init)
        else { return nil }
        self.init(
            arrival: Int64(arrival), sequenceNumber: sequenceNumber,
            subSequenceNumber: version["subSequence"]?.integer.flatMap { Int32(exactly: $0) },
            shard: version["shard"]?.string.map { Array($0.utf8) })
    }
}

extension JSONWriter {
    /// Writes the member `_version` of an open object, without the parts that the version does not have.
    mutating func member(_ version: RecordVersion) {
        key("_version")
        openObject()
        if let arrival = version.arrival {
            key("arrival")
            integer(arrival)
        }
        key("sequence")
        string(version.sequenceNumber.digits)
        if let subSequenceNumber = version.subSequenceNumber {
            key("subSequence")
            integer(subSequenceNumber)
        }
        if let shard = version.shard {
            key("shard")
            string(shard.span)
        }
        closeObject()
    }
}
