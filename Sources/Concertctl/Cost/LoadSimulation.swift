import EventGenerator
import Foundation
import JSON

/// A simulation of the loader, which determines when the rows of staged batches are in the tables.
///
/// One loader runs at a time. An invocation loads what was staged at its start, oldest first, in loads of at most
/// `LOAD_OBJECT_LIMIT` objects, until its time is over.
struct LoadSimulation: Sendable {
    /// A staged batch.
    struct Batch: Sendable {
        /// The times in seconds when its oldest record arrived and when its objects were written.
        var first: Double
        var staged: Double
        var records: Double
    }

    /// The result of the simulation.
    struct Summary: Sendable {
        var loads = 0
        /// The duration of the longest load in seconds.
        var longest = 0.0
        /// The age of each batch's oldest record when its rows were in the tables, for loads that ended in the second half
        /// of the time.
        var ages: [Double] = []
        /// Whether the delay of rows does not grow over time, or nil if the simulated time was too short.
        var keepsUp: Bool?
        /// The simulated time that determines ``keepsUp``.
        var secondsNeeded = 0
    }

    private let warehouse: WarehouseDemand
    private let seconds: Double
    private let interval: Double

    init(_ warehouse: WarehouseDemand, seconds: Double) {
        (self.warehouse, self.seconds) = (warehouse, seconds)
        interval = warehouse.intervalSeconds.binary
    }

    func run(_ batches: [Batch], seed: UInt64) throws -> Summary {
        var random = SplitMix64(seed: seed &+ 1)
        let staged = batches.sorted { $0.staged < $1.staged }
        var outcome = Summary(secondsNeeded: Int(interval * 8))
        var next = 0
        var free = 0.0
        // The ages of the loaded batches in the third and the last quarter of the time.
        var third: [Double] = []
        var last: [Double] = []
        for tick in 1...max(1, Int(seconds / interval)) {
            let start = Double(tick) * interval
            guard start <= seconds else { break }
            // The previous invocation is still running.
            guard free <= start else { continue }
            free = start
            while next < staged.count, staged[next].staged <= start, free < start + WarehouseDemand.loaderSeconds.binary
            {
                try Task.checkCancellation()
                let load = batchesOfOneLoad(staged, from: next, until: start)
                let time = (warehouse.copy(Decimal(load.objects)) + warehouse.merge(Decimal(load.rows))).binary / 1000
                let taken = time * (0.8 + 0.4 * random.unit())
                free += taken
                outcome.loads += 1
                outcome.longest = max(outcome.longest, taken)
                let ages = staged[next..<load.end].map { free - $0.first }
                if free > seconds / 2 { outcome.ages += ages }
                if free > seconds * 3 / 4 { last += ages } else if free > seconds / 2 { third += ages }
                next = load.end
            }
        }
        if seconds >= Double(outcome.secondsNeeded) {
            outcome.keepsUp =
                third.isEmpty || last.isEmpty
                ? outcome.longest <= interval : mean(last) - mean(third) < 0.05 * seconds
        }
        return outcome
    }

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

    private func batchesOfOneLoad(
        _ staged: [Batch], from start: Int, until time: Double
    ) -> (end: Int, objects: Int, rows: Int) {
        var end = start
        var objects = 0
        var rows = 0
        while end < staged.count, staged[end].staged <= time {
            let more = min(warehouse.tablesPerBatch, max(1, Int(staged[end].records)))
            guard objects == 0 || objects + more <= warehouse.objectLimit else { break }
            objects += more
            rows += Int(staged[end].records)
            end += 1
        }
        return (end, objects, rows)
    }
}

/// The summary as text and JSON.
extension LoadSimulation.Summary {
    private var percentiles: [(name: String, value: Double)] { Percentiles(values: ages).reported }

    var text: String {
        let verdict =
            switch keepsUp {
            case true?: "The loader keeps up."
            case false?: "The loader falls behind: the delay of rows grows."
            case nil: "Simulate at least \(secondsNeeded) s to determine whether the loader keeps up."
            }
        guard !ages.isEmpty else { return "Loads: \(loads). \(verdict)" }
        let figures = percentiles.map { "\($0.name) \(String(format: "%.1f", $0.value)) s" }.joined(separator: ", ")
        return """
            Loads: \(loads), longest \(String(format: "%.1f", longest)) s.
            Age of the oldest record of a batch when its rows are in the tables: \(figures).
            \(verdict)
            """
    }

    var json: JSONValue {
        let freshness = percentiles.map { ($0.name, JSONValue.decimal($0.value)) }
        return .object(
            ofPresent: [
                ("Count", .integer(loads)), ("LongestSeconds", .decimal(longest)),
                ("KeepsUp", keepsUp.map { .bool($0) } ?? .null),
                ("FreshnessSeconds", ages.isEmpty ? .null : .object(ofPresent: freshness)),
            ])
    }
}
