import Clients

/// Reads variables by type and gathers complaints.
struct EnvironmentReader {
    private let environment: [String: String]
    private(set) var problems: [String] = []

    init(_ environment: [String: String]) { self.environment = environment }

    mutating func complain(_ problem: String) { problems.append(problem) }

    func string(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }

    mutating func integer(_ name: String, in bounds: ClosedRange<Int>) -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text), bounds.contains(value) else {
            complain("\(name) is \"\(text)\"; expected a whole number in \(bounds.lowerBound)...\(bounds.upperBound)")
            return nil
        }
        return value
    }

    /// - Parameter values: Made only where the variable is set, for a list of pairs is a type of its own to make at the start.
    mutating func choice<Value>(_ name: String, _ values: @autoclosure () -> KeyValuePairs<String, Value>) -> Value? {
        guard let text = string(name) else { return nil }
        let values = values()
        if let value = values.first(where: { $0.key == text.lowercased() })?.value { return value }
        complain("\(name) is \"\(text)\"; expected one of \(values.map(\.key).joined(separator: ", "))")
        return nil
    }

    mutating func list<Value: RawRepresentable<String> & CaseIterable & Hashable>(
        _ name: String, of type: Value.Type
    ) -> [Value]? {
        guard let text = string(name) else { return nil }
        // Put together for a complaint alone.
        func known() -> String { Value.allCases.map(\.rawValue).joined(separator: ", ") }
        var values: [Value] = []
        let complaints = problems.count
        for item in text.utf8.split(separator: UInt8(ascii: ",")) {
            let word = String(Substring(item).trimmed)
            guard !word.isEmpty else { continue }
            guard let value = Value(rawValue: word) else {
                complain("\(name) names \"\(word)\"; expected some of \(known())")
                continue
            }
            if !values.contains(value) { values.append(value) }
        }
        if values.isEmpty, problems.count == complaints {
            complain("\(name) is \"\(text)\"; expected some of \(known())")
        }
        return values.isEmpty ? nil : values
    }
}
