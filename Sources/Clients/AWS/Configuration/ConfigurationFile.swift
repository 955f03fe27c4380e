import JSON

/// One of AWS's shared files, read: sections of names and values, values that may have names and values of their own.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>
struct ConfigurationFile: Sendable, Equatable {
    /// What stands under one heading; names are lower-case, as AWS compares them.
    struct Section: Sendable, Equatable {
        var values: [String: String] = [:]
        /// Values that are lists of names and values, as in `services` sections.
        var nested: [String: [String: String]] = [:]
    }

    /// By heading, such as `default` or `profile dev`, blanks made one and quotes left out.
    private(set) var sections: [String: Section] = [:]

    /// - Throws: ``AWSConfigurationError`` naming the line that cannot be read.
    init(_ text: String, path: String) throws(AWSConfigurationError) {
        var place = Place()
        for (index, rawLine) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = index == 0 && rawLine.hasPrefix("\u{FEFF}") ? rawLine.dropFirst() : rawLine
            let content = line.trimmed
            if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
            guard let problem = add(content, indentation: line.prefix(while: \.isWhitespace).count, at: &place) else {
                continue
            }
            throw .unreadableLine(path: path, line: index + 1, expected: problem)
        }
    }

    /// Where the reader of a file is.
    private struct Place {
        var heading: String?
        /// What indented lines belong to.
        var name: String?
        /// Of the last line that was no member or continuation: only deeper ones are.
        var indentation = 0
    }

    /// - Returns: What was expected instead; nil when the line can be read.
    private mutating func add(_ content: Substring, indentation: Int, at place: inout Place) -> String? {
        if let heading = place.heading, let name = place.name, indentation > place.indentation {
            add(content, below: name, in: heading)
            return nil
        }
        place.indentation = indentation
        if content.hasPrefix("[") {
            guard let heading = Self.heading(content) else { return "a heading such as [profile dev]" }
            (place.heading, place.name) = (heading, nil)
            sections[heading] = sections[heading] ?? Section()
            return nil
        }
        guard let heading = place.heading else { return "a heading such as [default] before it" }
        guard let (name, value) = Self.assignment(content, signs: "=:") else { return "name = value" }
        sections[heading]?.values[name] = value
        place.name = name
        return nil
    }

    /// An indented line belongs to the value above it: as a member where that is empty, else as its next line.
    private mutating func add(_ content: Substring, below name: String, in heading: String) {
        let isList = sections[heading]?.values[name]?.isEmpty ?? true
        if isList, let (member, value) = Self.assignment(content, signs: "=") {
            sections[heading]?.nested[name, default: [:]][member] = value
        } else {
            sections[heading]?.values[name]? += "\n" + content
        }
    }

    private static func heading(_ line: Substring) -> String? {
        guard let end = line.firstIndex(of: "]") else { return nil }
        let behind = line[line.index(after: end)...].trimmed
        guard behind.isEmpty || behind.hasPrefix("#") || behind.hasPrefix(";") else { return nil }
        let name = ShellWords.split(String(line[..<end].dropFirst()))?.joined(separator: " ")
        return name?.isEmpty == false ? name : nil
    }

    /// - Parameter signs: The characters that may stand between name and value.
    private static func assignment(_ line: Substring, signs: String) -> (name: String, value: String)? {
        guard let sign = line.firstIndex(where: { signs.contains($0) }) else { return nil }
        let name = line[..<sign].trimmed.lowercased()
        var value = line[line.index(after: sign)...].trimmed
        // A command's words may hold anything, as AWS's command line has it; no other value holds blanks.
        if name != "credential_process" { value = value.withoutComment }
        return name.isEmpty ? nil : (name, String(value))
    }
}

extension Substring {
    /// Without a comment at its end: a number sign or a semicolon after a blank, as AWS's libraries have it.
    ///
    /// Inside a word it belongs to the word.
    fileprivate var withoutComment: Substring {
        if hasPrefix("#") || hasPrefix(";") { return self[endIndex...] }
        let ends = [" #", " ;", "\t#", "\t;"].compactMap { utf8.place(of: $0.utf8)?.lowerBound }
        return ends.min().map { self[..<$0].trimmed } ?? self
    }
}
