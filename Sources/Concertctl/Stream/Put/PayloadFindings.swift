import Foundation
import Processor

/// The payloads that the function will reject: their number, and the first errors.
struct PayloadFindings {
    private(set) var count = 0
    private var shown: [String] = []

    private static let shownLimit = 5

    mutating func add(_ error: PayloadError, on line: PayloadReader.PayloadLine) {
        count += 1
        guard shown.count < Self.shownLimit else { return }
        shown.append("\(line.origin): \(error.reason.rawValue): \(MessageText.escaped(error.message))")
    }

    /// Prints the findings, if there are any.
    func printNotes() {
        guard count > 0 else { return }
        Console.note("note: the function will reject \(count) of these records:")
        for finding in shown { Console.note("  \(finding)") }
        if count > shown.count { Console.note("  and \(count - shown.count) more") }
    }
}

extension PayloadError {
    /// Whether the payload is not JSON.
    var isNotJSON: Bool { [.base64, .gzip, .kpl, .utf8, .json].contains(reason) }
}
