/// Text from an event in the form of one part of an S3 object's key, which is also safe in SQL, in a URL, and as a file name.
enum ObjectKeyPart {
    /// Returns `text` with every byte other than letters, digits and `_.-` replaced by `-`, cut to 300 bytes.
    ///
    /// The result is never empty, and never `.` or `..`.
    static func safe(_ text: String) -> String {
        let bytes = text.utf8.prefix(300).map { byte in
            BucketName.isLetterOrDigit(byte) || "_.-".utf8.contains(byte) ? byte : UInt8(ascii: "-")
        }
        // "." and ".." would be relative path segments.
        return bytes.allSatisfy { $0 == UInt8(ascii: ".") } ? "-" : String(decoding: bytes, as: UTF8.self)
    }
}

extension RecordBatch {
    /// Returns `<stream>/<shard>`, with the words `stream` and `shard` for names that the event does not give.
    func keyPrefix(of position: RecordPosition) -> String {
        ObjectKeyPart.safe(streamName(of: position) ?? "stream") + "/"
            + ObjectKeyPart.safe(shardID(of: position) ?? "shard")
    }
}
