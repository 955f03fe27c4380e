import JSON
import TestSupport
import XCTest

@testable import Processor

/// Texts from outside as keys: the cost of long ones, and which are equal.
final class EntityKeyTests: XCTestCase {
    /// Letters with marks, which canonical equivalence would put in order.
    private static func marks(_ length: Int) -> String {
        "a" + String(repeating: "\u{301}\u{323}", count: (length - 1) / 4)
    }

    /// A batch of concerts and artists with IDs of any length, also longer than the decoder allows.
    private static func batch(_ length: Int, records: Int = 4) throws -> RecordBatch {
        var text: [EventText.Record] = []
        for number in 0..<records {
            let name = marks(length) + "\(number / 2)"
            text.append(.init(#"{"concert_id":"c","event_date":"2026-11-08","name":"\#(name)"}"#, "\(2 * number + 1)"))
            text.append(.init(#"{"artist_id":"a","name":"A","spotify_id":"\#(name)"}"#, "\(2 * number + 2)"))
        }
        var batch = try RecordBatch(decoding: EventText(text))
        for index in batch.records.indices {
            let record = batch.records[index]
            let fields = batch.catalog[record.kind].fields.map(\.name)
            let name = try XCTUnwrap(fields.firstIndex(of: fields[0] == "concert_id" ? "name" : "spotify_id"))
            let first = Int(record.firstValue)
            for (field, id) in fields.enumerated() where ["concert_id", "artist_id", "venue_id"].contains(id) {
                batch.storage.values[first + field] = batch.storage.values[first + name]
            }
        }
        return batch
    }

    func testLongIDsCostAsMuchAsTheyAreLong() throws {
        let settings = NotifierSettings(types: Set(NotificationType.allCases), popularityThreshold: 50)
        let keys = CacheKeys(prefix: "concert:")
        let work: [(name: String, run: (RecordBatch) throws -> Void)] = [
            ("entities", { XCTAssertEqual($0.entities().count, 4) }),
            ("cache", { XCTAssertEqual($0.cacheEntries(keys).count, 4) }),
            (
                "cache in memory",
                {
                    var contents = CacheContents()
                    contents.take($0)
                    contents.take($0)
                    XCTAssertGreaterThan(contents.json.bytes.count, 100)
                }
            ),
            (
                "commands",
                { batch in
                    let entries = batch.cacheEntries(keys)
                    let commands = entries.indices.map {
                        CacheScript.command(withSetsOf: [$0], of: entries, timeToLive: 0, prefix: keys.prefix)
                    }
                    XCTAssertEqual(commands.count, 4)
                }
            ),
            (
                "plan",
                {
                    let plan = NotificationPlan($0.observations(settings), known: [:], wanted: settings.types)
                    XCTAssertEqual(plan.notifications.count, 2)
                }
            ),
            (
                "memory",
                { batch in
                    let ledger = InMemoryLedger()
                    let entities = batch.entities { $0 == Concert.schema || $0 == Artist.schema }.map(\.key)
                    let deadline = ContinuousClock.now + .seconds(60)
                    for owner in ["one", "two"] {
                        let answers = ledger.lease(entities, for: owner, duration: .seconds(60), until: deadline)
                        XCTAssertEqual(answers.count, 4)
                    }
                    let marks = entities.map { LedgerEntry(entity: $0, states: [:], endsLease: true) }
                    ledger.record(marks, for: "one", until: deadline)
                }
            ),
        ]
        for row in work {
            let growth = try CPUTimeGrowth(make: { try Self.batch($0) }, work: row.run)
            XCTAssertTrue(growth.isProportional(), "\(row.name): \(growth)")
        }
    }

    func testNotificationsOfLongIDsCostAsMuchAsTheyAreLong() async throws {
        var settings = NotifierSettings(types: Set(NotificationType.allCases), popularityThreshold: 50)
        settings.popularityThreshold = 50
        let growth = try await CPUTimeGrowth(make: { try Self.batch($0) }) { [settings] batch in
            let notifier = Notifier(
                settings: settings, ledger: InMemoryLedger(), senders: [FakeSubscribers()],
                log: .init(level: .fatal, sink: CollectedLines()))
            var outcomes = RecordOutcomes(count: batch.records.count)
            let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(600))
            await notifier.process(batch, context: context, outcomes: &outcomes)
            XCTAssertNil(outcomes.firstFailureReason)
        }
        XCTAssertTrue(growth.isProportional(), "\(growth)")
    }

    func testEntitiesAreToldApartByTheirBytes() throws {
        let ids = ["\u{E9}", "e\u{301}", "\u{212B}", "\u{C5}", "A\u{30A}", "\u{1F3B8}", "a", "a\u{200D}"]
        let records = ids.enumerated().flatMap { index, id in
            [
                EventText.Record(#"{"artist_id":"\#(id)","name":"N"}"#, "\(3 * index + 1)"),
                EventText.Record(#"{"concert_id":"\#(id)","event_date":"2026-11-08"}"#, "\(3 * index + 2)"),
                EventText.Record(#"{"artist_id":"\#(id)","name":"N"}"#, "\(3 * index + 3)"),
            ]
        }
        let entities = try RecordBatch(decoding: EventText(records)).entities {
            $0 == Artist.schema || $0 == Concert.schema
        }
        XCTAssertEqual(entities.count, 2 * ids.count)
        XCTAssertEqual(
            entities.filter { $0.key.schema == Artist.schema }.map(\.key.text).map { Array($0.utf8) },
            ids.map { Array($0.utf8) })
        for (index, entity) in entities.enumerated() where entity.key.schema == Artist.schema {
            let first = 3 * (index / 2)
            XCTAssertEqual(entity.records, [first, first + 2])
            XCTAssertEqual(entity.newest, first + 2)
        }
    }
}
