/// The words after a command, checked against its description.
struct Arguments: Sendable {
    private let description: CommandDescription
    private var values: [String: [String]] = [:]
    /// The words that are no option, in order.
    private(set) var operands: [String] = []

    /// - Throws: ``UsageError`` for a word that the description does not know, or a value that is missing.
    init(_ words: [String], for description: CommandDescription) throws(UsageError) {
        self.description = description
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
            let extra = operands[description.operands.upperBound]
            throw UsageError(description: "\"\(extra)\" is one argument too many")
        }
    }

    private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let spelling = parts[0]
        guard let option = description.options.first(where: { $0.spellings.contains(spelling) }) else {
            if let reason = description.refused[spelling] { throw UsageError(description: "\(spelling) \(reason)") }
            let known = description.options.flatMap(\.spellings)
            let hint = Suggestion.nearest(to: spelling, among: known).map { "; did you mean \($0)?" } ?? ""
            throw UsageError(description: "\"\(spelling)\" is no option\(hint)")
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
extension Arguments {
    /// Whether the option was given at all.
    func has(_ option: OptionDescription) -> Bool { given(option) != nil }

    /// Of an option with one value; empty counts as given.
    func string(_ option: OptionDescription) -> String? { given(option)?.last }

    /// Of a flag: whether it was given.
    func flag(_ option: OptionDescription) -> Bool { given(option) != nil }

    /// Of a toggle: nil when it was not given.
    func toggle(_ option: OptionDescription) -> Bool? { given(option).map { $0.last == "true" } }

    /// Of a list: its values, split at commas unless `separator` is nil.
    func list(_ option: OptionDescription, separator: Character? = ",") -> [String]? {
        guard let values = given(option), let separator else { return given(option) }
        return values.flatMap { $0.split(separator: separator).map(String.init) }
    }

    func integer(_ option: OptionDescription, in bounds: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = string(option) else { return nil }
        guard let value = Int(text), bounds.contains(value) else {
            let range = "\(bounds.lowerBound)...\(bounds.upperBound)"
            throw UsageError(description: "\(option.name) is \"\(text)\"; expected a whole number in \(range)")
        }
        return value
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ option: OptionDescription, of type: Choice.Type
    ) throws(UsageError) -> Choice? {
        guard let text = string(option) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw UsageError(description: "\(option.name) is \"\(text)\"; expected one of \(known)")
        }
        return choice
    }

    /// A command may only ask for options that its description has: else help would hide what it takes.
    private func given(_ option: OptionDescription) -> [String]? {
        precondition(
            description.options.contains { $0.name == option.name },
            "concertctl \(description.name) asks for \(option.name), which its description lacks")
        return values[option.name]
    }
}

/// The known word that somebody may have meant.
enum Suggestion {
    /// Nil when nothing is near.
    static func nearest(to word: String, among known: [String]) -> String? {
        let ranked = known.map { (word: $0, distance: distance(Array(word.utf8), Array($0.utf8))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(2, word.utf8.count / 4) ? best.word : nil
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
