import Basics
import Clients
import Processor
import Telemetry

/// The state of staged loads: staged objects and unfinished loads.
struct StagedState: Sendable {
    /// An unfinished load.
    struct UnfinishedLoad: Sendable {
        var name: String
        var manifests: Int
        /// The reason why no loader can finish it, and the remedy; nil if the next load finishes it.
        var problem: String?
    }

    /// The number of staged objects, counted up to 100,000.
    var objects: Int
    /// The age of the oldest object; nil if nothing is staged.
    var oldestSeconds: Int?
    /// The number of objects that this version cannot load, and the key of one.
    var (others, example): (Int, String)
    /// The keys of the objects of the next load.
    var next: [String]
    /// The unfinished loads, oldest first.
    var unfinished: [UnfinishedLoad]

    /// The most loads whose manifests are read.
    private static let loadLimit = 100

    /// Reads the state from the bucket; returns nil if no bucket is configured.
    static func read(_ settings: RedshiftSettings, _ aws: AWSClient) async throws -> StagedState? {
        guard let staging = settings.staging, let target = StagedTarget(settings) else { return nil }
        let bucket = StagedBucket(target: target, aws: aws)
        let listing = try await bucket.staged(limit: staging.loadObjectLimit)
        let now = WallClock.now().millisecondsSinceEpoch / 1000
        var state = StagedState(
            objects: listing.count, oldestSeconds: listing.oldest.map { Int(max(0, now - $0)) }, others: listing.others,
            example: listing.example, next: listing.objects.map(\.key), unfinished: [])
        for manifests in try await bucket.manifests(limit: loadLimit) {
            var load = UnfinishedLoad(name: manifests.load, manifests: manifests.keys.count)
            do { _ = try await bucket.keys(manifests) } catch let error as ManifestError {
                load.problem = error.description
            }
            state.unfinished.append(load)
        }
        return state
    }

    private init(
        objects: Int, oldestSeconds: Int?, others: Int, example: String, next: [String], unfinished: [UnfinishedLoad]
    ) {
        (self.objects, self.oldestSeconds, self.others, self.example) = (objects, oldestSeconds, others, example)
        (self.next, self.unfinished) = (next, unfinished)
    }
}
