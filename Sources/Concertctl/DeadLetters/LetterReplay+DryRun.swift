import Clients
import JSON

/// The dry run.
extension LetterReplay {
    /// Prints the plan for each dead letter.
    mutating func describe(_ letters: ArraySlice<FoundLetter>, _ plan: LetterPlan) {
        let problems = Dictionary(plan.problems.map { ($0.found.id, $0.text) }) { first, _ in first }
        var counts: [Int: Int] = [:]
        for entry in plan.records { counts[entry.letter, default: 0] += 1 }
        for found in letters {
            let count = counts[found.id] ?? 0
            account.describe(found, records: count, problem: problems[found.id])
            guard session.output == .text else { continue }
            let result = problems[found.id].map { "stays: \($0)" } ?? ReplayAccount.counted(count, "record")
            Output.print("\(found.location)  \(found.letter.reason)  \(found.letter.name)  \(result)")
        }
        if session.output == .text { Output.print() }
    }

    /// Plans the deletion of the dead letters that are complete once these records are processed.
    mutating func planDeletions(after numbers: [Int], _ plan: inout LetterPlan) async throws {
        let done = numbers.compactMap { plan.finish($0) }
        for (_, request) in search.deletions(of: done) { _ = try await session.send(request) }
    }
}
