/// What a command was called with: its words, checked against its description, and the environment.
///
/// A command reads it in its initializer and keeps values only, so that every usage error comes before it does anything.
struct Input: Sendable {
    /// The process's own variables, with what `.env` adds.
    var environment: [String: String]
    /// The words that are not options, in order.
    private(set) var operands: [String] = []
    private let description: CommandDescription
    private var values: [String: [String]] = [:]

    /// - Throws: ``UsageError`` for a word that the description does not know, or a value that is missing.
    init(
        _ words: [String], for description: CommandDescription, environment: [String: String] = [:]
    ) throws(UsageError) {
        (self.description, self.environment) = (description, environment)
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                break
            }
            guard word.hasPrefix("-"), word != "-", Double(word) == nil else {
                operands.append(word)
                continue
            }
            try take(word, &rest)
        }
        if operands.count > description.operands.upperBound {
            throw UsageError(description: "unexpected argument \"\(operands[description.operands.upperBound])\"")
        }
    }

    private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let spelling = parts[0]
        guard let option = description.options.lazy.map(\.description).first(where: { $0.spellings.contains(spelling) })
        else {
            if let reason = description.refused[spelling] { throw UsageError(description: "\(spelling) \(reason)") }
            let known = description.options.flatMap(\.description.spellings)
            throw UsageError(
                description: "unknown option \"\(spelling)\"" + Suggestion.hint(for: spelling, among: known))
        }
        let inline = parts.count == 2 ? parts[1] : nil
        switch option.form {
        case .flag, .toggle:
            if inline != nil { throw UsageError(description: "\(spelling) takes no value") }
            try set(option, [spelling == option.name ? "true" : "false"])
        case .value:
            guard let value = inline ?? rest.popFirst() else {
                throw UsageError(description: "\(option.name) needs a value")
            }
            try set(option, [value])
        case .list:
            var taken = inline.map { [$0] } ?? []
            if inline == nil { while let word = rest.first, !word.hasPrefix("-") { taken.append(rest.removeFirst()) } }
            if taken.isEmpty { throw UsageError(description: "\(option.name) needs a value") }
            values[option.name, default: []] += taken
        }
    }

    private mutating func set(_ option: OptionDescription, _ value: [String]) throws(UsageError) {
        if values[option.name] != nil { throw UsageError(description: "\(option.name) is given twice") }
        values[option.name] = value
    }
}

/// What was given, typed.
extension Input {
    /// The value of an option, read from its variable where it is not given, otherwise its default.
    ///
    /// A variable that is set but empty counts as not set.
    subscript<Value>(_ option: Option<Value>) -> Value {
        get throws(UsageError) {
            if let words = given(option) { return try option.parse(.init(name: option.name, words: words)) }
            guard let variable = option.variable, let text = environment[variable], !text.isEmpty else {
                return try option.absent()
            }
            return try option.parse(.init(name: variable, words: [text]))
        }
    }

    /// Whether the option itself was given.
    func has(_ option: some CommandOption) -> Bool { given(option) != nil }

    /// Of the options, the first that was given.
    func first(of options: [any CommandOption]) -> (any CommandOption)? { options.first { given($0) != nil } }

    /// The last word that an option was given; nil where it was not given.
    func text(of option: any CommandOption) -> String? { given(option)?.last }

    /// - Throws: ``UsageError`` when an option was given together with one of `others`.
    func exclude(_ option: some CommandOption, _ others: [any CommandOption]) throws(UsageError) {
        guard has(option), let other = first(of: others) else { return }
        throw UsageError(description: "\(option.name) and \(other.name) exclude each other")
    }

    /// Whether nothing is to be changed.
    var isDryRun: Bool { values[SharedOption.dryRun.name] != nil }

    /// Whether the command has `--dry-run`, as one must that may change something.
    var canDryRun: Bool { description.options.contains { $0.name == SharedOption.dryRun.name } }

    /// A command may only ask for options that its description has: else help would hide what it takes.
    private func given(_ option: any CommandOption) -> [String]? {
        precondition(
            description.options.contains { $0.name == option.name },
            "concertctl \(description.name) asks for \(option.name), which its description lacks")
        return values[option.name]
    }
}

/// The known word that somebody may have meant.
enum Suggestion {
    /// Nil when nothing is near.
    private static func nearest(to word: String, among known: [String]) -> String? {
        let ranked = known.map { (word: $0, distance: distance(Array(word.utf8), Array($0.utf8))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(2, word.utf8.count / 4) ? best.word : nil
    }

    /// `; did you mean "WORD"?`, or nothing.
    static func hint(for word: String, among known: [String]) -> String {
        nearest(to: word, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// How many letters must be put in, left out or changed.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let substituted = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
