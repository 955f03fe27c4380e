import Foundation
import JSON

/// A parser of structures in the forms of the AWS CLI: JSON, `Name=value,Other={Name=value},List=[a,b]`, and
/// `file://PATH` with either.
///
/// Source: <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html>
struct Shorthand {
    /// Returns the structure of an option.
    ///
    /// An empty option is nil, which removes a setting.
    static func value(of option: Option<String?>, _ input: Input) throws -> JSONValue?? {
        guard let given = try input[option] else { return nil }
        return .some(try structure(given, of: option.name))
    }

    /// Parses a structure.
    ///
    /// - Parameter option: The name of the option, for errors.
    /// - Returns: The structure, or nil for an empty text.
    static func structure(_ given: String, of option: String) throws -> JSONValue? {
        let text = try content(given, of: option).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let first = text.unicodeScalars.first else { return nil }
        guard first != "{", first != "[" else {
            do {
                return try JSONValue(parsing: Array(text.utf8))
            } catch {
                throw UsageError(description: "\(option) is not valid JSON: \(error)")
            }
        }
        var shorthand = Shorthand(option: option, rest: text.unicodeScalars[...])
        let members = try shorthand.members(until: nil)
        return .object(members)
    }

    private static func content(_ given: String, of option: String) throws(CommandError) -> String {
        let scheme = "file://"
        guard given.utf8.starts(with: scheme.utf8) else { return given }
        let path = String(decoding: given.utf8.dropFirst(scheme.utf8.count), as: UTF8.self)
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(description: "\(option): cannot read \(path)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    private let option: String
    /// Unicode scalars, because a combining mark after a quote or a comma would hide it in a `Character`.
    private var rest: Substring.UnicodeScalarView
    /// The nesting depth.
    private var depth = 0

    private init(option: String, rest: Substring.UnicodeScalarView) { (self.option, self.rest) = (option, rest) }
}

extension Shorthand {
    /// Reads `Name=value,Name=value` up to `end` or the end of the text.
    private mutating func members(until end: Unicode.Scalar?) throws(UsageError) -> JSONObject {
        var members = JSONObject()
        while true {
            skipBlanks()
            if let end, rest.first == end { break }
            let name = rest.prefix(while: Self.isName)
            rest = rest[name.endIndex...]
            guard !name.isEmpty, take("=") else { throw expected("NAME=VALUE") }
            members[String(name)] = try value(until: end, canBeList: true)
            skipBlanks()
            guard take(",") else { break }
        }
        if let end {
            guard take(end) else { throw expected("\"\(end)\"") }
        } else if !rest.isEmpty {
            throw expected("\",\" or the end")
        }
        return members
    }

    private mutating func value(until end: Unicode.Scalar?, canBeList: Bool) throws(UsageError) -> JSONValue {
        skipBlanks()
        switch rest.first {
        case "{", "[":
            depth += 1
            guard depth <= 16 else { throw UsageError(description: "\(option) has more than 16 levels of nesting") }
            defer { depth -= 1 }
            return take("{") ? .object(try members(until: "}")) : try list()
        default:
            let first = try word(until: end)
            guard canBeList else { return .string(first) }
            var words = [first]
            while rest.first == ",", !hasName(after: 1) {
                rest.removeFirst()
                skipBlanks()
                guard !rest.isEmpty, rest.first != end else { break }
                words.append(try word(until: end))
            }
            return words.count == 1 ? .string(first) : .array(words.map { .string($0) })
        }
    }

    private mutating func list() throws(UsageError) -> JSONValue {
        rest.removeFirst()
        var elements: [JSONValue] = []
        while true {
            skipBlanks()
            if rest.first == "]" { break }
            elements.append(try value(until: "]", canBeList: false))
            skipBlanks()
            guard take(",") else { break }
        }
        guard take("]") else { throw expected("\"]\"") }
        return .array(elements)
    }

    /// Reads a scalar value, which may be quoted.
    ///
    /// Within quotes, a backslash escapes a quote.
    private mutating func word(until end: Unicode.Scalar?) throws(UsageError) -> String {
        guard let quote = rest.first, quote == "'" || quote == "\"" else {
            let word = rest.prefix { $0 != "," && $0 != end }
            rest = rest[word.endIndex...]
            return String(word).trimmingCharacters(in: .whitespaces)
        }
        rest.removeFirst()
        var word = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            if scalar == quote { return String(word) }
            if scalar == "\\", rest.first == quote || rest.first == "\\", let next = rest.popFirst() {
                word.append(next)
            } else {
                word.append(scalar)
            }
        }
        throw expected("a closing \(quote)")
    }

    /// Returns whether `NAME=` follows after the next `count` scalars.
    private func hasName(after count: Int) -> Bool {
        let next = rest.dropFirst(count).drop(while: \.properties.isWhitespace)
        let name = next.prefix(while: Self.isName)
        return !name.isEmpty && next[name.endIndex...].first == "="
    }

    private static func isName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || "-_.#/:+@".unicodeScalars.contains(scalar)
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func skipBlanks() { rest = rest.drop(while: \.properties.isWhitespace) }

    private func expected(_ what: String) -> UsageError {
        let location = rest.isEmpty ? "at the end" : "before \"\(String(rest.prefix(30)))\""
        return UsageError(description: "\(option): expected \(what) \(location); use JSON or NAME=VALUE,...")
    }
}
