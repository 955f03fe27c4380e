import JSON

/// What a role's policies say, as far as it is told from their text alone: conditions are not weighed.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
struct RolePolicy: Sendable {
    private var statements: [JSONValue] = []

    /// - Parameter document: As a policy has it: one statement, or a list.
    mutating func add(_ document: JSONValue) {
        guard let statement = document["Statement"] else { return }
        statements += statement.array ?? [statement]
    }

    /// - Parameter action: Such as `kinesis:GetRecords`.
    func allows(_ action: String, on resource: String) -> Bool {
        let matching = statements.filter { Self.matches($0, action, resource) }
        return matching.contains { $0["Effect"]?.string == "Allow" }
            && !matching.contains { $0["Effect"]?.string == "Deny" && $0["Condition"] == nil }
    }

    private static func matches(_ statement: JSONValue, _ action: String, _ resource: String) -> Bool {
        // Action names ignore letter case, and ARNs do not.
        let isAction = matches(statement, "Action") { isMatch(action.lowercased(), $0.lowercased()) }
        return isAction && matches(statement, "Resource") { isMatch(resource, $0) }
    }

    /// Whether the member of this name has a pattern that fits, or its opposite has none.
    private static func matches(_ statement: JSONValue, _ name: String, _ fits: (String) -> Bool) -> Bool {
        func patterns(_ value: JSONValue) -> [String] { (value.array ?? [value]).compactMap(\.string) }
        if let value = statement[name] { return patterns(value).contains(where: fits) }
        if let value = statement["Not" + name] { return !patterns(value).contains(where: fits) }
        return false
    }

    /// `*` stands for any text, `?` for one character.
    static func isMatch(_ text: String, _ pattern: String) -> Bool {
        let (text, pattern) = (Array(text.utf8), Array(pattern.utf8))
        var (position, index) = (0, 0)
        // Where to go on when the text after the last star does not fit.
        var retry: (position: Int, index: Int)?
        while position < text.count {
            if index < pattern.count, pattern[index] == UInt8(ascii: "*") {
                retry = (position, index)
                index += 1
            } else if index < pattern.count, pattern[index] == UInt8(ascii: "?") || pattern[index] == text[position] {
                (position, index) = (position + 1, index + 1)
            } else if let last = retry {
                retry = (last.position + 1, last.index)
                (position, index) = (last.position + 1, last.index + 1)
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
