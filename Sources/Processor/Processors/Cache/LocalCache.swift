import Synchronization

/// A processor that stores in memory what the cache would contain.
final class LocalCache: RecordProcessor {
    let name = "cache"
    private let contents = Mutex(CacheContents())

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        contents.withLock { $0.take(batch) }
        outcomes.markAll(.succeeded)
    }

    /// The keys and their values, in JSON.
    var json: [UInt8] { Array((contents.withLock { $0.json }.prettyText + "\n").utf8) }
}
