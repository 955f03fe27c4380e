/// The input of a command: the arguments, checked against its description, and the environment.
///
/// A command reads it in its initializer and stores only values, so that it reports every usage error before it does
/// anything.
struct Input: Sendable {
    /// The process's variables and those of the `.env` file.
    var environment: [String: String]
    /// The arguments that are not options, in order.
    private(set) var operands: [String] = []
    private let description: CommandDescription
    private var values: [String: [String]] = [:]

    /// - Throws: ``UsageError`` for an unknown option, a missing value, or too many arguments.
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

/// Typed access to options.
extension Input {
    /// Returns the value of an option: as given, otherwise from its environment variable, otherwise its default.
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

    /// Returns whether the option was given on the command line.
    func has(_ option: some CommandOption) -> Bool { given(option) != nil }

    /// Returns the first of `options` that was given.
    func first(of options: [any CommandOption]) -> (any CommandOption)? { options.first { given($0) != nil } }

    /// Returns the last value of an option, or nil if the option was not given.
    func text(of option: any CommandOption) -> String? { given(option)?.last }

    /// Checks that two options are not combined.
    ///
    /// - Throws: ``UsageError`` if `option` was given together with one of `others`.
    func exclude(_ option: some CommandOption, _ others: [any CommandOption]) throws(UsageError) {
        guard has(option), let other = first(of: others) else { return }
        throw UsageError(description: "\(option.name) and \(other.name) cannot be combined")
    }

    /// Whether `--dry-run` was given.
    var isDryRun: Bool { values[SharedOption.dryRun.name] != nil }

    /// Whether the command has `--dry-run`, which every command that changes something must have.
    var canDryRun: Bool { description.options.contains { $0.name == SharedOption.dryRun.name } }

    /// Returns the given values.
    ///
    /// A command may only read options of its description, so that help lists all of them.
    private func given(_ option: any CommandOption) -> [String]? {
        precondition(
            description.options.contains { $0.name == option.name },
            "concertctl \(description.name) reads \(option.name), which is not in its description")
        return values[option.name]
    }
}

/// Suggestions for misspelled words.
enum Suggestion {
    /// Returns the known word nearest to `word`, or nil if none is similar.
    static func nearest(to word: [UInt8], among known: [[UInt8]]) -> [UInt8]? {
        let ranked = known.map { (word: $0, distance: distance(word, $0)) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(2, word.count / 4) ? best.word : nil
    }

    /// Returns `; did you mean "WORD"?`, or an empty text if no known word is similar.
    static func hint(for word: String, among known: [String]) -> String {
        nearest(to: Array(word.utf8), among: known.map { Array($0.utf8) })
            .map { "; did you mean \"\(String(decoding: $0, as: UTF8.self))\"?" } ?? ""
    }

    /// Returns the number of insertions, deletions, and substitutions that turn `a` into `b`.
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
