import JSON
import Processor

/// Text that is safe to print on a terminal.
///
/// Only literals and the styles of ``TerminalStyle`` are printed verbatim. Interpolated values are escaped, including line
/// ends, because they may come from a service or a record. ``Output`` and ``Console`` therefore take this type instead of
/// `String`.
struct TerminalText: ExpressibleByStringInterpolation, Sendable, Equatable {
    let text: String

    private init(safe text: String) { self.text = text }

    init(stringLiteral value: String) { text = value }

    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Creates text of several lines and escapes all control characters except line feeds and tabs.
    static func lines(_ text: String) -> TerminalText {
        let isLine = text.utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\t") }
        guard isLine else { return "\(text)" }
        var result = ""
        var rest = text.unicodeScalars[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != "\n" && $0 != "\t" }
            result += MessageText.escaped(String(line))
            rest = rest[line.endIndex...]
            if let end = rest.popFirst() { result.unicodeScalars.append(end) }
        }
        return TerminalText(safe: result)
    }

    /// Creates a JSON document of several lines, with control characters escaped as in JSON, such as `\u009b`.
    static func json(_ value: JSONValue) -> TerminalText { TerminalText(safe: escapedJSON(value.prettyText)) }

    /// Creates a JSON document on one line.
    static func jsonLine(_ value: JSONValue) -> TerminalText { TerminalText(safe: escapedJSON(value.text)) }

    /// Escapes control characters in JSON.
    ///
    /// Outside of strings, the JSON of ``JSONValue`` contains only ASCII and line feeds.
    private static func escapedJSON(_ text: String) -> String {
        guard MessageText.escaped(text).utf8.count != text.utf8.count else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar != "\n", MessageText.escaped(String(scalar)).utf8.count != String(scalar).utf8.count {
                // All scalars that MessageText escapes have at most four hexadecimal digits.
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func + (left: TerminalText, right: TerminalText) -> TerminalText {
        TerminalText(safe: left.text + right.text)
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }

        /// Appends text that is already safe.
        mutating func appendInterpolation(_ value: TerminalText) { text += value.text }

        mutating func appendInterpolation<Value>(_ value: Value) {
            text += MessageText.escaped(String(describing: value))
        }
    }
}

extension [TerminalText] {
    func joined(separator: TerminalText = "") -> TerminalText {
        dropFirst().reduce(first ?? "") { $0 + separator + $1 }
    }
}
