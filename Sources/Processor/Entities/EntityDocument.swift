import Basics
import JSON

/// The JSON document of an entity, for the cache, notifications and DEBUG log lines.
extension RecordBatch {
    /// Writes the fields that the record has as members of an open object.
    package func writeMembers(of record: EntityRecord, to writer: inout JSONWriter) {
        let schema = catalog[record.kind]
        let keys = schema.documentKeys.keys
        for (place, value) in zip(keys.indices, values(of: record)) {
            if case .absent = value { continue }
            writer.key(written: keys[place])
            write(value, of: schema.fields[place].type, to: &writer)
        }
    }

    /// Returns the whole document.
    package func document(of record: EntityRecord) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writeMembers(of: record, to: &writer)
        writer.closeObject()
        return writer.bytes
    }

    /// Writes a value, which must not be absent.
    ///
    /// - Parameter type: The field's type, which is copied only for values that need it.
    func write(_ value: FieldValue, of type: @autoclosure () -> FieldType, to writer: inout JSONWriter) {
        switch value {
        case .absent: writer.null()
        case .text(let text): write(text, to: &writer)
        case .number(let number): writer.raw(storage.bytes.span.extracting(number.text.range))
        case .integer(let integer): writer.integer(integer)
        case .boolean(let value): writer.bool(value)
        case .date(let date): writer.string(date.description)
        case .timestamp(let timestamp):
            var text: [UInt8] = []
            timestamp.write(to: &text)
            writer.string(text.span)
        case .choice(let index): writer.string(type().word(index))
        case .list(let list):
            writer.openArray()
            for text in texts(list) { write(text, to: &writer) }
            writer.closeArray()
        case .prices(let prices):
            writer.openObject()
            let pairs = texts(prices.pairs)
            for index in stride(from: pairs.startIndex, to: pairs.endIndex, by: 2) {
                writer.key(string(pairs[index]))
                writer.raw(storage.bytes.span.extracting(pairs[index + 1].range))
            }
            writer.closeObject()
        }
    }

    private func write(_ text: Text, to writer: inout JSONWriter) {
        writer.string(storage.bytes.span.extracting(text.range))
    }
}

extension FieldType {
    /// Returns the word of a choice.
    func word(_ index: UInt8) -> String {
        guard case .choice(let choices) = self, choices.words.indices.contains(Int(index)) else { return "" }
        return choices.words[Int(index)]
    }
}
