import Clients
import Processor
import Telemetry

/// What staged loads have left to do, for commands.
struct StagedState: Sendable {
    /// An unfinished load.
    struct Load: Sendable {
        var name: String
        var manifests: Int
        /// Why no loader can finish it, and what to do; nil where the next one finishes it.
        var problem: String?
    }

    /// All that is staged, counted up to 100,000.
    var objects: Int
    /// Age of the oldest object; nil when nothing is staged.
    var oldestSeconds: Int?
    /// Objects that this version cannot load, and the key of one.
    var (others, example): (Int, String)
    /// The keys of the objects that the next load takes.
    var next: [String]
    /// Oldest first.
    var unfinished: [Load]

    /// Loads whose manifests are read.
    private static let loadLimit = 100

    /// Reads the bucket, and nothing else; nil without one.
    static func read(_ settings: RedshiftSettings, _ aws: AWSClient) async throws -> StagedState? {
        guard let staging = settings.staging, let target = StagedTarget(settings) else { return nil }
        let bucket = StagedBucket(target: target, aws: aws)
        let listing = try await bucket.staged(limit: staging.loadObjectLimit)
        let now = WallClock.now().millisecondsSinceEpoch / 1000
        var state = StagedState(
            objects: listing.count, oldestSeconds: listing.oldest.map { Int(max(0, now - $0)) }, others: listing.others,
            example: listing.example, next: listing.objects.map(\.key), unfinished: [])
        for manifests in try await bucket.manifests(limit: loadLimit) {
            var load = Load(name: manifests.load, manifests: manifests.keys.count)
            do { _ = try await bucket.keys(manifests) } catch let error as ManifestError {
                load.problem = error.description
            }
            state.unfinished.append(load)
        }
        return state
    }

    private init(
        objects: Int, oldestSeconds: Int?, others: Int, example: String, next: [String], unfinished: [Load]
    ) {
        (self.objects, self.oldestSeconds, self.others, self.example) = (objects, oldestSeconds, others, example)
        (self.next, self.unfinished) = (next, unfinished)
    }
}
