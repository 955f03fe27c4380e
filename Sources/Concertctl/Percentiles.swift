/// Figures, of which some shares are told.
struct Percentiles {
    var values: [Double]

    /// The shares that reports name.
    static let told = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1)]

    /// The values that these shares of all do not exceed, each with its name; 0 without values.
    var told: [(name: String, value: Double)] {
        let sorted = values.sorted()
        return Self.told.map { name, share in
            let place = Int((share * Double(sorted.count)).rounded(.up)) - 1
            return (name, sorted.isEmpty ? 0 : sorted[min(max(place, 0), sorted.count - 1)])
        }
    }

    var sum: Double { values.reduce(0, +) }
}
