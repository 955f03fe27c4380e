import Foundation
import Processor

/// What is thought of a payload before it is put.
struct PayloadCheck {
    private var reader = RecordReader()
    /// Payloads that the function will call bad, as far as they are kept.
    private(set) var findings: [String] = []
    private(set) var badCount = 0

    /// Findings that are shown one by one.
    private static let shown = 5

    /// Notes it, and says why, when the function would call the payload a bad record.
    mutating func finding(on line: PayloadReader.Line) -> PayloadError? {
        for content in reader.contents(ofBase64: Data(line.bytes).base64EncodedString()) {
            guard case .bad(let error) = content else { continue }
            badCount += 1
            if findings.count < Self.shown {
                findings.append("\(line.origin): \(error.reason.rawValue): \(MessageText.escaped(error.message))")
            }
            return error
        }
        return nil
    }
}
