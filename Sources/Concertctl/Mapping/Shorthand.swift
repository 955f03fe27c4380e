import Foundation
import JSON

/// AWS's own command line's ways to give a structure: JSON, `Name=value,Other={Name=value},List=[a,b]`, and a file
/// of either.
///
/// Source: <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html>
struct Shorthand {
    /// - Returns: Nil when the option is empty, which takes a setting away.
    static func value(of option: OptionDescription, _ arguments: Arguments) throws -> JSONValue?? {
        guard let given = arguments.string(option) else { return nil }
        return .some(try structure(given, of: option.name))
    }

    /// - Parameter option: What errors name.
    /// - Returns: Nil for an empty text.
    static func structure(_ given: String, of option: String) throws -> JSONValue? {
        let text = try content(given, of: option).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let first = text.first else { return nil }
        guard first != "{", first != "[" else {
            do {
                return try JSONValue(parsing: Array(text.utf8))
            } catch {
                throw UsageError(description: "\(option) is no JSON: \(error)")
            }
        }
        var shorthand = Shorthand(option: option, rest: text[...])
        let members = try shorthand.members(until: nil)
        return .object(members)
    }

    private static func content(_ given: String, of option: String) throws(CommandError) -> String {
        guard given.hasPrefix("file://") else { return given }
        let path = String(given.dropFirst("file://".count))
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(description: "\(option): \(path) does not exist, or may not be read")
        }
        return String(decoding: data, as: UTF8.self)
    }

    private let option: String
    private var rest: Substring
    /// Structures that are open, which are read recursively.
    private var depth = 0

    private init(option: String, rest: Substring) { (self.option, self.rest) = (option, rest) }
}

extension Shorthand {
    /// `Name=value,Name=value`, up to `end` or the end of the text.
    private mutating func members(until end: Character?) throws(UsageError) -> JSONObject {
        var members = JSONObject()
        while true {
            skipBlanks()
            if let end, rest.first == end { break }
            let name = String(rest.prefix(while: Self.isName))
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, take("=") else { throw expected("NAME=VALUE") }
            members[name] = try value(until: end, canBeList: true)
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

    private mutating func value(until end: Character?, canBeList: Bool) throws(UsageError) -> JSONValue {
        skipBlanks()
        switch rest.first {
        case "{", "[":
            depth += 1
            guard depth <= 16 else { throw UsageError(description: "\(option) is nested deeper than 16 levels") }
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

    /// One value without structure, in quotes or not; a backslash goes before a quote that is part of it.
    private mutating func word(until end: Character?) throws(UsageError) -> String {
        guard let quote = rest.first, quote == "'" || quote == "\"" else {
            let word = rest.prefix { $0 != "," && $0 != end }
            rest = rest.dropFirst(word.count)
            return word.trimmingCharacters(in: .whitespaces)
        }
        rest.removeFirst()
        var word = ""
        while let character = rest.popFirst() {
            if character == quote { return word }
            if character == "\\", rest.first == quote || rest.first == "\\", let next = rest.popFirst() {
                word.append(next)
            } else {
                word.append(character)
            }
        }
        throw expected("a closing \(quote)")
    }

    /// Whether what follows the next `count` characters is `NAME=`.
    private func hasName(after count: Int) -> Bool {
        let next = rest.dropFirst(count).drop { $0 == " " }
        let name = next.prefix(while: Self.isName)
        return !name.isEmpty && next.dropFirst(name.count).first == "="
    }

    private static func isName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "-_.#/:+@".contains(character)
    }

    private mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func skipBlanks() { rest = rest.drop { $0.isWhitespace } }

    private func expected(_ what: String) -> UsageError {
        let place = rest.isEmpty ? "at its end" : "before \"\(rest.prefix(30))\""
        return UsageError(description: "\(option): expected \(what) \(place); write it as JSON or as NAME=VALUE,...")
    }
}
