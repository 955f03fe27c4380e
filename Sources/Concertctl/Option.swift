import Foundation

/// The untyped part of an option, which help, completion, and documentation use.
protocol CommandOption: Sendable {
    var description: OptionDescription { get }
}

extension CommandOption {
    /// The name, including the dashes.
    var name: String { description.name }
}

/// One option of a command: its name, and the type, range, and default of its value.
///
/// Parsing, help, completion, and documentation read the same value, so that a range and a default are defined once.
/// A command reads it with ``Input/subscript(_:)``.
struct Option<Value: Sendable>: CommandOption {
    let description: OptionDescription
    /// The environment variable to read if the option is not given.
    let variable: String?
    /// Returns the value if the option is not given.
    let absent: @Sendable () throws(UsageError) -> Value
    /// Returns the value if the option is given.
    let parse: @Sendable (Given) throws(UsageError) -> Value

    /// The text of an option or its variable.
    struct Given {
        /// The name of the option or the variable, for errors.
        var name: String
        var words: [String]

        var text: String { words.last ?? "" }

        func error(expected: String) -> UsageError {
            UsageError(description: "\(name) is \"\(text)\"; expected \(expected)")
        }
    }

    /// - Parameters:
    ///   - facts: The range and the default, which help prints in parentheses.
    ///   - absent: Returns the value if neither the option nor the variable is given.
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

    /// Returns the error for a required option that is not given.
    fileprivate static func missing(_ name: String, expected: String? = nil) -> UsageError {
        UsageError(description: "\(name) is missing" + (expected.map { "; expected \($0)" } ?? ""))
    }
}

/// A flag, `--name`, which is true if it is given.
extension Option<Bool> {
    init(_ name: String, _ help: String) {
        self.init(name, .flag, help, absent: { () throws(UsageError) in false }) { given throws(UsageError) in
            given.text == "true"
        }
    }
}

/// A toggle, `--name` or `--no-name`, which is nil if neither is given.
extension Option<Bool?> {
    /// - Parameter otherwise: The default in words.
    init(_ name: String, otherwise: String? = nil, _ help: String) {
        self.init(
            name, .toggle, help, facts: [otherwise.map { "default: \($0)" }], absent: { () throws(UsageError) in nil }
        ) { given throws(UsageError) in given.text == "true" }
    }
}

/// A text option, for which an empty text counts as given.
extension Option<String> {
    /// - Parameter value: The placeholder for the value in help.
    init(_ name: String, value: String, default fallback: String, note: String? = nil, _ help: String) {
        self.init(
            name, .value(value), help, facts: ["default \(fallback)", note],
            absent: { () throws(UsageError) in fallback }
        ) { given throws(UsageError) in given.text }
    }
}

extension Option<String?> {
    /// - Parameters:
    ///   - variable: The environment variable to read if the option is not given.
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

/// A whole-number option.
extension Option<Int> {
    /// - Parameters:
    ///   - value: The placeholder for the value in help.
    ///   - variable: The environment variable to read if the option is not given.
    ///   - note: A note on the default in help.
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

/// A number option with up to six decimal places.
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
                    expected: "a number in \(range.lowerBound)...\(range.upperBound), with at most six decimal places")
            }
            return number
        }
    }
}

/// A list option, `--name VALUE VALUE...`, which is nil if it is not given.
extension Option<[String]?> {
    /// - Parameters:
    ///   - choices: The accepted words for completion, if they are a fixed set.
    ///   - splitsAtCommas: Whether commas also separate values.
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

/// An option that accepts a fixed set of words.
extension Option where Value: RawRepresentable<String> & CaseIterable {
    /// - Parameter note: A note on the default in help.
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
    /// Creates an option that accepts a fixed set of words and is nil if it is not given.
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

/// The parsing of whole numbers in options, operands, and variables.
enum InputNumber {
    /// Parses a whole number.
    ///
    /// - Parameter name: The name of the option, operand, or variable, for errors.
    static func whole(_ text: String, of name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw UsageError(
                description: "\(name) is \"\(text)\"; expected a whole number in "
                    + "\(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }
}

/// The parsing of lists.
private enum InputList {
    static func split(_ words: [String]) -> [String] {
        words.flatMap { $0.utf8.split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) } }
    }
}

/// The parsing of words of a fixed set.
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
