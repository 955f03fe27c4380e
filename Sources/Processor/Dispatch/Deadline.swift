/// Cutting work short.
enum Deadline {
    /// Runs `operations` at once, cancels those that still run at `deadline`, and returns what each returned, in order.
    ///
    /// Cancelling asks, and what was asked is waited for: nothing that was begun goes on behind the answer.
    static func race<Result: Sendable>(
        _ deadline: ContinuousClock.Instant, _ operations: [@concurrent @Sendable () async -> Result]
    ) async -> [Result] {
        await withTaskGroup(of: (Int, Result)?.self) { group in
            group.addTask {
                try? await Task.sleep(until: deadline, clock: .continuous)
                return nil
            }
            for (index, operation) in operations.enumerated() { group.addTask { (index, await operation()) } }
            var results: [(Int, Result)] = []
            while results.count < operations.count, let finished = await group.next() {
                // The clock's own task ends first only when the time is up.
                if let finished { results.append(finished) } else { group.cancelAll() }
            }
            group.cancelAll()
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
