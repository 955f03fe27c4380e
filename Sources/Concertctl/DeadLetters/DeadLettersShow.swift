import JSON
import Processor

/// Shows dead letters with their data, and leaves them where they are.
struct DeadLettersShow: Command {
    static let description = CommandDescription(
        name: "dead-letters show", summary: "show dead letters with the data that they hold",
        discussion: """
            A SEQUENCE is a record's sequence number, with -N behind it for the N-th record of an aggregate; without any, all \
            letters are shown. Of a batch that Lambda gave up the records are read from the stream, where they are still there. \
            Control characters are shown escaped.
            """,
        usage: ["[SEQUENCE...] [PATH...] [options]"],
        options: LetterOptions.all + [.output] + OptionDescription.aws, operands: 0...Int.max,
        examples: [
            "concertctl dead-letters show 49590338271490256608559692538361571095921575989136588898",
            "concertctl dead-letters show --reason kind --output json | jq -r '.[].Text'",
            "concertctl dead-letters show letters.ndjson --limit 1",
        ])

    private let arguments: Arguments
    private let options: LetterOptions
    private let sequences: [String]
    private let output: OutputFormat

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        sequences = arguments.operands.filter(Self.isSequence)
        options = try LetterOptions(arguments, paths: arguments.operands.filter { !Self.isSequence($0) })
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
    }

    private static func isSequence(_ word: String) -> Bool {
        let parts = word.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        return (1...128).contains(parts[0].count)
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { 0x30...0x39 ~= $0 } }
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let session = try AWSSession(arguments, environment: environment, output: output)
        var search = LetterSearch(try options.source(environment))
        let letters = try await search.read(session)
        let style = TerminalStyle.standardOutput(environment)
        var streams = LetterStreams()
        var shown: [JSONValue] = []
        var missing = Set(sequences)
        var isWhole = true
        for found in letters {
            guard let matches = matches(found.letter) else { continue }
            missing.subtract(matches)
            let (records, problem) = try await records(of: found.letter, &streams, session)
            if let problem {
                Console.note("\(found.location): \(problem)")
                isWhole = false
            }
            switch output {
            case .text: Output.print(text(of: found, records, style))
            case .json: shown += records.map { found.document(with: $0) }
            }
            try Output.check()
        }
        if output == .json { Output.print(.json(.array(shown))) }
        for remark in search.remarks { Console.note("\(remark)") }
        if let noneWanted = search.noneWanted { Console.note("\(noneWanted)") }
        for sequence in missing.sorted() { Console.note("no dead letter of \(sequence) was found") }
        return missing.isEmpty && isWhole ? .done : .failed
    }

    /// Which of the wanted sequence numbers the letter is about; nil when it is not wanted.
    private func matches(_ letter: Letter) -> [String]? {
        if sequences.isEmpty { return [] }
        let matches = sequences.filter { sequence in
            switch letter {
            case .record(let record): record.name == sequence || record.sequenceNumber.digits == sequence
            case .batch(let batch): batch.contains(sequence)
            case .unknown: false
            }
        }
        return matches.isEmpty ? nil : matches
    }

    /// What is in a letter: sequence number and text, of which data that are no text may be all.
    private func records(
        of letter: Letter, _ streams: inout LetterStreams, _ session: AWSSession
    ) async throws -> (records: [Content], problem: String?) {
        switch letter {
        case .record(let record):
            return (
                [
                    Content(
                        sequenceNumber: record.name, base64: record.text, data: record.data ?? Array(record.text.utf8))
                ], nil
            )
        case .batch(let batch):
            let remains: LetterBatch.Remains
            do { remains = try await LetterPlan.records(of: batch, &streams, session) } catch let error
                as LetterStreams.Unavailable
            {
                return ([], error.problem)
            }
            let wanted = remains.records.filter { record in
                sequences.isEmpty || sequences.contains(record.sequenceNumber)
            }
            return (
                wanted.map { Content(sequenceNumber: $0.sequenceNumber, base64: nil, data: $0.data) }, remains.problem
            )
        case .unknown: return ([], nil)
        }
    }

    private func text(of found: FoundLetter, _ records: [Content], _ style: TerminalStyle) -> TerminalText {
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

    fileprivate struct Content {
        var sequenceNumber: String
        /// As the letter has it; nil where the data come from the stream.
        var base64: String?
        var data: [UInt8]

        /// Compressed data as what they hold.
        var text: String { String(decoding: RecordReader.inflated(data) ?? data, as: UTF8.self) }
    }
}

extension FoundLetter {
    fileprivate func document(with content: DeadLettersShow.Content) -> JSONValue {
        let members = (summary.object?.members ?? []).map { ($0.name, Optional($0.value)) }
        return .object(
            ofPresent: members + [
                ("DataSequenceNumber", .string(content.sequenceNumber)), ("Data", content.base64.map { .string($0) }),
                ("Text", .string(content.text)),
            ])
    }
}
