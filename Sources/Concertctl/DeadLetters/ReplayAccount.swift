import Basics
import Foundation
import JSON
import Processor

/// The results of a replay of dead letters, or its plan in a dry run.
struct ReplayAccount {
    /// A dead letter and its result.
    private struct AccountedLetter {
        var location: String
        var name: String
        var summary: JSONValue
        var result: LetterResult = .open
    }

    private enum LetterResult {
        /// Not attempted.
        case open
        case done
        case remains(reason: String, message: String)
    }

    let isDryRun: Bool
    private let source: [String]
    private let destination: LetterDestination
    private let region: String
    private let startTime = Date()
    private var endTime: Date?
    /// The dead letters by ID.
    private var entries: [Int: AccountedLetter] = [:]
    /// The selected sequence numbers that were found, as bytes.
    private var found: Set<[UInt8]> = []
    /// The number of accepted records.
    var records = 0
    /// The number of dead letters that were deleted, or that are complete and stay in files.
    private(set) var done = 0
    private(set) var lettersInFiles = 0
    /// The reasons why dead letters cannot be replayed.
    private(set) var problems: [String] = []
    /// The records that failed again.
    private(set) var failures: [String] = []
    private var recordsFailed = 0
    /// The planned calls of a dry run.
    var calls: [JSONValue] = []
    private var described: [JSONValue] = []
    /// The number of records by target.
    private var planned: [(name: String, records: Int)] = []

    init(isDryRun: Bool, source: [String], destination: LetterDestination, region: String) {
        (self.isDryRun, self.source, self.destination, self.region) = (isDryRun, source, destination, region)
    }

    /// - Parameter filter: The filter that selected it.
    mutating func add(_ found: FoundLetter, _ filter: LetterFilter) {
        self.found.formUnion(filter.matches(found.letter).map { Array($0.utf8) })
        entries[found.id] = AccountedLetter(location: found.location, name: found.letter.name, summary: found.summary)
    }

    /// Records the reason why dead letters cannot be replayed.
    mutating func add(problem: String, of letters: [Int]) {
        problems.append(problem)
        for letter in letters { keep(letter, reason: "error", problem) }
    }

    mutating func add(problem: String, of letter: Int) { add(problem: problem, of: [letter]) }

    /// Records that a record of a dead letter was not processed.
    ///
    /// - Parameter isAnswer: Whether the function reported the failure.
    mutating func fail(_ letter: Int, reason: String, _ message: String, isAnswer: Bool = false) {
        if isAnswer { recordsFailed += 1 }
        failures.append("\(entries[letter]?.name ?? ""): \(reason): \(message) (dead letter not deleted)")
        keep(letter, reason: reason, message)
    }

    /// Keeps the first reason only.
    private mutating func keep(_ letter: Int, reason: String, _ message: String) {
        if case .open? = entries[letter]?.result {
            entries[letter]?.result = .remains(reason: reason, message: message)
        }
    }

    mutating func plan(_ count: Int, for name: String) {
        if let index = planned.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
            planned[index].records += count
        } else {
            planned.append((name, count))
        }
    }

    mutating func finish(_ letters: [Int], inFiles: Int) {
        for letter in letters { entries[letter]?.result = .done }
        done += letters.count
        lettersInFiles += inFiles
    }

    mutating func end() { endTime = Date() }

    /// Returns the selected sequence numbers without a dead letter, sorted.
    func missing(_ filter: LetterFilter) -> [String] {
        filter.sequences.filter { !found.contains(Array($0.utf8)) }.sorted()
    }

    mutating func describe(_ found: FoundLetter, records: Int, problem: String?) {
        described.append(
            .object(
                ofPresent: (found.summary.object?.members ?? []).map { ($0.name, Optional($0.value)) } + [
                    ("Records", .integer(records)), ("Problem", problem.map { .string($0) }),
                ]))
    }

    /// The exit status, based on the remaining dead letters.
    var status: ExitStatus { problems.isEmpty ? failures.isEmpty ? .done : .recordsFailed : .failed }

    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// The summary.
extension ReplayAccount {
    /// The remaining dead letters with their reasons, in the order in which they were found.
    private var remaining: [(id: Int, entry: AccountedLetter, reason: String, message: String)] {
        entries.sorted { $0.key < $1.key }.compactMap { id, entry in
            switch entry.result {
            case .done: nil
            case .open: (id, entry, "not_tried", "the replay ended first")
            case .remains(let reason, let message): (id, entry, reason, message)
            }
        }
    }

    private var byReason: [(reason: String, count: Int)] {
        var counts: [[UInt8]: (reason: String, count: Int)] = [:]
        for letter in remaining { counts[Array(letter.reason.utf8), default: (letter.reason, 0)].count += 1 }
        return counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    private var targetText: String {
        switch destination {
        case .function: "to the function"
        case .origin, .stream: "as new records on the stream"
        case .bootstrap(let path): "through \(path)"
        }
    }

    private var targetWord: String {
        switch destination {
        case .function: "function"
        case .origin, .stream: "stream"
        case .bootstrap: "bootstrap"
        }
    }

    /// The remaining dead letters, and a summary for an incident report.
    var text: String {
        guard !isDryRun else {
            let verb = destination.isStream ? "put" : "redeliver"
            let lines = planned.map {
                "would \(verb) \(Self.counted($0.records, "record")) \(destination.isStream ? "on" : "to") \($0.name)"
            }
            return ([Self.counted(entries.count, "dead letter")] + lines).joined(separator: "\n")
        }
        var lines: [String] = []
        let remaining = remaining
        if !remaining.isEmpty {
            var table = TextTable(["REASON", "SEQUENCE", "DEAD LETTER", "MESSAGE"])
            for letter in remaining {
                table.add([letter.reason, letter.entry.name, letter.entry.location, letter.message])
            }
            lines = [table.text, ""]
        }
        let (start, end) = (Self.time(startTime), Self.time(endTime ?? Date()))
        let regionText = region.isEmpty ? "" : ", \(region)"
        lines.append("Replay of dead letters \(targetText), \(start) to \(end)\(regionText)")
        lines.append("From: " + source.map { MessageText.escaped($0) }.joined(separator: ", "))
        for target in planned {
            lines.append("To: \(MessageText.escaped(target.name)), \(Self.counted(target.records, "record"))")
        }
        lines.append("replayed \(Self.counted(records, "record")) of \(Self.counted(entries.count, "dead letter"))")
        let kept = lettersInFiles > 0 ? ", \(lettersInFiles) of them in files, which are not deleted" : ", and deleted"
        lines.append("dead letters done: \(done)\(done > 0 ? kept : "")")
        let reasons = byReason.map { "\(MessageText.escaped($0.reason)) \($0.count)" }.joined(separator: ", ")
        lines.append("dead letters remaining: \(entries.count - done)\(reasons.isEmpty ? "" : " (\(reasons))")")
        return lines.joined(separator: "\n")
    }

    private static func time(_ date: Date) -> String { date.formatted(.iso8601) }

    /// Every dead letter with its result, and the figures of ``text``.
    var json: JSONValue {
        func object(_ members: [(name: String, count: Int)]) -> JSONValue {
            .object(JSONObject(members.map { JSONObject.Member(name: $0.name, value: .integer($0.count)) }))
        }
        return .object(
            ofPresent: [
                ("DryRun", .bool(isDryRun)), ("Target", .string(targetWord)), ("Region", .string(region)),
                ("Source", .array(source.map { .string($0) })), ("StartTime", .string(Self.time(startTime))),
                ("EndTime", .string(Self.time(endTime ?? Date()))), ("Letters", .integer(entries.count)),
                ("RecordsReplayed", .integer(records)), ("RecordsFailed", .integer(recordsFailed)),
                (
                    destination.isStream ? "RecordsByStream" : "RecordsByFunction",
                    object(planned.map { ($0.name, $0.records) })
                ),
                ("LettersDone", .integer(done)), ("LettersLeft", .integer(entries.count - done)),
                ("LeftByReason", isDryRun ? nil : object(byReason.map { ($0.reason, $0.count) })),
                ("Problems", .array((problems + failures).map { .string($0) })),
                ("DeadLetters", .array(isDryRun ? described : letters)), ("Calls", isDryRun ? .array(calls) : nil),
            ])
    }

    private var letters: [JSONValue] {
        entries.sorted { $0.key < $1.key }.map { _, entry in
            let result: [(String, JSONValue?)]
            switch entry.result {
            case .open: result = [("Result", "not_tried")]
            case .done: result = [("Result", "done")]
            case .remains(let reason, let message):
                result = [
                    ("Result", "remains"), ("FailureReason", .string(reason)), ("FailureMessage", .string(message)),
                ]
            }
            return .object(
                ofPresent: (entry.summary.object?.members ?? []).map { ($0.name, Optional($0.value)) } + result)
        }
    }
}
