import Clients

/// A scheduler that runs the steps of two environments in an order that the test chooses.
actor Turns {
    private let order: [Int]
    private var position = 0
    private var finished: Set<Int> = []
    private var waiting: [Int: CheckedContinuation<Void, Never>] = [:]

    /// - Parameter order: The environments by number. Finished ones are skipped; after the end, all run freely.
    init(_ order: [Int]) { self.order = order }

    func begin(_ environment: Int) async {
        guard current != nil, current != environment else { return }
        await withCheckedContinuation { waiting[environment] = $0 }
    }

    func end() {
        position += 1
        wake()
    }

    func finish(_ environment: Int) {
        finished.insert(environment)
        wake()
    }

    private var current: Int? { order[min(position, order.count)...].first { !finished.contains($0) } }

    private func wake() {
        while position < order.count, finished.contains(order[position]) { position += 1 }
        for environment in waiting.keys where current == nil || current == environment {
            waiting.removeValue(forKey: environment)?.resume()
        }
    }
}

/// A runner that sends each flush when its turn comes, and can crash at one of them.
actor SteppedRunner: RedisCommandRunner {
    /// The crash: the number of the flush, and the number of its commands that are run.
    struct End: Sendable {
        var flush: Int
        var commands: Int
    }

    struct Died: Error {}

    private let base: any RedisCommandRunner
    private let environment: Int
    private let turns: Turns
    private let end: End?
    private var flushes = 0
    private(set) var hasDied = false

    init(_ base: any RedisCommandRunner, environment: Int, turns: Turns, end: End? = nil) {
        (self.base, self.environment, self.turns, self.end) = (base, environment, turns, end)
    }

    func run(_ commands: [RedisCommand], until deadline: ContinuousClock.Instant) async throws -> [RESPValue] {
        guard !hasDied else { throw Died() }
        guard !commands.isEmpty else { return [] }
        await turns.begin(environment)
        defer { flushes += 1 }
        if let end, end.flush == flushes {
            hasDied = true
            _ = try await base.run(Array(commands.prefix(end.commands)), until: deadline)
            await turns.end()
            throw Died()
        }
        let replies = try await base.run(commands, until: deadline)
        await turns.end()
        return replies
    }
}
