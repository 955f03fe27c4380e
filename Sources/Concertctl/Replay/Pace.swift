import Glibc

/// The rate limit and the progress of a replay.
struct Pace {
    /// The most records per second; nil for no limit.
    let rate: Int?
    /// The total number of records or events.
    let total: Int
    let unit: String
    private(set) var done = 0
    private var records = 0
    private let start = ContinuousClock.now

    init(rate: Int?, total: Int, unit: String) { (self.rate, self.total, self.unit) = (rate, total, unit) }

    /// Adds to the delivered records and to the completed part of the total.
    mutating func add(records: Int, done: Int) {
        self.records += records
        self.done += done
    }

    /// Waits until the rate allows the next delivery.
    ///
    /// - Throws: `CancellationError`, within 50 ms.
    func wait() throws {
        guard let rate else { return }
        let due = start + .seconds(Double(records) / Double(rate))
        while ContinuousClock.now < due {
            try Task.checkCancellation()
            let left = (due - .now) / .microseconds(1)
            usleep(UInt32(max(1, min(left, 50_000))))
        }
    }

    var text: String {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        var text = "\(done) of \(total) \(unit)"
        if seconds > 0.5 { text += ", \(Int(Double(records) / seconds)) records/s" }
        if seconds > 2, done > 0 { text += ", \(Int(seconds / Double(done) * Double(total - done))) s left" }
        return text
    }
}
