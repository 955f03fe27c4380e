import Foundation
import Processor

/// Payloads that are put although the function will call them bad: how many, and the first few in words.
struct PayloadFindings {
    private(set) var count = 0
    private var shown: [String] = []

    private static let shownLimit = 5

    mutating func add(_ error: PayloadError, on line: PayloadReader.Line) {
        count += 1
        guard shown.count < Self.shownLimit else { return }
        shown.append("\(line.origin): \(error.reason.rawValue): \(MessageText.escaped(error.message))")
    }

    /// Tells people, if there is anything to tell.
    func tell() {
        guard count > 0 else { return }
        Console.note("note: the function will call \(count) of these records bad:")
        for finding in shown { Console.note("  \(finding)") }
        if count > shown.count { Console.note("  and \(count - shown.count) more") }
    }
}

extension PayloadError {
    /// Whether the bytes are not even JSON, whatever the function wants in it.
    var isNotJSON: Bool { [.base64, .gzip, .kpl, .utf8, .json].contains(reason) }
}
