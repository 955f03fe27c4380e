import Foundation

/// The template after the SAM transformation, as CloudFormation processes it.
struct Template {
    let json: JSONValue

    /// The linted and transformed template, which all tests share.
    static let shipped = Result { try Template(linting: "template.yaml") }

    /// - Throws: ``LintFailure`` if the lint script reports a problem.
    init(linting path: String) throws {
        json = try withTemporaryFolder { folder in
            let transformed = folder.appendingPathComponent("transformed.json")
            let lint = try Repository.run("scripts/lint-template.sh", path, transformed.path)
            guard lint.status == 0 else { throw LintFailure(description: lint.output) }
            return try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: transformed))
        }
    }

    init(json: JSONValue) { self.json = json }

    /// Returns the template with its conditions resolved like in CloudFormation; missing parameters have their defaults.
    func resolved(_ parameters: [String: String] = [:]) throws -> JSONValue {
        guard case .object(var template) = json else { return json }
        let given = Dictionary(
            uniqueKeysWithValues: json["Parameters"].keys.map { name in
                (name, parameters[name] ?? Self.text(json["Parameters"][name]["Default"]))
            })
        if let unknown = parameters.keys.first(where: { given[$0] == nil }) {
            throw LintFailure(description: "the template has no parameter \(unknown)")
        }
        let conditions = Conditions(all: json["Conditions"], parameters: given)
        for part in ["Resources", "Outputs"] {
            var kept: [String: JSONValue] = [:]
            for name in json[part].keys {
                let element = json[part][name]
                if case .string(let condition) = element["Condition"], !conditions.holds(condition) { continue }
                guard case .object(var members) = conditions.decided(element) ?? .null else { continue }
                members["Condition"] = nil
                kept[name] = .object(members)
            }
            template[part] = .object(kept)
        }
        template["Conditions"] = nil
        return .object(template)
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): String(Int(number))
        default: ""
        }
    }

    private struct Conditions {
        var all: JSONValue
        var parameters: [String: String]

        func holds(_ name: String) -> Bool { isTrue(all[name]) }

        private func isTrue(_ condition: JSONValue) -> Bool {
            switch condition.keys.first {
            case "Fn::Equals":
                let sides = condition["Fn::Equals"].elements.map(text)
                return sides.first == sides.last
            case "Fn::Not": return condition["Fn::Not"].elements.first.map { !isTrue($0) } ?? false
            case "Fn::And": return condition["Fn::And"].elements.allSatisfy(isTrue)
            case "Fn::Or": return condition["Fn::Or"].elements.contains(where: isTrue)
            case "Condition": return condition["Condition"].string.map(holds) ?? false
            default: return false
            }
        }

        private func text(_ value: JSONValue) -> String {
            if let name = value["Ref"].string { return parameters[name] ?? name }
            if case .array(let parts) = value["Fn::Join"], let list = parts.last { return text(list) }
            return Template.text(value)
        }

        /// Returns nil for AWS::NoValue.
        func decided(_ value: JSONValue) -> JSONValue? {
            switch value {
            case .array(let elements): return .array(elements.compactMap(decided))
            case .object(let members):
                if members == ["Ref": "AWS::NoValue"] { return nil }
                if case .array(let choice) = value["Fn::If"], choice.count == 3, let name = choice[0].string {
                    return decided(choice[holds(name) ? 1 : 2])
                }
                return .object(members.compactMapValues(decided))
            default: return value
            }
        }
    }
}

/// The problems that the lint script found.
struct LintFailure: Error, CustomStringConvertible {
    var description: String
}

/// The intrinsic functions of CloudFormation.
extension JSONValue {
    static func attribute(_ name: String, of resource: String) -> JSONValue {
        ["Fn::GetAtt": [.string(resource), .string(name)]]
    }

    /// As JSON again.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): value == value.rounded() ? String(Int(value)) : String(value)
        case .string(let value):
            String(decoding: (try? JSONEncoder().encode(value)) ?? Data(), as: UTF8.self)
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { "\(JSONValue.string($0.key).text):\($0.value.text)" }.joined(
                    separator: ",") + "}"
        }
    }
}
