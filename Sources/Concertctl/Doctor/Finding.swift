import JSON
import Processor

/// The result of a check.
struct Finding: Sendable, Equatable {
    /// The verdict of a check.
    enum Verdict: String, Sendable, CaseIterable {
        case ok
        /// Works, but can cause failures later.
        case warning = "warn"
        /// Records are lost, delayed, or rejected, or will be soon.
        case fault
        /// Could not be determined.
        case unknown
        /// Not checked, because a prerequisite is missing.
        case skipped
    }

    var verdict: Verdict
    var text: String
    /// The fix, one line each; commands are ready to run.
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

/// The formatting of findings.
extension Finding {
    func json(of check: String) -> JSONValue {
        .object(ofPresent: [
            ("Check", .string(check)), ("Verdict", .string(verdict.rawValue)), ("Finding", .string(text)),
            ("Advice", .array(advice.map { .string($0) })),
        ])
    }

    /// Returns one line for the finding and one line per piece of advice.
    ///
    /// - Parameter width: The width of the longest name of a check.
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
