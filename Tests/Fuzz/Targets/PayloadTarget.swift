import JSON

@testable import Processor

/// The data of one record: accepted with a valid JSON document, or rejected with a message; the result is the same
/// twice.
struct PayloadTarget: FuzzTarget {
    private var reader = RecordReader()

    init() {}

    mutating func check(_ bytes: [UInt8]) {
        var fresh = RecordReader()
        var expected: [RecordReader.Content] = []
        fresh.forEachRecord(in: bytes) { expected.append($0.content) }
        // A reader that has read earlier inputs must return the same as a new one, also for a format that it has
        // cached.
        for _ in 0..<2 {
            var index = 0
            reader.forEachRecord(in: bytes) { record in
                mustHold(record.content == expected[index], "what came before changes what a record is")
                Self.check(record)
                index += 1
            }
        }
    }

    private static func check(_ record: RecordReader.UserRecord) {
        switch record.content {
        case .test: break
        case .bad(let error): mustHold(!"\(error)".isEmpty, "refused without a word")
        case .entity(let kind, let document):
            guard let value = try? JSONValue(parsing: document), value.object != nil else {
                fatalError("the document is not a JSON object: \(String(decoding: document, as: UTF8.self))")
            }
            // A document is also a valid payload, so that the cache's content can be read back.
            var second = RecordReader()
            guard case .entity(kind, let again)? = second.only(document) else {
                fatalError("the document is refused: \(String(decoding: document, as: UTF8.self))")
            }
            mustHold(again == document, "the document changes when it is read back")
        }
    }
}

extension RecordReader {
    /// Returns `data` if it is one record.
    mutating func only(_ data: [UInt8]) -> Content? {
        var content: Content?
        forEachRecord(in: data) { content = $0.content }
        return content
    }
}
