/// The position of a payload in the files of a replay.
struct PayloadOrigin {
    /// The file.
    var name: String
    /// The first line of the payload, from 1.
    var line: Int

    /// For example `upload.ndjson:2`.
    var text: String { "\(name):\(line)" }
}
