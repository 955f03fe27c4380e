import Foundation
import JSON
import Processor

/// A printer that also counts the records, one batch at a time.
struct TailOutput {
    enum Format { case text, json, raw }

    private let form: Format
    private let limit: Int
    private let style: TerminalStyle
    private let write: ([UInt8]) throws -> Void
    private var reader = RecordReader()
    /// The output that is not written yet.
    private var pending: [UInt8] = []
    private(set) var printed = 0
    private var leftOut = 0

    /// The most bytes of ``pending``, because an aggregate can have many records.
    private static let pendingLimit = 1 << 20
    private static let isTerminal = isatty(STDOUT_FILENO) == 1

    init(
        form: Format, limit: Int = .max, style: TerminalStyle,
        write: @escaping ([UInt8]) throws -> Void = Self.print
    ) {
        (self.form, self.limit, self.style, self.write) = (form, limit, style, write)
    }

    private static func print(_ bytes: [UInt8]) throws {
        Output.write(bytes)
        try Output.check()
    }

    var isFull: Bool { printed >= limit }

    /// Prints the records up to the limit.
    mutating func print(_ records: [JSONValue], of shard: String) throws {
        for record in records where !isFull {
            printed += 1
            try add(TailedRecord(record, shard: shard))
        }
        // Writes each batch at once, so that the reader of a pipe sees records without delay.
        try flush()
    }

    private mutating func add(_ record: TailedRecord) throws {
        if form == .text { append(record.head(style)) }
        guard let data = record.data else {
            let error = PayloadError(.base64, "data is not base64 of the standard alphabet with padding")
            return add(RecordReader.UserRecord(data: [], content: .bad(error)), of: record)
        }
        var isEmpty = true
        // Moved out, because the closure changes other members of this value.
        var reader = RecordReader()
        swap(&reader, &self.reader)
        defer { swap(&reader, &self.reader) }
        var failure: (any Error)?
        reader.forEachRecord(in: data) { userRecord in
            isEmpty = false
            guard failure == nil else { return }
            add(userRecord, of: record)
            guard pending.count >= Self.pendingLimit else { return }
            do { try flush() } catch { failure = error }
        }
        if let failure { throw failure }
        guard isEmpty else { return }
        switch form {
        case .text: append("  aggregate without records")
        case .json: append(.jsonLine(record.jsonOfNothing))
        case .raw: break
        }
    }

    private mutating func add(_ userRecord: RecordReader.UserRecord, of record: TailedRecord) {
        switch form {
        case .text: append(TailedRecord.body(userRecord.content, style))
        case .json: append(.jsonLine(record.json(userRecord)))
        case .raw:
            guard let line = TailedRecord.raw(userRecord.data, isForPeople: Self.isTerminal) else {
                leftOut += 1
                return
            }
            pending += line
            pending.append(UInt8(ascii: "\n"))
        }
    }

    private mutating func append(_ line: TerminalText) {
        pending += Array(line.text.utf8)
        pending.append(UInt8(ascii: "\n"))
    }

    private mutating func flush() throws {
        if !pending.isEmpty { try write(pending) }
        pending.removeAll(keepingCapacity: true)
    }

    /// Prints the numbers of omitted and printed records.
    ///
    /// - Parameter isInterrupted: Whether the user interrupted the command.
    func finish(isInterrupted: Bool) {
        if leftOut > 0 {
            Console.note(
                "note: \(leftOut) record\(leftOut == 1 ? " is" : "s are") not JSON and omitted; to show them, pass --output json"
            )
        }
        let count = "\(printed) record\(printed == 1 ? "" : "s")"
        if isInterrupted {
            Console.note("interrupted; \(count) read")
        } else if Console.isTerminal {
            Console.note("\(count)")
        }
    }
}
