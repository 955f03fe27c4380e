/// The words after a command, taken one by one: `--option value`, `--option=value`, and the rest in order.
struct ArgumentList {
    private var words: [String]

    init(_ words: [String]) { self.words = words }

    /// Takes the value of `name`, nil when it is not given.
    mutating func option(_ name: String) throws(UsageError) -> String? {
        var found: String?
        while let index = words.firstIndex(where: { $0 == name || $0.hasPrefix(name + "=") }), isOption(at: index) {
            if found != nil { throw UsageError(description: "\(name) is given twice") }
            let word = words.remove(at: index)
            if word != name {
                found = String(word.dropFirst(name.count + 1))
            } else {
                guard index < words.count else { throw UsageError(description: "\(name) needs a value") }
                found = words.remove(at: index)
            }
        }
        return found
    }

    /// Takes a whole number.
    mutating func integer(_ name: String, in bounds: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = try option(name) else { return nil }
        guard let value = Int(text), bounds.contains(value) else {
            throw UsageError(
                description:
                    "\(name) is \"\(text)\"; expected a whole number in \(bounds.lowerBound)...\(bounds.upperBound)")
        }
        return value
    }

    /// Takes one of a few words.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, of type: Choice.Type
    ) throws(UsageError) -> Choice? {
        guard let text = try option(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw UsageError(description: "\(name) is \"\(text)\"; expected one of \(known)")
        }
        return choice
    }

    /// Takes an option without a value.
    mutating func flag(_ name: String) -> Bool {
        guard let index = words.firstIndex(of: name), isOption(at: index) else { return false }
        words.remove(at: index)
        return true
    }

    /// Takes everything that is no option; call it after all options are taken.
    mutating func rest() throws(UsageError) -> [String] {
        var isLiteral = false
        var rest: [String] = []
        for word in words {
            if !isLiteral, word == "--" {
                isLiteral = true
            } else if !isLiteral, word.hasPrefix("-"), word != "-" {
                throw UsageError(description: "\"\(word)\" is no option")
            } else {
                rest.append(word)
            }
        }
        words = []
        return rest
    }

    /// - Throws: ``UsageError`` naming what nobody took.
    mutating func finish() throws(UsageError) {
        if let word = try rest().first { throw UsageError(description: "\"\(word)\" is one argument too many") }
    }

    /// Whether the word at `index` stands before any `--`.
    private func isOption(at index: Int) -> Bool { !words[..<index].contains("--") }
}
