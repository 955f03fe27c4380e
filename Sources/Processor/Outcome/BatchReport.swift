/// What became of a batch, in figures: for metrics and for the report of a replay.
public struct BatchReport: Sendable {
    /// How a record ended.
    public enum Ending: String, Sendable, CaseIterable {
        case processed, skipped
        case deadLettered = "dead_lettered"
        case failed
    }

    /// A record that could not be processed.
    public struct BadRecord: Sendable {
        public var sequenceNumber: SequenceNumber
        public var subSequenceNumber: Int32?
        public var error: PayloadError
    }

    /// Records by kind, nil for bad ones and tests, and ending.
    public private(set) var counts: [Payload.Kind?: [Ending: Int]] = [:]
    public internal(set) var badRecords: [BadRecord] = []
    /// The one that the response names.
    public internal(set) var checkpoint: SequenceNumber?
    /// Decoded data.
    public internal(set) var dataBytes = 0
    public internal(set) var decodeTime: Duration = .zero
    /// How long each processor took, in their order; they run beside one another.
    public internal(set) var processorTimes: [(name: String, time: Duration)] = []

    public init() {}

    mutating func count(_ kind: Payload.Kind?, _ ending: Ending, _ number: Int = 1) {
        if number > 0 { counts[kind, default: [:]][ending, default: 0] += number }
    }

    /// How many ended so, of all kinds.
    public func total(_ ending: Ending) -> Int { counts.values.reduce(0) { $0 + ($1[ending] ?? 0) } }

    public var total: Int { Ending.allCases.reduce(0) { $0 + total($1) } }
}
