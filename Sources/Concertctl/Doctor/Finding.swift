import JSON
import Processor

/// What a check found.
struct Finding: Sendable, Equatable {
    /// What a check says of what it looked at.
    enum Verdict: String, Sendable, CaseIterable {
        case ok
        /// Works, and will hurt some day.
        case warning = "warn"
        /// Records are lost, late or refused, or soon will be.
        case fault
        /// Could not be found out.
        case unknown
        /// Not looked at, because what it needs is not there.
        case skipped
    }

    var verdict: Verdict
    var text: String
    /// What to do, a line each; commands as they are typed.
    var advice: [String] = []

    static func ok(_ text: String) -> Finding { Finding(verdict: .ok, text: text) }

    static func warning(_ text: String, _ advice: String?...) -> Finding {
        Finding(verdict: .warning, text: text, advice: advice.compactMap { $0 })
    }

    static func fault(_ text: String, _ advice: String?...) -> Finding {
        Finding(verdict: .fault, text: text, advice: advice.compactMap { $0 })
    }

    static func unknown(_ text: String, _ advice: String?...) -> Finding {
        Finding(verdict: .unknown, text: text, advice: advice.compactMap { $0 })
    }
}

/// How findings are shown.
extension Finding {
    func json(of check: String) -> JSONValue {
        .object(ofPresent: [
            ("Check", .string(check)), ("Verdict", .string(verdict.rawValue)), ("Finding", .string(text)),
            ("Advice", .array(advice.map { .string($0) })),
        ])
    }

    /// One line, and one more for each piece of advice.
    ///
    /// - Parameter width: Of the longest check's name.
    func lines(of check: String, width: Int) -> String {
        let verdictWidth = Verdict.allCases.map(\.rawValue.count).max() ?? 0
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let first = "\(padded(verdict.rawValue, verdictWidth))  \(padded(check, width))  \(MessageText.escaped(text))"
        let indentation = String(repeating: " ", count: verdictWidth + width + 4)
        return ([first] + advice.map { indentation + "-> " + MessageText.escaped($0) }).joined(separator: "\n")
    }
}
