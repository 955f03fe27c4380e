import Foundation

/// The file `.env` in the working folder: variables for this program, one `NAME=value` a line.
enum DotEnvironment {
    /// What a process sees: its own variables, and those of the file that it lacks or has empty.
    ///
    /// - Throws: ``CommandError`` for a file that is there and cannot be read, or a line that is no assignment.
    static func merged(into environment: [String: String], path: String = ".env") throws -> [String: String] {
        guard FileManager.default.fileExists(atPath: path) else { return environment }
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
        else {
            throw CommandError(description: "\(path) cannot be read, or is not UTF-8; mend it or move it away")
        }
        return try variables(in: text, path: path).merging(environment) { file, process in
            process.isEmpty ? file : process
        }
    }

    /// Knows `export`, comments, and quotes: none is expanded inside single ones, and backslash escapes inside double ones.
    static func variables(in text: String, path: String) throws(CommandError) -> [String: String] {
        var variables: [String: String] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var rest = line.trimmingPrefix("\u{FEFF}").trimmingCharacters(in: .whitespacesAndNewlines)[...]
            if rest.isEmpty || rest.hasPrefix("#") { continue }
            if rest.hasPrefix("export "), rest.contains("=") { rest = rest.dropFirst(7).drop(while: \.isWhitespace) }
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            rest = rest.dropFirst(name.count).drop(while: \.isWhitespace)
            guard !name.isEmpty, rest.first == "=", let value = value(rest.dropFirst().drop(while: \.isWhitespace))
            else {
                // The line itself may hold a secret, and is not shown.
                throw CommandError(description: "\(path), line \(index + 1): expected NAME=value, with quotes closed")
            }
            variables[String(name)] = value
        }
        return variables
    }

    /// Nil when a quote is not closed, or something but a comment follows it.
    private static func value(_ text: Substring) -> String? {
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            // A comment begins at a number sign that has a blank before it.
            guard !text.hasPrefix("#") else { return "" }
            let end = text.firstRange(of: " #")?.lowerBound ?? text.endIndex
            let tabbed = text.firstRange(of: "\t#")?.lowerBound ?? text.endIndex
            return text[..<min(end, tabbed)].trimmingCharacters(in: .whitespaces)
        }
        var value = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            if character == quote {
                let behind = rest.drop(while: \.isWhitespace)
                return behind.isEmpty || behind.hasPrefix("#") ? value : nil
            }
            guard character == "\\", quote == "\"", let escaped = rest.popFirst() else {
                value.append(character)
                continue
            }
            switch escaped {
            case "n": value.append("\n")
            case "t": value.append("\t")
            case "\"", "\\", "$": value.append(escaped)
            default: value += "\\\(escaped)"
            }
        }
        return nil
    }
}
