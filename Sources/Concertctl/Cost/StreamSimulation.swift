import EventGenerator
import Foundation
import JSON

/// Plays the plan through, batch by batch: what the arithmetic of averages says, seen to happen or not.
///
/// Records come to each shard at the peak's rate, shards differ as keys do, and invocations differ in how long they take. A
/// batch begins when its lane is free and it is full or its window is over; it takes one of the account's invocations,
/// and, where the warehouse is written to, waits its turn for the tables and for the Data API's calls.
struct StreamSimulation: Sendable {
    /// What was seen.
    struct Outcome: Sendable {
        /// Records that came, and that were taken until the end.
        var arrived = 0.0
        var taken = 0.0
        var batches = 0
        var mostAtOnce = 0
        /// How long the oldest record of each batch had been on the stream when the batch was done, in s; of the batches that
        /// ended in the second half of the time, for in the first one the stream is only filling.
        var ages: [Double] = []

        /// Whether what came is taken, but for what is under way.
        ///
        /// A stream that is worked off has a backlog of some windows; one that is not has a backlog that grows with the time.
        var keepsUp = true
        /// Nil where nothing is staged.
        var loads: LoadSimulation.Outcome?
    }

    private let shards: Int
    private let lanes: Int
    /// Records a second of all shards.
    private let rate: Double
    private let batchSize: Double
    private let window: Double
    private let seconds: Double
    private let batch: BatchTime
    /// Nil where nothing writes to the warehouse.
    private let transaction: BatchTime?
    private let concurrency: Int
    /// Nil where nothing is staged.
    private let loader: LoadSimulation?

    /// - Parameter seconds: How long records come.
    init(_ plan: CapacityPlan, _ function: FunctionLoad, seconds: Int) {
        shards = plan.shards
        lanes = plan.parallelism
        rate = plan.recordsPerSecond.binary
        batchSize = Double(min(function.batchSize, max(1, FunctionLoad.mostRecords(of: plan.load.bytesPerRecord))))
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

    /// How long something takes, whatever is in it, and for each record.
    private struct BatchTime: Sendable {
        /// In s.
        private let fixed: Double
        private let each: Double

        init(_ milliseconds: Decimal, each: Decimal) {
            (fixed, self.each) = (milliseconds.binary / 1000, each.binary / 1000)
        }

        func of(_ records: Double) -> Double { max(0.001, fixed + each * records) }
    }

    /// One lane of a shard.
    private struct Lane {
        var rate: Double
        var taken = 0.0
        /// When its last batch is done.
        var free = 0.0

        /// When the next batch is full, or its window over, whichever comes first; never before the lane is free.
        func start(batchSize: Double, window: Double) -> Double {
            let first = (taken + 1) / rate
            return max(free, min((taken + batchSize) / rate, first + window))
        }
    }

    /// - Parameter seed: The same one gives the same outcome.
    /// - Throws: `CancellationError`, for a long simulation of many shards takes minutes.
    func run(seed: UInt64 = 1) throws -> Outcome {
        var random = SplitMix64(seed: seed)
        var queue = EventQueue()
        var states: [Lane] = []
        // No two shards have the same load: keys fall as they fall.
        let weights = (0..<shards * lanes).map { _ in 0.85 + 0.3 * random.unit() }
        let sum = weights.reduce(0, +)
        for weight in weights {
            let lane = Lane(rate: rate * weight / sum)
            queue.add(states.count, at: lane.start(batchSize: batchSize, window: window))
            states.append(lane)
        }
        var outcome = Outcome()
        // When each of the invocations that the account may have at once is over.
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

    private func keepsUp(_ outcome: Outcome) -> Bool {
        let half = outcome.ages.count / 2
        guard half > 0 else { return outcome.taken >= outcome.arrived / 2 }
        let early = outcome.ages.prefix(half).reduce(0, +) / Double(half)
        let late = outcome.ages.suffix(half).reduce(0, +) / Double(half)
        // The age of what is taken grows by a part of each second that the stream falls behind.
        return late - early < 0.05 * seconds
    }
}

/// Text and JSON.
extension StreamSimulation.Outcome {
    private var told: [(name: String, value: Double)] { Percentiles(values: ages).told }

    func text(seconds: Int) -> String {
        let figures = told.map { "\($0.name) \(String(format: "%.1f", $0.value)) s" }.joined(separator: ", ")
        let verdict = keepsUp ? "It keeps up." : "It falls behind: what is taken grows older all the time."
        return """
            Simulated, \(seconds) s: \(Decimal(Int(arrived)).text()) records came, \(Decimal(Int(taken)).text()) were taken in \
            \(Decimal(batches).text()) batches, \(Decimal(mostAtOnce).text()) at once at most.
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
                ("AgeSeconds", .object(ofPresent: told.map { ($0.name, JSONValue.decimal($0.value)) })),
                ("Loads", loads?.json),
            ])
    }
}

/// What happens when: the earliest first.
private struct EventQueue {
    private var heap: [(item: Int, time: Double)] = []

    var count: Int { heap.count }
    var earliest: Double? { heap.first?.time }

    mutating func add(_ item: Int, at time: Double) {
        heap.append((item, time))
        var place = heap.count - 1
        while place > 0, heap[(place - 1) / 2].time > heap[place].time {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func next() -> (item: Int, time: Double)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var place = 0
        while true {
            let children = [2 * place + 1, 2 * place + 2].filter { $0 < heap.count }
            guard let child = children.min(by: { heap[$0].time < heap[$1].time }), heap[child].time < heap[place].time
            else { return first }
            heap.swapAt(place, child)
            place = child
        }
    }
}

extension Decimal {
    /// The nearest binary number, where a cent does not count.
    var binary: Double { NSDecimalNumber(decimal: self).doubleValue }
}
