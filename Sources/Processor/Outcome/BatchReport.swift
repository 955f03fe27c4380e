/// The figures of one batch, for metrics and for the report of a replay.
package struct BatchReport: Sendable {
    /// The final state of a record.
    package enum Disposition: String, Sendable, CaseIterable {
        case processed, skipped
        case deadLettered = "dead_lettered"
        case failed
    }

    /// A record that could not be processed.
    package struct BadRecord: Sendable {
        package var sequenceNumber: SequenceNumber
        package var subSequenceNumber: Int32?
        package var error: PayloadError
    }

    /// Records by kind and disposition; bad records and test records have no kind.
    private var counts: KindMap<Counts>
    package internal(set) var badRecords: [BadRecord] = []
    /// The sequence number that the response reports; nil if no record failed.
    package internal(set) var checkpoint: SequenceNumber?
    /// The size of the decoded data, in bytes.
    package internal(set) var dataBytes = 0
    package internal(set) var decodeTime: Duration = .zero
    /// The duration of each processor, in their order; processors run concurrently.
    package internal(set) var processorTimes: [(name: String, time: Duration)] = []

    /// The number of records per disposition.
    private struct Counts: Sendable {
        var processed = 0
        var skipped = 0
        var deadLettered = 0
        var failed = 0

        subscript(disposition: Disposition) -> Int {
            get {
                switch disposition {
                case .processed: processed
                case .skipped: skipped
                case .deadLettered: deadLettered
                case .failed: failed
                }
            }
            set {
                switch disposition {
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

    /// Adds `number` records.
    ///
    /// - Parameter kind: Nil for bad records and test records.
    mutating func count(_ kind: EntityKind?, _ disposition: Disposition, _ number: Int = 1) {
        counts[kind][disposition] += number
    }

    /// Returns the number of records with a disposition, over all kinds.
    package func total(_ disposition: Disposition) -> Int {
        catalog.kinds.reduce(counts[nil][disposition]) { $0 + counts[$1][disposition] }
    }

    /// Returns the number of records of a kind, over all dispositions; nil for bad records and test records.
    package func total(of kind: EntityKind?) -> Int { counts[kind].total }

    package var total: Int { catalog.kinds.reduce(counts[nil].total) { $0 + counts[$1].total } }
}
