import Foundation

/// What help, completion, and documentation need of an option, whatever its type.
protocol CommandOption: Sendable {
    var description: OptionDescription { get }
}

extension CommandOption {
    /// With its dashes.
    var name: String { description.name }
}

/// One option of a command: its name, and the type, range, and default of its value.
///
/// Parsing, help, completion, and documentation read the same value, so that a range and a default are written once.
/// A command reads it with ``Input/subscript(_:)``.
struct Option<Value: Sendable>: CommandOption {
    let description: OptionDescription
    /// The environment variable that counts where the option is not given.
    let variable: String?
    /// Returns the value of an option that is not given.
    let absent: @Sendable () throws(UsageError) -> Value
    /// Returns the value of an option that is given.
    let parse: @Sendable (Given) throws(UsageError) -> Value

    /// What was given.
    struct Given {
        /// The option or the variable, for errors.
        var name: String
        var words: [String]

        var text: String { words.last ?? "" }

        func error(expected: String) -> UsageError {
            UsageError(description: "\(name) is \"\(text)\"; expected \(expected)")
        }
    }

    /// - Parameters:
    ///   - facts: The range and the default, which help shows in parentheses.
    ///   - absent: Returns the value where neither the option nor the variable is given.
    fileprivate init(
        _ name: String, _ form: OptionDescription.Form, _ help: String, facts: [String?] = [], choices: [String] = [],
        group: OptionDescription.Group = .own, variable: String? = nil,
        absent: @escaping @Sendable () throws(UsageError) -> Value,
        parse: @escaping @Sendable (Given) throws(UsageError) -> Value
    ) {
        let facts = facts.compactMap(\.self).joined(separator: ", ")
        description = OptionDescription(
            name: name, form: form, help: facts.isEmpty ? help : "\(help) (\(facts))", choices: choices, group: group)
        (self.variable, self.absent, self.parse) = (variable, absent, parse)
    }

    /// The error of a required option that is not given.
    fileprivate static func missing(_ name: String, expected: String? = nil) -> UsageError {
        UsageError(description: "\(name) is missing" + (expected.map { "; expected \($0)" } ?? ""))
    }
}

/// `--name`, true where it is given.
extension Option<Bool> {
    init(_ name: String, _ help: String) {
        self.init(name, .flag, help, absent: { () throws(UsageError) in false }) { given throws(UsageError) in
            given.text == "true"
        }
    }
}

/// `--name` or `--no-name`; nil where neither is given.
extension Option<Bool?> {
    /// - Parameter otherwise: The default in words.
    init(_ name: String, otherwise: String? = nil, _ help: String) {
        self.init(
            name, .toggle, help, facts: [otherwise.map { "default: \($0)" }], absent: { () throws(UsageError) in nil }
        ) { given throws(UsageError) in given.text == "true" }
    }
}

/// A text; an empty one counts as given.
extension Option<String> {
    /// - Parameter value: What stands for the value in help.
    init(_ name: String, value: String, default fallback: String, note: String? = nil, _ help: String) {
        self.init(
            name, .value(value), help, facts: ["default \(fallback)", note],
            absent: { () throws(UsageError) in fallback }
        ) { given throws(UsageError) in given.text }
    }
}

extension Option<String?> {
    /// - Parameters:
    ///   - variable: The variable that provides the value where the option is not given.
    ///   - otherwise: The default in words.
    init(
        _ name: String, value: String, variable: String? = nil, otherwise: String? = nil,
        group: OptionDescription.Group = .own, _ help: String
    ) {
        let fallback = [variable, otherwise].compactMap(\.self).joined(separator: ", otherwise ")
        self.init(
            name, .value(value), help, facts: [fallback.isEmpty ? nil : "default: \(fallback)"], group: group,
            variable: variable, absent: { () throws(UsageError) in nil }
        ) { given throws(UsageError) in given.text }
    }
}

/// A whole number.
extension Option<Int> {
    /// - Parameters:
    ///   - value: What stands for the value in help.
    ///   - variable: The variable that provides the value where the option is not given.
    ///   - note: What else help says about the default.
    init(
        _ name: String, value: String = "N", _ range: ClosedRange<Int>, default fallback: Int, variable: String? = nil,
        note: String? = nil, _ help: String
    ) {
        let words = (variable.map { "\($0), otherwise " } ?? "") + "\(fallback)"
        self.init(
            name, .value(value), help, facts: [Option.text(range), "default \(words)", note], variable: variable,
            absent: { () throws(UsageError) in fallback }
        ) { given throws(UsageError) in try Option.number(given, range) }
    }

    /// An option that must be given.
    init(_ name: String, value: String = "N", required range: ClosedRange<Int>, _ help: String) {
        self.init(
            name, .value(value), help, facts: [Option.text(range)],
            absent: { () throws(UsageError) in throw Option.missing(name) }
        ) { given throws(UsageError) in try Option.number(given, range) }
    }

    fileprivate static func text(_ range: ClosedRange<Int>) -> String? {
        range.upperBound == .max ? nil : "\(range.lowerBound)...\(range.upperBound)"
    }

    fileprivate static func number(_ given: Given, _ range: ClosedRange<Int>) throws(UsageError) -> Int {
        try InputNumber.whole(given.text, of: given.name, in: range)
    }
}

extension Option<Int?> {
    /// - Parameter otherwise: What counts where nothing is given, in words.
    init(
        _ name: String, value: String = "N", _ range: ClosedRange<Int>, otherwise: String? = nil, _ help: String
    ) {
        self.init(
            name, .value(value), help, facts: [Option<Int>.text(range), otherwise.map { "default: \($0)" }],
            absent: { () throws(UsageError) in nil }
        ) { given throws(UsageError) in try InputNumber.whole(given.text, of: given.name, in: range) }
    }
}

/// A number with up to six decimals.
extension Option<Decimal> {
    init(
        _ name: String, value: String = "X", _ range: ClosedRange<Decimal>, default fallback: Decimal,
        note: String? = nil, _ help: String
    ) {
        self.init(
            name, .value(value), help,
            facts: ["\(range.lowerBound)...\(range.upperBound)", "default \(fallback)", note],
            absent: { () throws(UsageError) in fallback }
        ) { given throws(UsageError) in
            guard let number = Decimal(digits: given.text), range.contains(number) else {
                throw given.error(
                    expected: "a number in \(range.lowerBound)...\(range.upperBound), with at most six decimals")
            }
            return number
        }
    }
}

/// `--name VALUE VALUE...`; nil where it is not given.
extension Option<[String]?> {
    /// - Parameters:
    ///   - choices: The words that it takes, where there are only a few, for completion.
    ///   - splitsAtCommas: Whether a comma separates values, too.
    init(
        _ name: String, value: String, choices: [String] = [], otherwise: String? = nil, splitsAtCommas: Bool = true,
        _ help: String
    ) {
        self.init(
            name, .list(value), help, facts: [otherwise.map { "default: \($0)" }], choices: choices,
            absent: { () throws(UsageError) in nil }
        ) { given throws(UsageError) in splitsAtCommas ? InputList.split(given.words) : given.words }
    }
}

extension Option<[String]> {
    init(_ name: String, value: String, choices: [String] = [], default fallback: [String], _ help: String) {
        let facts = fallback.isEmpty ? [] : ["default " + fallback.joined(separator: " ")]
        self.init(
            name, .list(value), help, facts: facts, choices: choices, absent: { () throws(UsageError) in fallback }
        ) { given throws(UsageError) in InputList.split(given.words) }
    }
}

/// One of a few words.
extension Option where Value: RawRepresentable<String> & CaseIterable {
    /// - Parameter note: What else help says about the default.
    init(_ name: String, default fallback: Value, note: String? = nil, _ help: String) {
        self.init(
            name, .value(InputChoice.words(of: Value.self, "|")), help, facts: ["default \(fallback.rawValue)", note],
            choices: Value.allCases.map(\.rawValue), absent: { () throws(UsageError) in fallback }
        ) { given throws(UsageError) in try InputChoice.choice(given.text, of: given.name) }
    }

    /// An option that must be given.
    init(required name: String, _ help: String) {
        let words = InputChoice.words(of: Value.self, " or ")
        self.init(
            name, .value(InputChoice.words(of: Value.self, "|")), help, choices: Value.allCases.map(\.rawValue),
            absent: { () throws(UsageError) in throw Option.missing(name, expected: words) }
        ) { given throws(UsageError) in try InputChoice.choice(given.text, of: given.name) }
    }
}

extension Option {
    /// One of a few words; nil where it is not given.
    ///
    /// - Parameter otherwise: What counts where nothing is given, in words.
    init<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, otherwise: String? = nil, _ help: String
    ) where Value == Choice? {
        self.init(
            name, .value(InputChoice.words(of: Choice.self, "|")), help, facts: [otherwise.map { "default: \($0)" }],
            choices: Choice.allCases.map(\.rawValue), absent: { () throws(UsageError) in nil }
        ) { given throws(UsageError) in try InputChoice.choice(given.text, of: given.name) }
    }
}

/// Whole numbers in options, operands, and variables.
enum InputNumber {
    /// - Parameter name: What the text was given as, for errors.
    static func whole(_ text: String, of name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw UsageError(
                description: "\(name) is \"\(text)\"; expected a whole number in "
                    + "\(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }
}

/// Values of lists.
private enum InputList {
    static func split(_ words: [String]) -> [String] {
        words.flatMap { $0.utf8.split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) } }
    }
}

/// Options that take one of a few words.
private enum InputChoice {
    static func words<Choice: RawRepresentable<String> & CaseIterable>(
        of type: Choice.Type, _ separator: String
    ) -> String {
        Choice.allCases.map(\.rawValue).joined(separator: separator)
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String, of name: String
    ) throws(UsageError) -> Choice {
        guard let choice = Choice(rawValue: text) else {
            throw UsageError(
                description: "\(name) is \"\(text)\"; expected one of \(words(of: Choice.self, ", "))")
        }
        return choice
    }
}
