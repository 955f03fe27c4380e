import Basics
import Foundation
import JSON
import Processor

/// The command that shows dead letters with their data, without changing them.
struct DeadLettersShow: Command {
    private static let payload = Option<Bool>(
        "--payload",
        "write only the decoded data of one record, as input for dead-letters replay --payload"
    )
    static let description = CommandDescription(
        name: "dead-letters show", summary: "show dead letters and their data",
        discussion: """
            A SEQUENCE is a record's sequence number; append -N for the record at index N of an aggregate. Without a SEQUENCE, \
            all dead letters are shown. The records of a batch that Lambda discarded are read from the stream unless they have \
            expired. Control characters are escaped, except with --payload to a file or pipe.
            """,
        usage: ["[SEQUENCE...] [PATH...] [options]"],
        options: LetterOptions.all + [payload, SharedOption.output] + SharedOption.aws, operands: 0...Int.max,
        examples: [
            "concertctl dead-letters show 49590338271490256608559692538361571095921575989136588898",
            "concertctl dead-letters show --reason kind --output json | jq -r '.[].Text'",
            "concertctl dead-letters show letters.ndjson --limit 1",
            "concertctl dead-letters show 49590338271490256608559692538361571095921575989136588898 --payload > payload.json",
        ])

    private let source: LetterSource
    private let session: AWSSession
    private let writesPayload: Bool
    private let style: TerminalStyle
    private var sequences: [String] { source.filter.sequences }

    init(_ input: Input) throws {
        try input.exclude(Self.payload, [SharedOption.output])
        source = try LetterOptions(input).source
        writesPayload = try input[Self.payload]
        style = .standardOutput(input.environment)
        session = try AWSSession(input)
    }

    func run() async throws -> ExitStatus {
        var search = LetterSearch(source)
        let letters = try await search.read(session)
        var streams = LetterStreams()
        var shown: [JSONValue] = []
        var missing = Set(sequences)
        var isWhole = true
        var contents: [LetterContent] = []
        for found in letters {
            missing.subtract(source.filter.matches(found.letter))
            let (records, problem) = try await records(of: found.letter, &streams, session)
            if let problem {
                Console.note("\(found.location): \(problem)")
                isWhole = false
            }
            if writesPayload {
                contents += records
                continue
            }
            switch session.output {
            case .text: Output.print(text(of: found, records, style))
            case .json: shown += records.map { found.document(with: $0) }
            }
            try Output.check()
        }
        if !writesPayload { session.show(text: nil, json: .array(shown)) }
        for remark in search.remarks { Console.note("\(remark)") }
        if let noneSelected = search.noneSelected { Console.note("\(noneSelected)") }
        for sequence in missing.sorted() { Console.note("no dead letter found for \(sequence)") }
        if writesPayload, missing.isEmpty { try Self.write(payload: contents) }
        return missing.isEmpty && isWhole ? .done : .failed
    }

    /// Writes the data of the record, if all of `contents` are of the same record.
    private static func write(payload contents: [LetterContent]) throws {
        let names = Set(contents.map { Array($0.position.utf8) })
        guard let content = contents.first, names.count == 1 else {
            throw UsageError(
                description:
                    "--payload requires one record, but \(names.count) were found; pass its "
                    + "SEQUENCE")
        }
        if isatty(STDOUT_FILENO) == 1 {
            Output.print(.lines(content.text))
        } else {
            Output.write(content.payload)
        }
    }

    /// Returns the records of a dead letter with their data.
    private func records(
        of letter: Letter, _ streams: inout LetterStreams, _ session: AWSSession
    ) async throws -> (records: [LetterContent], problem: String?) {
        switch letter {
        case .record(let record):
            return (
                [
                    LetterContent(
                        position: "\(record.stream ?? "") \(record.shard ?? "") \(record.name)",
                        sequenceNumber: record.name, base64: record.text, data: record.data ?? Array(record.text.utf8))
                ], nil
            )
        case .batch(let batch):
            let remains: LetterBatch.RemainingRecords
            do { remains = try await LetterPlan.records(of: batch, &streams, session) } catch let error
                as LetterStreams.Unavailable
            {
                return ([], error.problem)
            }
            let selected = remains.records.filter { record in
                sequences.isEmpty || sequences.contains(record.sequenceNumber)
            }
            return (
                selected.map {
                    LetterContent(
                        position: "\(batch.streamARN) \(batch.shard) \($0.sequenceNumber)",
                        sequenceNumber: $0.sequenceNumber, base64: nil, data: $0.data)
                }, remains.problem
            )
        case .unknown: return ([], nil)
        }
    }

    private func text(of found: FoundLetter, _ records: [LetterContent], _ style: TerminalStyle) -> TerminalText {
        var lines: [TerminalText] = []
        for member in found.summary.object?.members ?? [] {
            let value = member.value.string ?? member.value.text
            lines.append(style.bold("\(member.name)") + ": \(value)")
        }
        for record in records {
            let name = records.count > 1 ? "Data of \(record.sequenceNumber)" : "Data"
            lines.append(style.bold("\(name)") + ": \(record.text)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    fileprivate struct LetterContent {
        /// The stream, shard, and sequence number, which identify the record.
        var position: String
        var sequenceNumber: String
        /// The dead letter's `data`; nil if the data was read from the stream.
        var base64: String?
        var data: [UInt8]

        /// The data, inflated if it is compressed.
        var payload: [UInt8] { RecordReader.inflated(data) ?? data }
        var text: String { String(decoding: payload, as: UTF8.self) }
    }
}

extension FoundLetter {
    fileprivate func document(with content: DeadLettersShow.LetterContent) -> JSONValue {
        let members = (summary.object?.members ?? []).map { ($0.name, Optional($0.value)) }
        return .object(
            ofPresent: members + [
                ("DataSequenceNumber", .string(content.sequenceNumber)), ("Data", content.base64.map { .string($0) }),
                ("Text", .string(content.text)),
            ])
    }
}
