import JSON

/// The bytes of user records as they came, for dead letters: decoded anew, since the batch keeps none of them.
///
/// Remembers the last aggregate, since its records mostly come one after the other.
struct OriginalData: Sendable {
    private let base64 = Base64.standard
    private var source: Int32?
    private var decoded: [UInt8] = []
    private var userRecords: [Aggregation.UserRecord] = []

    /// Forgets what belongs to another batch.
    mutating func removeAll() { source = nil }

    /// The user record's own bytes as base64; the text as it came where that is none.
    mutating func base64(of position: RecordPosition, in batch: RecordBatch) -> String {
        guard let index = position.subSequenceNumber else { return batch.dataText(ofSource: position.source) }
        if source != position.source { decode(position.source, in: batch) }
        guard userRecords.indices.contains(Int(index)) else { return batch.dataText(ofSource: position.source) }
        return Base64Text.encode(decoded.span.extracting(userRecords[Int(index)].data))
    }

    private mutating func decode(_ newSource: Int32, in batch: RecordBatch) {
        source = newSource
        userRecords = []
        let text = Array(batch.dataText(ofSource: newSource).utf8)
        guard let (end, count) = base64.decode(text.span, from: 0, into: &decoded), end == text.count else { return }
        userRecords = (try? Aggregation(decoded.span.extracting(0..<count)))?.records ?? []
    }
}
