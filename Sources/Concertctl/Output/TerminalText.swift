import JSON
import Processor

/// Text that is safe to show on a terminal.
///
/// Only the program's own words are taken as they are: the literal parts of a string, and the styles of ``TerminalStyle``.
/// Every value that is interpolated is escaped, line ends included, because it may come from a service or a record. That
/// is why the functions of ``Output`` and ``Console`` take this type instead of `String`.
struct TerminalText: ExpressibleByStringInterpolation, Sendable, Equatable {
    let text: String

    private init(safe text: String) { self.text = text }

    init(stringLiteral value: String) { text = value }

    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Several lines, whose values are escaped already; whatever else a terminal acts on is escaped here.
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

    /// A JSON document on several lines; what a terminal acts on is escaped as JSON does it, `\u009b` for example.
    static func json(_ value: JSONValue) -> TerminalText { TerminalText(safe: escapedJSON(value.prettyText)) }

    /// A JSON document on one line.
    static func jsonLine(_ value: JSONValue) -> TerminalText { TerminalText(safe: escapedJSON(value.text)) }

    /// Outside its strings, JSON of ``JSONValue`` consists of ASCII and line ends; all of the rest can be escaped.
    private static func escapedJSON(_ text: String) -> String {
        guard MessageText.escaped(text).utf8.count != text.utf8.count else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar != "\n", MessageText.escaped(String(scalar)).utf8.count != String(scalar).utf8.count {
                // Whatever MessageText escapes has four hexadecimal digits at most.
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

        /// What is safe already.
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
