/// Values whose percentiles are reported.
struct Percentiles {
    var values: [Double]

    /// The reported percentiles.
    static let reported = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1)]

    /// The value of each reported percentile with its name; 0 if there are no values.
    var reported: [(name: String, value: Double)] {
        let sorted = values.sorted()
        return Self.reported.map { name, share in
            let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
            return (name, sorted.isEmpty ? 0 : sorted[min(max(index, 0), sorted.count - 1)])
        }
    }

    var sum: Double { values.reduce(0, +) }
}
