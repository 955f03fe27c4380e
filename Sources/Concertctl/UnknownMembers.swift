import Basics
import JSON
import Processor

/// The members of payloads that the function ignores and that are probably misspelled.
///
/// Other unknown members are no mistake: producers add their own.
struct UnknownMembers {
    /// A misspelled member.
    struct Finding {
        var name: String
        var suggestion: String
        /// The number of payloads with the member.
        var count: Int
        /// The position of the first of them, for example `upload.ndjson:2`.
        var first: String
    }

    private(set) var findings: [Finding] = []
    /// The index of each unknown name in ``findings``; nil for names that are not similar to a known one.
    private var indices: [[UInt8]: Int?] = [:]
    private let known = EntityCatalog.builtIn.memberNames.map { Array($0.utf8) }

    /// The most different names that are compared, and the most bytes of a name.
    private static let limit = (names: 1000, bytes: 64)

    /// - Parameter origin: The position of the payload.
    mutating func add(_ payload: [UInt8], origin: @autoclosure () -> String) {
        for name in EntityCatalog.builtIn.unknownMembers(of: payload) {
            if let index = indices[name] {
                if let index { findings[index].count += 1 }
            } else if indices.count < Self.limit.names, name.count <= Self.limit.bytes {
                let suggestion = suggestion(for: name)
                indices[name] = suggestion == nil ? .some(nil) : findings.count
                guard let suggestion else { continue }
                findings.append(
                    Finding(
                        name: String(decoding: name, as: UTF8.self), suggestion: suggestion, count: 1, first: origin()))
            }
        }
    }

    /// Returns the known name that equals `name` in another letter case, starts with it, or differs in few letters.
    private func suggestion(for name: [UInt8]) -> String? {
        let lower = name.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let similar =
            known.first { $0 == lower } ?? known.first { lower.count >= 5 && $0.starts(with: lower + [0x5F]) }
            ?? Suggestion.nearest(to: lower, among: known.filter { $0.count >= 5 })
        return similar.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The findings as lines of text; empty if there are none.
    var lines: [String] {
        guard !findings.isEmpty else { return [] }
        let rows = findings.prefix(20).map {
            "  \(MessageText.escaped($0.name)): did you mean \($0.suggestion)? "
                + "(\($0.count) record\($0.count == 1 ? "" : "s"), first \(MessageText.escaped($0.first)))"
        }
        let rest = findings.count > rows.count ? ["  and \(findings.count - rows.count) more"] : []
        return ["members that the function ignores"] + rows + rest
    }

    /// Prints the findings on standard error, if there are any.
    func printNotes() {
        for (index, line) in lines.enumerated() { Console.note(index == 0 ? "note: \(line):" : "\(line)") }
    }

    var json: JSONValue {
        .array(
            findings.map {
                [
                    "name": .string($0.name), "suggestion": .string($0.suggestion), "records": .integer($0.count),
                    "first": .string($0.first),
                ]
            })
    }
}
