import JSON

/// The original bytes of user records, for dead letters.
///
/// A batch does not keep these bytes, so they are decoded a second time. The last aggregate is cached, because its records
/// usually follow each other.
struct OriginalData: Sendable {
    private let base64 = Base64.standard
    private var source: Int32?
    private var decoded: [UInt8] = []
    private var userRecords: [Aggregation.UserRecord] = []

    /// Discards the cached aggregate, which belongs to another batch.
    mutating func removeAll() { source = nil }

    /// Returns the user record's own bytes in base64, or the record's unchanged data if it is not base64.
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
