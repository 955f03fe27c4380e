/// Cancellation of work at a deadline.
enum Deadline {
    /// Runs `operations` concurrently, cancels those that still run at `deadline`, and returns their results in order.
    ///
    /// Waits until every cancelled operation has returned, so that no work continues after the response.
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
                // A nil result is the timer's: the deadline has passed.
                if let finished { results.append(finished) } else { group.cancelAll() }
            }
            group.cancelAll()
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
