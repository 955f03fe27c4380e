import JSON

/// Reads single records' data as the function would, for people who look at a stream.
package struct RecordReader: Sendable {
    /// What a record, or one of an aggregate's user records, holds.
    package enum Content: Sendable, Equatable {
        /// A payload: its kind, and its document as the cache holds it.
        case entity(Payload.Kind, document: [UInt8])
        case test
        case bad(PayloadError)
    }

    private var decoder = EventDecoder()
    private var batch = RecordBatch()

    package init() {}

    /// - Parameter data: The record's data in base64, as `GetRecords` gives it and Lambda passes it on.
    /// - Returns: One for each user record in order; none for an aggregate without any.
    package mutating func contents(ofBase64 data: String) -> [Content] {
        let text =
            Array(#"{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1","data":"#.utf8)
            + JSONValue.string(data).bytes + Array("}}]}".utf8)
        do throws(EventError) {
            try decoder.decode(text, 0..<text.count, into: &batch, deadline: .now + .seconds(10))
        } catch {
            return [.bad(PayloadError(.json, error.description))]
        }
        defer { batch.releaseEvent() }
        return contents()
    }

    /// Everything in the batch, in the order of its positions; test records have none, and come last.
    private func contents() -> [Content] {
        let entities = batch.records.map { record in
            let content = Content.entity(record.payload.kind, document: batch.document(of: record.payload))
            return (record.position.subSequenceNumber ?? 0, content)
        }
        let bad = batch.badRecords.map { ($0.position.subSequenceNumber ?? 0, Content.bad($0.error)) }
        let tests = Array(repeating: Content.test, count: batch.testRecords)
        return (entities + bad).sorted { $0.0 < $1.0 }.map(\.1) + tests
    }
}
