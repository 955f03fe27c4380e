import Basics

/// The assignment of records to shards by the hash of their partition key, as in Kinesis.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html>
package enum HashKey {
    /// Returns the index of the shard, 0 to `count - 1`, whose equal share of the 128-bit range contains the MD5 of
    /// `key`.
    package static func shard(of key: String, among count: Int) -> Int {
        let digest = MD5.digest(of: Array(key.utf8).span)
        // The highest 64 bits decide, except at a boundary that one key in 2^64 hits.
        let high = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(high.multipliedFullWidth(by: UInt64(max(1, count))).high)
    }
}
