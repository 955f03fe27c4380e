import Basics
import JSON

/// A parameter as a template declares it.
struct TemplateParameter: Sendable, Equatable {
    var name: String
    var type = "String"
    /// Nil where a value must be given.
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
    /// - Parameter members: As JSON has them.
    init(name: String, _ members: JSONValue) {
        self.name = name
        for (key, value) in members.object?.members.map({ ($0.name, $0.value) }) ?? [] {
            set(key, to: value.array?.map(Self.text) ?? [Self.text(value)])
        }
    }

    private static func text(_ value: JSONValue) -> String { value.string ?? value.text }

    private mutating func set(_ key: String, to values: [String]) {
        let value = values.first ?? ""
        switch key {
        case "Type": type = value
        case "Default": fallback = value
        case "AllowedValues": allowedValues = values
        case "AllowedPattern": allowedPattern = value
        case "ConstraintDescription": constraint = value
        case "MinValue": minimum = Double(value)
        case "MaxValue": maximum = Double(value)
        case "NoEcho": isSecret = value == "true"
        default: break
        }
    }

    /// Reads the parameters of a YAML template in block style, with two spaces a level, as this project's template is.
    ///
    /// What is written in another style is left to CloudFormation.
    static func list(yaml lines: some Sequence<String>) -> [TemplateParameter] {
        var found: [TemplateParameter] = []
        var isInside = false
        for line in lines {
            let content = line.utf8.drop { $0 == UInt8(ascii: " ") }
            guard let first = content.first, first != UInt8(ascii: "#") else { continue }
            let indentation = line.utf8.count - content.count
            guard let colon = content.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let key = String(decoding: content[..<colon], as: UTF8.self)
            switch indentation {
            case 0: isInside = key == "Parameters"
            case 2 where isInside: found.append(TemplateParameter(name: key))
            case 4 where isInside && !found.isEmpty:
                let value = content[content.index(after: colon)...].drop { $0 == UInt8(ascii: " ") }
                found[found.count - 1].set(key, to: values(of: String(decoding: value, as: UTF8.self)))
            default: break
            }
        }
        return found
    }

    /// A scalar, or a list in brackets.
    private static func values(of text: String) -> [String] {
        guard text.hasPrefix("["), text.hasSuffix("]") else { return [scalar(text)] }
        return text.dropFirst().dropLast().utf8.split(separator: UInt8(ascii: ","))
            .map { scalar(String(decoding: $0.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)) }
    }

    private static func scalar(_ text: String) -> String {
        for quote in ["\"", "'"] where text.hasPrefix(quote) && text.hasSuffix(quote) && text.utf8.count >= 2 {
            return String(text.dropFirst().dropLast())
        }
        return text
    }
}
