import Clients

/// The partition key of a payload: the ID of its entity, so that all versions of one are in one shard, in order.
///
/// A payload without an ID has a hash of its bytes.
enum PartitionKey {
    /// What Kinesis takes, in characters.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html>
    static let maxLength = 256

    /// - Parameter id: Of the entity; nil when there is none.
    static func key(of bytes: [UInt8], id: String?) -> String {
        guard let id, !id.isEmpty, id.unicodeScalars.count <= maxLength else {
            return SHA256.digest(of: bytes).hexadecimal
        }
        return id
    }
}
