import Basics
import JSON

/// A parameter as a template declares it.
struct TemplateParameter: Sendable, Equatable {
    var name: String
    var type = "String"
    /// The default value; nil if a value must be given.
    var fallback: String?
    var allowedValues: [String] = []
    /// A regular expression that the whole value must match.
    var allowedPattern: String?
    var constraint: String?
    var minimum: Double?
    var maximum: Double?
    /// Whether the value is a secret.
    var isSecret = false

    /// Returns what is wrong with a value; nil when CloudFormation would accept it.
    func problem(with value: String) -> String? {
        let shown = isSecret ? "the value" : "\"\(value)\""
        if !allowedValues.isEmpty, !allowedValues.contains(where: { $0.hasSameBytes(as: value) }) {
            return "\(name) is \(shown); expected one of \(allowedValues.joined(separator: ", "))"
        }
        if type == "Number" {
            guard let number = Double(value), number.isFinite, number >= minimum ?? number, number <= maximum ?? number
            else { return "\(name) is \(shown); expected a number\(range)" }
        }
        if let allowedPattern, let pattern = try? Regex(allowedPattern).matchingSemantics(.unicodeScalar),
            value.wholeMatch(of: pattern) == nil
        {
            return "\(name) is \(shown); expected \(constraint ?? "a value that matches \(allowedPattern)")"
        }
        return nil
    }

    private var range: String {
        guard let minimum, let maximum else { return "" }
        return " in \(Self.text(minimum))...\(Self.text(maximum))"
    }

    private static func text(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
}

/// Reading a template's section `Parameters`.
extension TemplateParameter {
    /// - Parameter members: The JSON object that declares the parameter.
    init(name: String, _ members: JSONValue) {
        self.name = name
        for (key, value) in members.object?.members.map({ ($0.name, $0.value) }) ?? [] {
            set(key, to: value.array?.map(Self.text) ?? [Self.text(value)])
        }
    }

    private static func text(_ value: JSONValue) -> String { value.string ?? value.text }

    mutating func set(_ key: String, to values: [String]) {
        let value = values.first ?? ""
        switch key {
        case "Type": type = value
        case "Default": fallback = value
        case "AllowedValues": allowedValues = values
        case "AllowedPattern": allowedPattern = value
        case "ConstraintDescription": constraint = value
        case "MinValue": minimum = Double(value)
        case "MaxValue": maximum = Double(value)
        // Unknown values, such as "True", could mean that it is one.
        case "NoEcho": isSecret = value != "false"
        default: break
        }
    }
}
