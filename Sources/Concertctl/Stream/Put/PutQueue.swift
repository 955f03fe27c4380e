/// A queue of records to put, ordered per partition key.
///
/// `PutRecords` can reject any entry and accept the next one. Therefore, a request contains at most one record per key, and
/// the later records of a key wait until the earlier one is on the stream.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
struct PutQueue {
    /// A record and its index in the input.
    struct PutEntry: Equatable {
        var key: String
        var data: [UInt8]
        /// The index in the input.
        var number: Int

        /// The size that counts toward a request's limit, in bytes.
        var size: Int { key.utf8.count + data.count }
    }

    /// The limits of one request.
    struct Limits: Equatable {
        var entries = 500
        var bytes = 5 << 20
        /// The limit of one entry.
        var entryBytes = 1 << 20
    }

    let limits: Limits
    /// Whether records of one key may be put out of order.
    private let isUnordered: Bool
    private var waiting: [[UInt8]: Lane] = [:]
    /// The keys with a record to put next, each once, the longest waiting first.
    private var ready: [[UInt8]] = []
    /// The number of used elements of `ready`.
    private var readyStart = 0
    /// The number of queued records, without those in flight.
    private(set) var count = 0
    /// The size of the queued records, in bytes.
    private(set) var size = 0

    /// The records of one key, in order.
    private struct Lane {
        private var entries: [PutEntry] = []
        private var start = 0

        var first: PutEntry? { start < entries.count ? entries[start] : nil }

        mutating func append(_ entry: PutEntry) { entries.append(entry) }

        mutating func putBack(_ entry: PutEntry) {
            if start > 0 {
                start -= 1
                entries[start] = entry
            } else {
                entries.insert(entry, at: 0)
            }
        }

        mutating func removeFirst() {
            // Frees used elements in batches, so that a long lane takes linear time.
            entries[start].data = []
            start += 1
            if start > 64, start * 2 > entries.count {
                entries.removeFirst(start)
                start = 0
            }
        }

        var rest: ArraySlice<PutEntry> { entries[start...] }
    }

    init(limits: Limits = Limits(), isUnordered: Bool = false) {
        (self.limits, self.isUnordered) = (limits, isUnordered)
    }

    var isEmpty: Bool { count == 0 }

    /// Appends a record to the queue of its key.
    mutating func add(_ entry: PutEntry) {
        let lane = Array((isUnordered ? "\(entry.number)" : entry.key).utf8)
        // A known key already has a record that is ready or in flight.
        if waiting[lane] == nil { ready.append(lane) }
        waiting[lane, default: Lane()].append(entry)
        count += 1
        size += entry.size
    }

    /// Removes and returns the records of the next request: as many as fit, of different keys; empty if there is none.
    mutating func next() -> [InFlight] {
        var taken: [InFlight] = []
        var bytes = 0
        while taken.count < limits.entries, readyStart < ready.count {
            let lane = ready[readyStart]
            guard let entry = waiting[lane]?.first else {
                readyStart += 1
                continue
            }
            // Sends an entry of any size alone, because only the service knows the exact limit.
            guard taken.isEmpty || bytes + entry.size <= limits.bytes else { break }
            readyStart += 1
            waiting[lane]?.removeFirst()
            bytes += entry.size
            taken.append(InFlight(entry: entry, lane: lane))
        }
        if readyStart > 4096 {
            ready.removeFirst(readyStart)
            readyStart = 0
        }
        count -= taken.count
        size -= bytes
        return taken
    }

    /// A record of a request; its key waits until the record is confirmed or put back.
    struct InFlight {
        var entry: PutEntry
        fileprivate var lane: [UInt8]
    }

    /// Confirms that the record is on the stream, and releases the next record of its key.
    mutating func confirm(_ record: InFlight) {
        if waiting[record.lane]?.first == nil {
            waiting[record.lane] = nil
        } else {
            ready.append(record.lane)
        }
    }

    /// Returns a record that is not on the stream, or may not be, to the front of its key's queue.
    mutating func putBack(_ record: InFlight) {
        waiting[record.lane, default: Lane()].putBack(record.entry)
        ready.append(record.lane)
        count += 1
        size += record.entry.size
    }

    /// All queued records in the order of the input.
    var entries: [PutEntry] { waiting.values.flatMap(\.rest).sorted { $0.number < $1.number } }
}
