/// Text from an event as one part of an S3 object's key, which is also safe in SQL, in a URL and as a file's name.
enum ObjectKeyPart {
    /// Letters, digits and `_.-` stay, anything else becomes `-`; never empty, never `.` or `..`, 300 bytes at most.
    static func safe(_ text: String) -> String {
        let bytes = text.utf8.prefix(300).map { byte in
            BucketName.isLetterOrDigit(byte) || "_.-".utf8.contains(byte) ? byte : UInt8(ascii: "-")
        }
        // "." and ".." would be steps in a path.
        return bytes.allSatisfy { $0 == UInt8(ascii: ".") } ? "-" : String(decoding: bytes, as: UTF8.self)
    }
}

extension RecordBatch {
    /// `<stream>/<shard>`, of which an event may lack both.
    func keyPrefix(of position: RecordPosition) -> String {
        ObjectKeyPart.safe(streamName(of: position) ?? "stream") + "/"
            + ObjectKeyPart.safe(shardID(of: position) ?? "shard")
    }
}
