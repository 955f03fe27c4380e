import Basics

/// One of AWS's shared files: sections of names and values, where a value can be a nested list of names and values.
///
/// The file is parsed as the AWS CLI does, by the rules of Python's `configparser`, with one difference: an invalid
/// line affects only its section, while the CLI rejects the whole file.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html> and
/// <https://docs.python.org/3/library/configparser.html#supported-ini-file-structure>
struct ConfigurationFile: Sendable, Equatable {
    /// The content of one section.
    struct Section: Sendable, Equatable {
        /// The text between the brackets.
        var heading: String
        /// The values by name in lower case.
        var values = TextTable<String>()
        /// The values that are nested lists, as in `services` sections.
        var nested = TextTable<TextTable<String>>()
        /// The first error in the section; nil if the section is valid.
        var problem: Problem?
    }

    /// An invalid line.
    struct Problem: Sendable, Equatable {
        /// The line number, starting at 1.
        var line: Int
        var expected: String
    }

    /// The sections in the order of the file.
    private(set) var sections: [Section] = []
    /// The first line that is outside of a section or is an invalid heading.
    private(set) var stray: Problem?

    init() {}

    init(_ bytes: [UInt8]) {
        var parser = ConfigurationParser()
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        var line = 1
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.endIndex
            parser.read(bytes[start..<end], number: line)
            start = min(end + 1, bytes.endIndex)
            if end < bytes.endIndex, bytes[end] == 0x0D, start < bytes.endIndex, bytes[start] == 0x0A { start += 1 }
            line += 1
        }
        (sections, stray) = (parser.finished(), parser.stray)
    }
}

/// A parser that reads line by line.
private struct ConfigurationParser {
    private typealias Text = Substring.UnicodeScalarView

    private struct Option {
        var name: String
        var line: Int
        /// The lines of the value.
        var value: [String]
    }

    private struct Part {
        var heading: String
        var options: [Option] = []
        var names = TextTable<Int>()
        var problem: ConfigurationFile.Problem?

        mutating func appendToLast(_ line: String) {
            guard !options.isEmpty else { return }
            options[options.count - 1].value.append(line)
        }

        mutating func fail(_ line: Int, _ expected: String) {
            if problem == nil { problem = ConfigurationFile.Problem(line: line, expected: expected) }
        }
    }

    private(set) var stray: ConfigurationFile.Problem?
    private var parts: [Part] = []
    private var headings = TextTable<Int>()
    /// The index of the current section.
    private var current: Int?
    /// Whether a more deeply indented line continues the last option of the current section.
    private var isInOption = false
    /// The indentation of the last line that was not a continuation; only deeper lines are continuations.
    private var indentation = 0

    private static let expectedHeading = "a heading such as [profile dev]"

    mutating func read(_ bytes: ArraySlice<UInt8>, number: Int) {
        guard let line = String(validating: bytes, as: UTF8.self) else {
            let first = bytes.first { $0 != 0x20 && $0 != 0x09 }
            guard first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { return }
            if first == UInt8(ascii: "[") { current = nil }
            return fail(number, "UTF-8 text")
        }
        let content = line.unicodeScalars[...].trimmed
        guard let first = content.first else {
            if let current, isInOption { parts[current].appendToLast("") }
            return
        }
        if first == "#" || first == ";" { return }
        let depth = line.unicodeScalars.prefix(while: \.isConfigurationSpace).count
        if let current, isInOption, depth > indentation {
            parts[current].appendToLast(String(content))
            return
        }
        indentation = depth
        if let heading = Self.heading(content) { return open(heading, number) }
        guard let (name, value) = Self.assignment(content, signs: "=:") else {
            guard first != "[" else {
                (current, isInOption) = (nil, false)
                return fail(number, Self.expectedHeading)
            }
            return fail(number, current == nil ? "a heading such as [default] before it" : "name = value")
        }
        guard let current else { return fail(number, "a heading such as [default] before it") }
        add(Option(name: Self.lowercased(name), line: number, value: [value]), to: current)
    }

    private mutating func open(_ heading: String, _ number: Int) {
        isInOption = false
        if let known = headings[heading] {
            current = known
            // Only the section of defaults may occur more than once.
            if heading != Self.defaults { parts[known].fail(number, "each section once; [\(heading)] is repeated") }
            return
        }
        headings[heading] = parts.count
        current = parts.count
        parts.append(Part(heading: heading))
    }

    private mutating func add(_ option: Option, to part: Int) {
        guard !option.name.isEmpty else { return parts[part].fail(option.line, "name = value") }
        if parts[part].names[option.name] != nil {
            parts[part].fail(option.line, "each name once in a section")
        }
        parts[part].names[option.name] = parts[part].options.count
        parts[part].options.append(option)
        isInOption = true
    }

    private mutating func fail(_ line: Int, _ expected: String) {
        guard let current else {
            stray = stray ?? ConfigurationFile.Problem(line: line, expected: expected)
            return
        }
        parts[current].fail(line, expected)
    }
}

/// The end of the file.
extension ConfigurationParser {
    /// The heading of the section with the defaults of all sections.
    private static let defaults = "DEFAULT"

    func finished() -> [ConfigurationFile.Section] {
        let sections = parts.map { Self.section($0) }
        guard let common = headings[Self.defaults].map({ sections[$0] }) else { return sections }
        return sections.compactMap { section in
            guard section.heading != Self.defaults else { return nil }
            var section = section
            var values = common.values
            var nested = common.nested
            for name in section.values.keys { (values[name], nested[name]) = (section.values[name], nil) }
            for name in section.nested.keys { (values[name], nested[name]) = (nil, section.nested[name]) }
            (section.values, section.nested) = (values, nested)
            section.problem = section.problem ?? common.problem
            return section
        }
    }

    private static func section(_ part: Part) -> ConfigurationFile.Section {
        var section = ConfigurationFile.Section(heading: part.heading, problem: part.problem)
        for option in part.options {
            let lines = option.value.dropLast(while: \.isEmpty)
            guard lines.count > 1, lines.first?.isEmpty == true else {
                section.values[option.name] = lines.joined(separator: "\n")
                continue
            }
            var members = TextTable<String>()
            for line in lines.dropFirst() where !line.isEmpty {
                guard let (name, value) = assignment(line.unicodeScalars[...], signs: "=") else {
                    let problem = ConfigurationFile.Problem(
                        line: option.line, expected: "indented lines name = value below it, or a value beside it")
                    section.problem = section.problem ?? problem
                    continue
                }
                members[name] = value
            }
            section.nested[option.name] = members
        }
        return section
    }
}

/// The parts of a line.
extension ConfigurationParser {
    /// Returns the text up to the last bracket; the rest of the line is ignored.
    private static func heading(_ line: Text) -> String? {
        guard line.first == "[", let end = line.lastIndex(of: "]") else { return nil }
        let heading = line[line.index(after: line.startIndex)..<end]
        return heading.isEmpty ? nil : String(heading)
    }

    /// - Parameter signs: The characters that may separate name and value; the first occurrence counts.
    private static func assignment(_ line: Text, signs: String) -> (name: String, value: String)? {
        guard let sign = line.firstIndex(where: { signs.unicodeScalars.contains($0) }) else { return nil }
        return (String(line[..<sign].trimmed), String(line[line.index(after: sign)...].trimmed))
    }

    private static func lowercased(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.flatMap { $0.properties.lowercaseMapping.unicodeScalars }))
    }
}

extension Unicode.Scalar {
    /// Whether Python treats it as white space.
    fileprivate var isConfigurationSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}

extension Substring.UnicodeScalarView {
    fileprivate var trimmed: Self {
        let start = drop(while: \.isConfigurationSpace)
        guard let end = start.lastIndex(where: { !$0.isConfigurationSpace }) else { return start[start.endIndex...] }
        return start[...end]
    }
}

extension Array {
    /// Returns the elements without the last ones that satisfy `predicate`.
    fileprivate func dropLast(while predicate: (Element) -> Bool) -> ArraySlice<Element> {
        guard let end = lastIndex(where: { !predicate($0) }) else { return [] }
        return self[...end]
    }
}
