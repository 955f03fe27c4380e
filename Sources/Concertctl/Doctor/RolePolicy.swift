import Basics
import JSON

/// The policies of a role, evaluated without conditions.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
struct RolePolicy: Sendable {
    private var statements: [JSONValue] = []

    /// Adds the statements of a policy.
    ///
    /// - Parameter document: The policy document, with one statement or a list.
    mutating func add(_ document: JSONValue) {
        guard let statement = document["Statement"] else { return }
        statements += statement.array ?? [statement]
    }

    /// Returns whether the policies allow an action.
    ///
    /// - Parameter action: The action, such as `kinesis:GetRecords`.
    func allows(_ action: String, on resource: String) -> Bool {
        let matching = statements.filter { Self.matches($0, action, resource) }
        return matching.contains { $0["Effect"]?.string == "Allow" }
            && !matching.contains { $0["Effect"]?.string == "Deny" && $0["Condition"] == nil }
    }

    private static func matches(_ statement: JSONValue, _ action: String, _ resource: String) -> Bool {
        // Action names are case-insensitive; ARNs are case-sensitive.
        let isAction = matches(statement, "Action") { isMatch(action.lowercased(), $0.lowercased()) }
        return isAction && matches(statement, "Resource") { isMatch(resource, $0) }
    }

    /// Returns whether a pattern of the member `name` matches, or no pattern of its negation does.
    private static func matches(_ statement: JSONValue, _ name: String, _ fits: (String) -> Bool) -> Bool {
        func patterns(_ value: JSONValue) -> [String] { (value.array ?? [value]).compactMap(\.string) }
        if let value = statement[name] { return patterns(value).contains(where: fits) }
        if let value = statement["Not" + name] { return !patterns(value).contains(where: fits) }
        return false
    }

    /// Matches a pattern, in which `*` matches any text and `?` matches one character.
    static func isMatch(_ text: String, _ pattern: String) -> Bool {
        let (text, pattern) = (Array(text.utf8), Array(pattern.utf8))
        var (position, index) = (0, 0)
        // Where to continue if the text after the last `*` does not match.
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
