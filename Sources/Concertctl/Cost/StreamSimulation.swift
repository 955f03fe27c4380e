import EventGenerator
import Foundation
import JSON

/// A simulation of the plan batch by batch, which verifies the calculation with averages.
///
/// Records arrive at the peak rate, the load of shards and the duration of invocations vary. A batch starts when its lane
/// is free and it is full or its window is over. It uses one of the account's concurrent invocations and, with direct
/// warehouse loads, waits for the tables and for the rate limit of the Data API.
struct StreamSimulation: Sendable {
    /// The result of the simulation.
    struct Summary: Sendable {
        /// The records that arrived, and those that were processed until the end.
        var arrived = 0.0
        var taken = 0.0
        var batches = 0
        var mostAtOnce = 0
        /// The age in seconds of each batch's oldest record when the batch was done.
        ///
        /// Only batches that ended in the second half of the time count, because the stream is still filling in the
        /// first half.
        var ages: [Double] = []

        /// Whether the function keeps up with the stream.
        ///
        /// A function that keeps up has a backlog of a few windows; otherwise, the backlog grows over time.
        var keepsUp = true
        /// The simulated loads, or nil if nothing is staged.
        var loads: LoadSimulation.Summary?
    }

    private let shards: Int
    private let lanes: Int
    /// The records per second of all shards.
    private let rate: Double
    private let batchSize: Double
    private let window: Double
    private let seconds: Double
    private let batch: BatchTime
    /// The duration of a warehouse transaction, or nil without direct loads.
    private let transaction: BatchTime?
    private let concurrency: Int
    /// The loader, or nil if nothing is staged.
    private let loader: LoadSimulation?

    /// Creates a simulation of a plan.
    ///
    /// - Parameter seconds: The simulated time.
    init(_ plan: CapacityPlan, _ function: FunctionLoad, seconds: Int) {
        shards = plan.shards
        lanes = plan.parallelism
        rate = plan.recordsPerSecond.binary
        batchSize = Double(min(function.batchSize, max(1, FunctionLoad.maximumRecords(of: plan.load.bytesPerRecord))))
        window = Double(max(1, function.batchingWindow))
        self.seconds = Double(seconds)
        batch = BatchTime(function.millisecondsPerBatch, each: function.millisecondsPerRecord)
        let sinks = plan.sinks
        transaction =
            sinks.isDirect
            ? BatchTime(
                sinks.warehouse.transactionMilliseconds, each: sinks.warehouse.transactionMillisecondsPerRecord) : nil
        concurrency = sinks.concurrency
        loader = sinks.isStaged ? LoadSimulation(sinks.warehouse, seconds: Double(seconds)) : nil
    }

    /// A duration with a fixed part and a part per record.
    private struct BatchTime: Sendable {
        /// The fixed part in seconds.
        private let fixed: Double
        private let each: Double

        init(_ milliseconds: Decimal, each: Decimal) {
            (fixed, self.each) = (milliseconds.binary / 1000, each.binary / 1000)
        }

        func of(_ records: Double) -> Double { max(0.001, fixed + each * records) }
    }

    /// A sequence of batches of a shard, of which there are as many as its parallelization factor.
    private struct Lane {
        var rate: Double
        var taken = 0.0
        /// The time when its last batch is done.
        var free = 0.0

        /// Returns the time when the next batch is full or its window is over, but not before the lane is free.
        func start(batchSize: Double, window: Double) -> Double {
            let first = (taken + 1) / rate
            return max(free, min((taken + batchSize) / rate, first + window))
        }
    }

    /// Runs the simulation.
    ///
    /// - Parameter seed: The seed of the random variation; equal seeds give equal results.
    /// - Throws: `CancellationError`, because a long simulation of many shards takes minutes.
    func run(seed: UInt64 = 1) throws -> Summary {
        var random = SplitMix64(seed: seed)
        var queue = EventQueue()
        var states: [Lane] = []
        // Shards have different loads, because keys are not evenly distributed.
        let weights = (0..<shards * lanes).map { _ in 0.85 + 0.3 * random.unit() }
        let sum = weights.reduce(0, +)
        for weight in weights {
            let lane = Lane(rate: rate * weight / sum)
            queue.add(states.count, at: lane.start(batchSize: batchSize, window: window))
            states.append(lane)
        }
        var outcome = Summary()
        // The end of each concurrent invocation.
        var running = EventQueue()
        var (tablesFree, callsFree) = (0.0, 0.0)
        var staged: [LoadSimulation.Batch] = []
        while let (index, due) = queue.next(), due < seconds {
            try Task.checkCancellation()
            while let over = running.earliest, over <= due { _ = running.next() }
            var start = due
            if running.count >= concurrency, let (_, over) = running.next() { start = max(start, over) }
            let lane = states[index]
            let records = min(batchSize, (start * lane.rate - lane.taken).rounded(.down))
            guard records >= 1 else {
                queue.add(index, at: start + 1 / lane.rate)
                continue
            }
            let jitter = 0.8 + 0.4 * random.unit() + (random.unit() < 0.01 ? 2 : 0)
            var end = start + batch.of(records) * jitter
            if let transaction {
                callsFree = max(start, callsFree) + 1 / Double(CapacityPlan.statementsPerSecond)
                tablesFree = max(callsFree, tablesFree) + transaction.of(records)
                end = max(end, tablesFree)
            }
            running.add(index, at: end)
            outcome.mostAtOnce = max(outcome.mostAtOnce, running.count)
            outcome.batches += 1
            if end > seconds / 2 { outcome.ages.append(end - (lane.taken + 1) / lane.rate) }
            if end <= seconds { outcome.taken += records }
            if loader != nil {
                staged.append(.init(first: (lane.taken + 1) / lane.rate, staged: end, records: records))
            }
            states[index].taken += records
            states[index].free = end
            queue.add(index, at: states[index].start(batchSize: batchSize, window: window))
        }
        outcome.arrived = rate * seconds
        outcome.keepsUp = keepsUp(outcome)
        outcome.loads = try loader?.run(staged, seed: seed)
        return outcome
    }

    private func keepsUp(_ outcome: Summary) -> Bool {
        let half = outcome.ages.count / 2
        guard half > 0 else { return outcome.taken >= outcome.arrived / 2 }
        let early = outcome.ages.prefix(half).reduce(0, +) / Double(half)
        let late = outcome.ages.suffix(half).reduce(0, +) / Double(half)
        // If the function falls behind, the age of processed records grows by a fraction of each second.
        return late - early < 0.05 * seconds
    }
}

/// The summary as text and JSON.
extension StreamSimulation.Summary {
    private var percentiles: [(name: String, value: Double)] { Percentiles(values: ages).reported }

    func text(seconds: Int) -> String {
        let figures = percentiles.map { "\($0.name) \(String(format: "%.1f", $0.value)) s" }.joined(separator: ", ")
        let verdict = keepsUp ? "It keeps up." : "It falls behind: the age of processed records grows."
        return """
            Simulated \(seconds) s: \(Decimal(Int(arrived)).text()) records arrived, \(Decimal(Int(taken)).text()) were \
            processed in \(Decimal(batches).text()) batches, at most \(Decimal(mostAtOnce).text()) concurrently.
            Age of the oldest record of a batch when it is done: \(figures).
            \(verdict)\(loads.map { "\n" + $0.text } ?? "")
            """
    }

    func json(seconds: Int) -> JSONValue {
        .object(
            ofPresent: [
                ("Seconds", .integer(seconds)), ("RecordsArrived", .integer(Int(arrived))),
                ("RecordsTaken", .integer(Int(taken))), ("Batches", .integer(batches)),
                ("MostAtOnce", .integer(mostAtOnce)), ("KeepsUp", .bool(keepsUp)),
                ("AgeSeconds", .object(ofPresent: percentiles.map { ($0.name, JSONValue.decimal($0.value)) })),
                ("Loads", loads?.json),
            ])
    }
}

/// A priority queue of events by time.
private struct EventQueue {
    private var heap: [(item: Int, time: Double)] = []

    var count: Int { heap.count }
    var earliest: Double? { heap.first?.time }

    mutating func add(_ item: Int, at time: Double) {
        heap.append((item, time))
        var index = heap.count - 1
        while index > 0, heap[(index - 1) / 2].time > heap[index].time {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func next() -> (item: Int, time: Double)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var index = 0
        while true {
            let children = [2 * index + 1, 2 * index + 2].filter { $0 < heap.count }
            guard let child = children.min(by: { heap[$0].time < heap[$1].time }), heap[child].time < heap[index].time
            else { return first }
            heap.swapAt(index, child)
            index = child
        }
    }
}

extension Decimal {
    /// The nearest `Double`, for calculations that need no exact cents.
    var binary: Double { NSDecimalNumber(decimal: self).doubleValue }
}
