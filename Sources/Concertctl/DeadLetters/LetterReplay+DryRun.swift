import Clients
import JSON

/// The dry run.
extension LetterReplay {
    /// Says of each letter what would be done with it.
    mutating func describe(_ letters: ArraySlice<FoundLetter>, _ plan: LetterPlan) {
        let problems = Dictionary(plan.problems.map { ($0.found.id, $0.text) }) { first, _ in first }
        var counts: [Int: Int] = [:]
        for entry in plan.records { counts[entry.letter, default: 0] += 1 }
        for found in letters {
            let count = counts[found.id] ?? 0
            account.describe(found, records: count, problem: problems[found.id])
            guard output == .text else { continue }
            let fate = problems[found.id].map { "stays: \($0)" } ?? ReplayAccount.counted(count, "record")
            Output.print("\(found.location)  \(found.letter.reason)  \(found.letter.name)  \(fate)")
        }
        if output == .text { Output.print() }
    }

    /// Shows a call that would be made.
    mutating func describe(_ request: AWSRequest) throws {
        switch output {
        case .text: try session.planned(request)
        case .json: account.calls.append(try session.description(of: request))
        }
    }

    mutating func describeDeletions(after numbers: [Int], _ plan: inout LetterPlan) throws {
        let done = numbers.compactMap { plan.finish($0) }
        for (_, request) in search.deletions(of: done) { try describe(request) }
    }
}
