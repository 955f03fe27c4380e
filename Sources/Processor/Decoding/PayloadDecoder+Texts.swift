import Basics
import JSON

extension PayloadDecoder {
    /// Returns what is wrong with a timestamp or a date that could not be parsed.
    mutating func timestampProblem(_ value: ScannedValue, allowsTime: Bool, in bytes: Span<UInt8>) -> String {
        let mark = storage.mark
        defer { storage.roll(back: mark) }
        let range = appendTrimmed(value, in: bytes)
        let start = range.lowerBound..<min(range.upperBound, range.lowerBound + TimestampProblem.longest)
        return TimestampProblem(Array(storage.bytes[start]), allowsTime: allowsTime).description
    }
}

/// Storing of values.
extension PayloadDecoder {
    /// Appends a string's trimmed content to the storage, and returns its range.
    @inline(__always)
    mutating func appendTrimmed(_ value: ScannedValue, in bytes: Span<UInt8>) -> Range<Int> {
        if !value.isEscaped { return storage.append(WhiteSpace.trimmed(value.range, of: bytes), of: bytes) }
        return appendUnescaped(value, in: bytes)
    }

    private mutating func appendUnescaped(_ value: ScannedValue, in bytes: Span<UInt8>) -> Range<Int> {
        let count = JSONEscape.resolve(JSONString(range: value.range, isEscaped: true), of: bytes, into: &unescaped)
        let text = unescaped
        return storage.append(WhiteSpace.trimmed(0..<count, of: text.span), of: text.span)
    }

    /// Stores a string's trimmed content, which may be empty.
    mutating func keep(
        _ value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Text {
        let range = appendTrimmed(value, in: bytes)
        if value.isEscaped, storage.bytes.span.firstIndex(of: 0, in: range) != nil {
            throw PayloadError(.range, "\(name(of: field)): \(shown(value, in: bytes)) contains U+0000")
        }
        return Text(range)
    }

    /// Stores a JSON number, or text that is exactly one.
    mutating func keepNumber(
        _ value: ScannedValue, _ field: FieldName, in bytes: Span<UInt8>
    ) throws(PayloadError) -> Number {
        switch value.kind {
        case .number: return Number(text: Text(storage.append(value.range, of: bytes)))
        case .string:
            let range = appendTrimmed(value, in: bytes)
            var scanner = JSONScanner(at: range.lowerBound)
            let number = try? scanner.number(in: storage.bytes.span.extracting(0..<range.upperBound))
            if number == range { return Number(text: Text(range)) }
        default: break
        }
        throw PayloadError(.type, "\(name(of: field)): \(shown(value, in: bytes)) is not a number")
    }
}

/// Texts of messages.
extension PayloadDecoder {
    func name(of field: FieldName) -> String {
        "\(catalog[field.kind].name).\(catalog.keys.names[Int(field.key)])"
    }

    /// Returns a value for messages, shortened to 100 characters: text is decoded and quoted, other values are shown as JSON.
    func shown(_ value: ScannedValue, in bytes: Span<UInt8>) -> String {
        guard value.kind == .string else { return MessageText.shown(value.range, of: bytes) }
        guard value.isEscaped else { return "\"\(MessageText.shown(value.range, of: bytes))\"" }
        var text: [UInt8] = []
        JSONEscape.append(JSONString(range: value.range, isEscaped: true), of: bytes, to: &text)
        return "\"\(MessageText.shown(0..<text.count, of: text.span))\""
    }
}
