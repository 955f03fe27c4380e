import Foundation
import JSON
import Processor

/// Prints records, a batch at a time, and counts them.
struct TailOutput {
    enum Form { case text, json, raw }

    private let form: Form
    private let limit: Int
    private var reader = RecordReader()
    private var printed = 0
    private var leftOut = 0

    init(form: Form, limit: Int) { (self.form, self.limit) = (form, limit) }

    var isFull: Bool { printed >= limit }

    /// Prints what the limit leaves room for.
    mutating func print(_ records: [JSONValue], of shard: String) {
        var bytes: [UInt8] = []
        for record in records where !isFull {
            printed += 1
            let tailed = TailedRecord(record, shard: shard)
            switch form {
            case .text: bytes += Array(tailed.text(&reader).utf8)
            case .json: bytes += Array(tailed.json(&reader).utf8)
            case .raw:
                guard let line = tailed.raw(isForPeople: Self.isTerminal) else {
                    leftOut += 1
                    continue
                }
                bytes += line
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        // One write a batch, not held back: whoever reads the other end of a pipe sees records as they come.
        if !bytes.isEmpty { FileHandle.standardOutput.write(Data(bytes)) }
    }

    /// Says what was left out.
    func finish() {
        if leftOut > 0 {
            Console.note(
                "note: \(leftOut) record\(leftOut == 1 ? " is" : "s are") not JSON, and left out; --output json shows them"
            )
        }
        if Console.isTerminal { Console.note("\(printed) record\(printed == 1 ? "" : "s")") }
    }

    private static let isTerminal = isatty(STDOUT_FILENO) == 1
}
