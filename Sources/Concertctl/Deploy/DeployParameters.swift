import Basics
import JSON

/// The values of a template's parameters: those that are given, else the stack's, else the template's defaults.
struct DeployParameters: Sendable {
    static let option = Option<[String]?>(
        "--parameter", value: "NAME=VALUE", otherwise: "the stack's value, otherwise the template's",
        splitsAtCommas: false, "a parameter of the template; may be given several times")

    private(set) var given: [NamedValue]

    /// - Throws: ``UsageError`` for what is not `NAME=VALUE`, or a name that is given twice.
    init(_ input: Input) throws {
        given = []
        for text in try input[Self.option] ?? [] {
            guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals != text.utf8.startIndex else {
                throw UsageError(description: "--parameter is not NAME=VALUE")
            }
            let name = String(text[..<equals])
            guard given[name] == nil else { throw UsageError(description: "--parameter \(name) is given twice") }
            given.append(NamedValue(name, String(text[text.index(after: equals)...])))
        }
    }

    mutating func set(_ name: String, to value: String) {
        given.removeAll { $0.name.hasSameBytes(as: name) }
        given.append(NamedValue(name, value))
    }

    /// Returns the faults of the given values, and the required parameters that are missing.
    func faults(_ template: DeployTemplate) -> [String] {
        given.compactMap { value in
            guard let parameter = template.parameter(value.name) else {
                return "the template has no parameter \(value.name)"
                    + Suggestion.hint(for: value.name, among: template.parameters.map(\.name))
            }
            return parameter.problem(with: value.value)
        }
            + template.parameters.filter { $0.fallback == nil && given[$0.name] == nil }
            .map { "--parameter \($0.name)=VALUE is missing; it has no default" }
    }

    /// Returns the value that a parameter will have; nil if it has none, or the template does not declare it.
    func value(of name: String, _ template: DeployTemplate, _ stack: Stack?) -> String? {
        guard let parameter = template.parameter(name) else { return nil }
        return given[name] ?? stack?.parameters[name] ?? parameter.fallback
    }

    /// Returns the parameters of a change set; a nil value keeps the stack's value.
    func list(_ template: DeployTemplate, _ stack: Stack?) -> [(name: String, value: String?)] {
        template.parameters.compactMap { parameter in
            if let value = given[parameter.name] { return (parameter.name, value) }
            return stack?.parameters[parameter.name] == nil ? nil : (parameter.name, nil)
        }
    }

    /// The given secret values, which are never printed.
    func secrets(_ template: DeployTemplate) -> [String] {
        given.filter { template.parameter($0.name)?.isSecret ?? true && !$0.value.isEmpty }.map(\.value)
    }
}
