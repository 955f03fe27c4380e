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
        var heading: String?
        var lastName: String?
        for (index, rawLine) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = index == 0 && rawLine.hasPrefix("\u{FEFF}") ? rawLine.dropFirst() : rawLine
            let content = line.trimmed
            if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
            let isIndented = line.first?.isWhitespace == true
            if !isIndented, content.hasPrefix("[") {
                guard let name = Self.heading(content) else {
                    throw .unreadableLine(path: path, line: index + 1, expected: "a heading such as [profile dev]")
                }
                (heading, lastName) = (name, nil)
                sections[name] = sections[name] ?? Section()
                continue
            }
            guard let heading else {
                throw .unreadableLine(path: path, line: index + 1, expected: "a heading such as [default] before it")
            }
            if isIndented, let lastName {
                add(content, below: lastName, in: heading)
                continue
            }
            guard let (name, value) = Self.assignment(content) else {
                throw .unreadableLine(path: path, line: index + 1, expected: "name = value")
            }
            sections[heading]?.values[name] = value
            lastName = name
        }
    }

    /// An indented line belongs to the value above it: as a member where that is empty, else as its next line.
    private mutating func add(_ content: Substring, below name: String, in heading: String) {
        let isList = sections[heading]?.values[name]?.isEmpty ?? true
        if isList, let (member, value) = Self.assignment(content) {
            sections[heading]?.nested[name, default: [:]][member] = value
        } else {
            sections[heading]?.values[name]? += "\n" + content
        }
    }

    private static func heading(_ line: Substring) -> String? {
        guard let end = line.firstIndex(of: "]") else { return nil }
        let behind = line[line.index(after: end)...].trimmed
        guard behind.isEmpty || behind.hasPrefix("#") || behind.hasPrefix(";") else { return nil }
        let words = line[..<end].dropFirst().split(whereSeparator: \.isWhitespace)
        let name = words.joined(separator: " ").filter { $0 != "\"" && $0 != "'" }
        return name.isEmpty ? nil : name
    }

    private static func assignment(_ line: Substring) -> (name: String, value: String)? {
        guard let sign = line.firstIndex(of: "=") else { return nil }
        let name = line[..<sign].trimmed.lowercased()
        var value = line[line.index(after: sign)...].trimmed
        // A comment has a blank before it; a number sign inside a word belongs to the word.
        for mark in [" #", " ;", "\t#", "\t;"] {
            if let range = value.firstRange(of: mark) { value = value[..<range.lowerBound].trimmed }
        }
        if value.hasPrefix("#") || value.hasPrefix(";") { value = "" }
        return name.isEmpty ? nil : (name, String(value))
    }
}

extension Substring {
    /// Without white space at either end.
    var trimmed: Substring {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[start...end]
    }
}
