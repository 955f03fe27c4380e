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

    /// Records by kind, bad ones and tests last, and ending.
    private var counts = [20 of Int](repeating: 0)
    public internal(set) var badRecords: [BadRecord] = []
    /// The one that the response names.
    public internal(set) var checkpoint: SequenceNumber?
    /// Decoded data.
    public internal(set) var dataBytes = 0
    public internal(set) var decodeTime: Duration = .zero
    /// How long each processor took, in their order; they run beside one another.
    public internal(set) var processorTimes: [(name: String, time: Duration)] = []

    public init() {}

    /// - Parameter kind: Nil for bad records and tests.
    mutating func count(_ kind: Payload.Kind?, _ ending: Ending, _ number: Int = 1) {
        counts[Self.place(of: kind) + ending.place] += number
    }

    /// How many ended so, of all kinds.
    public func total(_ ending: Ending) -> Int {
        var sum = 0
        for start in stride(from: 0, to: 20, by: 4) { sum += counts[start + ending.place] }
        return sum
    }

    /// How many there were of a kind, however they ended; nil for bad records and tests.
    public func total(of kind: Payload.Kind?) -> Int {
        let start = Self.place(of: kind)
        return counts[start] + counts[start + 1] + counts[start + 2] + counts[start + 3]
    }

    public var total: Int { counts.span.indices.reduce(0) { $0 + counts[$1] } }

    private static func place(of kind: Payload.Kind?) -> Int {
        switch kind {
        case .artist: 0
        case .concert: 4
        case .venue: 8
        case .ticketSale: 12
        case nil: 16
        }
    }
}

extension BatchReport.Ending {
    fileprivate var place: Int {
        switch self {
        case .processed: 0
        case .skipped: 1
        case .deadLettered: 2
        case .failed: 3
        }
    }
}
