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

    /// Records by kind and ending; bad ones and tests have no kind.
    private var counts: KindMap<Counts>
    public internal(set) var badRecords: [BadRecord] = []
    /// The one that the response names.
    public internal(set) var checkpoint: SequenceNumber?
    /// Decoded data.
    public internal(set) var dataBytes = 0
    public internal(set) var decodeTime: Duration = .zero
    /// How long each processor took, in their order; they run beside one another.
    public internal(set) var processorTimes: [(name: String, time: Duration)] = []

    /// Records by ending.
    private struct Counts: Sendable {
        var processed = 0
        var skipped = 0
        var deadLettered = 0
        var failed = 0

        subscript(ending: Ending) -> Int {
            get {
                switch ending {
                case .processed: processed
                case .skipped: skipped
                case .deadLettered: deadLettered
                case .failed: failed
                }
            }
            set {
                switch ending {
                case .processed: processed = newValue
                case .skipped: skipped = newValue
                case .deadLettered: deadLettered = newValue
                case .failed: failed = newValue
                }
            }
        }

        var total: Int { processed + skipped + deadLettered + failed }
    }

    package let catalog: EntityCatalog

    package init(_ catalog: EntityCatalog) {
        self.catalog = catalog
        counts = KindMap(catalog, repeating: Counts())
    }

    /// - Parameter kind: Nil for bad records and tests.
    mutating func count(_ kind: EntityKind?, _ ending: Ending, _ number: Int = 1) { counts[kind][ending] += number }

    /// How many ended so, of all kinds.
    public func total(_ ending: Ending) -> Int {
        catalog.kinds.reduce(counts[nil][ending]) { $0 + counts[$1][ending] }
    }

    /// How many there were of a kind, however they ended; nil for bad records and tests.
    package func total(of kind: EntityKind?) -> Int { counts[kind].total }

    public var total: Int { catalog.kinds.reduce(counts[nil].total) { $0 + counts[$1].total } }
}
