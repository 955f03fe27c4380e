/// Records that wait to be put, in order per partition key.
///
/// `PutRecords` may refuse any entry and take the next one, so two records of one key never stand in one request, and
/// a key's later records wait until the earlier one is on the stream.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
struct PutQueue {
    /// A record, and its place in the input.
    struct Entry: Equatable {
        var key: String
        var data: [UInt8]
        /// How many records came before it.
        var number: Int

        /// What counts against a request's limit, in bytes.
        var size: Int { key.utf8.count + data.count }
    }

    /// What one request may hold.
    struct Limits: Equatable {
        var entries = 500
        var bytes = 5 << 20
        /// Of one entry.
        var entryBytes = 1 << 20
    }

    let limits: Limits
    /// Whether records of one key may overtake one another.
    private let isUnordered: Bool
    private var waiting: [[UInt8]: Lane] = [:]
    /// Keys that have a record to be put next, each once, longest waiting first.
    private var ready: [[UInt8]] = []
    /// How many of `ready` are used up.
    private var readyStart = 0
    /// How many records are here, those in flight not counted.
    private(set) var count = 0
    /// Their size in bytes.
    private(set) var size = 0

    /// The records of one key, first to last.
    private struct Lane {
        private var entries: [Entry] = []
        private var start = 0

        var first: Entry? { start < entries.count ? entries[start] : nil }

        mutating func append(_ entry: Entry) { entries.append(entry) }

        mutating func putBack(_ entry: Entry) {
            if start > 0 {
                start -= 1
                entries[start] = entry
            } else {
                entries.insert(entry, at: 0)
            }
        }

        mutating func removeFirst() {
            // What is used up is let go in pieces, so that a long lane costs no time.
            entries[start].data = []
            start += 1
            if start > 64, start * 2 > entries.count {
                entries.removeFirst(start)
                start = 0
            }
        }

        var rest: ArraySlice<Entry> { entries[start...] }
    }

    init(limits: Limits = Limits(), isUnordered: Bool = false) {
        (self.limits, self.isUnordered) = (limits, isUnordered)
    }

    var isEmpty: Bool { count == 0 }

    /// Adds a record behind all others of its key.
    mutating func add(_ entry: Entry) {
        let lane = Array((isUnordered ? "\(entry.number)" : entry.key).utf8)
        // A key that is here already has a record that is ready or in flight.
        if waiting[lane] == nil { ready.append(lane) }
        waiting[lane, default: Lane()].append(entry)
        count += 1
        size += entry.size
    }

    /// Takes out what the next request holds: as many records as fit, of different keys; empty when there is none.
    mutating func next() -> [InFlight] {
        var taken: [InFlight] = []
        var bytes = 0
        while taken.count < limits.entries, readyStart < ready.count {
            let lane = ready[readyStart]
            guard let entry = waiting[lane]?.first else {
                readyStart += 1
                continue
            }
            // One entry always goes, whatever its size: only the service knows for sure what is too much.
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

    /// A record that was taken out; its key waits until it is confirmed or put back.
    struct InFlight {
        var entry: Entry
        fileprivate var lane: [UInt8]
    }

    /// The record is on the stream; the next of its key may go.
    mutating func confirm(_ record: InFlight) {
        if waiting[record.lane]?.first == nil {
            waiting[record.lane] = nil
        } else {
            ready.append(record.lane)
        }
    }

    /// The record is not on the stream, or nobody knows: it goes again, before all others of its key.
    mutating func putBack(_ record: InFlight) {
        waiting[record.lane, default: Lane()].putBack(record.entry)
        ready.append(record.lane)
        count += 1
        size += record.entry.size
    }

    /// Everything that is still here, in the input's order.
    var entries: [Entry] { waiting.values.flatMap(\.rest).sorted { $0.number < $1.number } }
}
