import Basics
import Clients

/// The partition key of a payload.
///
/// It is the ID of the entity, so that all versions of an entity are in one shard, in order. Without an ID, it is a hash
/// of the payload.
///
/// A payload without an ID has a hash of its bytes.
enum PartitionKey {
    /// The longest key that Kinesis accepts, in characters.
    ///
    /// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html>
    static let maxLength = 256

    /// Returns the partition key.
    ///
    /// - Parameter id: The entity's ID; nil if there is none.
    static func key(of bytes: [UInt8], id: String?) -> String {
        guard let id, !id.isEmpty, id.unicodeScalars.count <= maxLength else {
            return SHA256.digest(of: bytes).hexadecimal
        }
        return id
    }
}
