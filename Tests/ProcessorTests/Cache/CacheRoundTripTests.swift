import TestSupport
import XCTest

@testable import Clients
@testable import Processor

/// The number of round trips of a large batch: at most one per thousand records.
final class CacheRoundTripTests: CacheTestCase {
    private func concerts(_ count: Int, artist: String, venue: String, version: Int) -> EventText {
        EventText(
            (0..<count).map { index in
                record(
                    concert("c\(index)", artist: "\(artist)\(index % 100)", venue: "\(venue)\(index % 50)"),
                    "\(version * 100_000 + index)")
            })
    }

    func testTenThousandConcertsTakeFewRoundTrips() async throws {
        for inSteps in [false, true] { try await tenThousandConcertsTakeFewRoundTrips(inSteps: inSteps) }
    }

    private func tenThousandConcertsTakeFewRoundTrips(inSteps: Bool) async throws {
        let server = try redis.server()
        let runner = FlushCounter(try redis.client(server))
        let updater = try updater(runner, inSteps: inSteps)
        let steps: [(name: String, event: EventText)] = [
            ("new", concerts(10_000, artist: "a", venue: "v", version: 1)),
            ("the same again", concerts(10_000, artist: "a", venue: "v", version: 1)),
            ("all move", concerts(10_000, artist: "b", venue: "w", version: 2)),
            ("all too old", concerts(10_000, artist: "a", venue: "v", version: 1)),
        ]
        for step in steps {
            let start = ContinuousClock.now
            let outcomes = try await write(step.event, by: updater, within: 60)
            let duration = ContinuousClock.now - start
            XCTAssertNil(outcomes.firstFailureReason, step.name)
            let flushes = await runner.take()
            XCTAssertLessThanOrEqual(flushes, inSteps ? 10 : 1, step.name)
            print("cache: 10,000 concerts, \(step.name), in steps \(inSteps): \(flushes) round trips, \(duration)")
        }
        XCTAssertEqual(try server.cli("ZCARD", "concert:artist-concerts:b7"), "100")
        XCTAssertEqual(try server.cli("KEYS", "concert:artist-concerts:a*"), "", "nothing is left behind")
    }
}

/// A counter of the flushes of a client to its server.
private actor FlushCounter: RedisCommandRunner {
    private var flushes = 0
    private let base: any RedisCommandRunner

    init(_ base: any RedisCommandRunner) { self.base = base }

    func run(_ commands: [RedisCommand], until deadline: ContinuousClock.Instant) async throws -> [RESPValue] {
        flushes += (commands.count + RedisClient.chunk - 1) / RedisClient.chunk
        return try await base.run(commands, until: deadline)
    }

    func take() -> Int {
        defer { flushes = 0 }
        return flushes
    }
}
