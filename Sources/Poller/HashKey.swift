import CCrypto

/// Which of several shards a record belongs to, as Kinesis hashes partition keys.
///
/// Source: <https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html>
public enum HashKey {
    /// The place of the shard, 0 to `count - 1`, whose equal part of the 128 bits the MD5 of `key` falls into.
    public static func shard(of key: String, among count: Int) -> Int {
        let bytes = Array(key.utf8)
        var digest = [UInt8](repeating: 0, count: 16)
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe digest.withUnsafeMutableBufferPointer { output in
                // `output` has the 16 bytes that MD5 writes.
                _ = unsafe MD5(input.baseAddress, input.count, output.baseAddress)
            }
        }
        // The highest 64 bits decide, but for a border that one key in 2 to the power of 64 hits.
        let high = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(high.multipliedFullWidth(by: UInt64(max(1, count))).high)
    }
}
