import XCTest

@testable import Processor

/// Tests of the notification rules.
final class NotificationRulesTests: XCTestCase {
    private static let november = Timestamp(secondsSinceEpoch: 1_794_096_000)
    private static let december = Timestamp(secondsSinceEpoch: 1_796_688_000)

    private struct Case {
        var known: EntityFacts?
        var facts: EntityFacts
        var type: NotificationType?
        var previous: [NotificationRules.PreviousValue]
        var line: UInt
    }

    private func known(_ status: Concert.Status, _ date: Timestamp = november) -> EntityFacts {
        .concert(status: status, eventDate: date)
    }

    private func row(
        _ known: EntityFacts?, _ facts: EntityFacts, _ type: NotificationType?,
        _ previous: NotificationRules.PreviousValue..., line: UInt = #line
    ) -> Case {
        Case(known: known, facts: facts, type: type, previous: previous, line: line)
    }

    private func check(_ cases: [Case]) {
        for row in cases {
            let change = NotificationRules.change(from: row.known, to: row.facts)
            let expected = row.type.map { NotificationRules.Change(type: $0, previous: row.previous) }
            XCTAssertEqual(change, expected, "\(String(describing: row.known)) to \(row.facts)", line: row.line)
        }
    }

    func testFirstVersionOfAConcert() {
        check([
            row(nil, known(.scheduled), .concertAnnounced), row(nil, known(.cancelled), .concertCancelled),
            row(nil, known(.postponed), .concertPostponed), row(nil, known(.completed), nil),
        ])
    }

    func testUnchangedConcertIsNotReported() {
        for status in Concert.Status.allCases { check([row(known(status), known(status), nil)]) }
    }

    func testRescheduledConcertIsReported() {
        let date = NotificationRules.PreviousValue.eventDate(Self.november)
        check([
            row(known(.scheduled), known(.scheduled, Self.december), .concertRescheduled, date),
            row(known(.postponed), known(.postponed, Self.december), .concertRescheduled, date),
            row(known(.cancelled), known(.cancelled, Self.december), nil),
            row(known(.completed), known(.completed, Self.december), nil),
        ])
    }

    func testConcertStatusChangesAreReported() {
        check([
            row(known(.scheduled), known(.cancelled), .concertCancelled, .status(.scheduled)),
            row(known(.scheduled), known(.postponed), .concertPostponed, .status(.scheduled)),
            row(known(.scheduled), known(.completed), nil),
            row(known(.postponed), known(.cancelled), .concertCancelled, .status(.postponed)),
            row(known(.postponed), known(.scheduled), .concertAnnounced, .status(.postponed)),
            row(known(.postponed), known(.completed), nil),
            row(known(.cancelled), known(.scheduled), .concertAnnounced, .status(.cancelled)),
            row(known(.cancelled), known(.postponed), .concertPostponed, .status(.cancelled)),
            row(known(.cancelled), known(.completed), nil),
            row(known(.completed), known(.scheduled), .concertAnnounced, .status(.completed)),
            row(known(.completed), known(.cancelled), .concertCancelled, .status(.completed)),
            row(known(.completed), known(.postponed), .concertPostponed, .status(.completed)),
        ])
    }

    func testNewStatusAndDateAreOneNotification() {
        let date = NotificationRules.PreviousValue.eventDate(Self.november)
        check([
            row(known(.scheduled), known(.cancelled, Self.december), .concertCancelled, .status(.scheduled), date),
            row(known(.scheduled), known(.postponed, Self.december), .concertPostponed, .status(.scheduled), date),
            row(known(.postponed), known(.scheduled, Self.december), .concertRescheduled, .status(.postponed), date),
            row(known(.cancelled), known(.scheduled, Self.december), .concertAnnounced, .status(.cancelled), date),
            row(known(.scheduled), known(.completed, Self.december), nil),
        ])
    }

    func testPopularArtistIsReported() {
        func artist(_ score: String, _ isPopular: Bool) -> EntityFacts { .artist(score: score, isPopular: isPopular) }
        check([
            row(nil, artist("90", true), .artistPopular), row(nil, artist("10", false), nil),
            row(artist("10", false), artist("90.5", true), .artistPopular, .popularityScore("10")),
            row(artist("90", true), artist("95", true), nil), row(artist("90", true), artist("10", false), nil),
            row(artist("10", false), artist("20", false), nil),
            // The threshold was lowered.
            row(artist("80", false), artist("80", true), .artistPopular),
        ])
    }

    func testOlderOrEqualVersionIsIgnored() throws {
        func version(_ arrival: Int64?, _ sequence: String, _ sub: Int32? = nil) throws -> RecordVersion {
            RecordVersion(
                arrival: arrival, sequenceNumber: try XCTUnwrap(SequenceNumber(sequence)), subSequenceNumber: sub)
        }
        let delivered = try version(1000, "99", 3)
        let state = DeliveredState(version: delivered, facts: known(.scheduled))
        let all = Set(NotificationType.allCases)
        let older = [
            try version(999, "500"), try version(1000, "98"), try version(1000, "99", 2), try version(nil, "500"),
            delivered,
        ]
        for version in older {
            XCTAssertNil(
                NotificationRules.step(from: state, to: known(.cancelled), version: version, wanted: all), "\(version)")
        }
        let newer = [try version(1001, "1"), try version(1000, "100"), try version(1000, "99", 4)]
        for version in newer {
            let step = NotificationRules.step(from: state, to: known(.cancelled), version: version, wanted: all)
            XCTAssertEqual(step?.change?.type, .concertCancelled, "\(version)")
            XCTAssertEqual(step?.state.version, version)
        }
    }

    func testUnwantedTypesUpdateOnlyTheState() throws {
        let version = RecordVersion(arrival: 1, sequenceNumber: try XCTUnwrap(SequenceNumber("1")))
        let step = NotificationRules.step(
            from: nil, to: known(.scheduled), version: version, wanted: [.concertCancelled])
        XCTAssertEqual(
            step, NotificationRules.Step(change: nil, state: DeliveredState(version: version, facts: known(.scheduled)))
        )
    }

    func testStateIsParsedFromItsText() throws {
        let sequence = try XCTUnwrap(SequenceNumber(String(repeating: "9", count: 128)))
        var states: [DeliveredState] = []
        for arrival in [nil, 0, -5, Int64.max] {
            let version = RecordVersion(
                arrival: arrival, sequenceNumber: sequence, subSequenceNumber: arrival == nil ? nil : 7,
                shard: arrival == nil ? nil : Array("a stream/shardId-000000000001".utf8))
            for status in Concert.Status.allCases {
                let date = Timestamp(secondsSinceEpoch: -62_135_596_800, nanoseconds: 1)
                states.append(DeliveredState(version: version, facts: .concert(status: status, eventDate: date)))
            }
            states.append(DeliveredState(version: version, facts: .artist(score: "1e-2", isPopular: true)))
            states.append(DeliveredState(version: version, facts: .artist(score: "99.999", isPopular: false)))
        }
        for type in NotificationType.allCases {
            for index in states.indices { states[index].count(type) }
            states[0].count(type)
        }
        for state in states {
            XCTAssertEqual(DeliveredState(state.text, versionText: state.versionText), state, state.text)
        }
        for text in ["", "x", "x " + states[0].text, states[0].text.replacing("concert", with: "venue")] {
            XCTAssertNil(DeliveredState(text), text)
        }
    }

    /// Two versions of the function run concurrently during a deployment.
    func testStateFormatIsCompatibleWithVersion010() throws {
        let sequence = try XCTUnwrap(SequenceNumber("77"))
        let date = Timestamp(secondsSinceEpoch: 86_400)
        let facts = EntityFacts.concert(status: .postponed, eventDate: date)
        let shard = Array("concerts/shardId-000000000001".utf8)
        let rows: [(version: RecordVersion, text: String)] = [
            (RecordVersion(arrival: 5, sequenceNumber: sequence, shard: shard), "5 77 0"),
            (RecordVersion(arrival: nil, sequenceNumber: sequence, shard: shard), "-9223372036854775808 77 0"),
            (
                RecordVersion(arrival: 5, sequenceNumber: sequence, subSequenceNumber: 3, shard: shard), "5 77 3"
            ),
        ]
        for row in rows {
            let state = DeliveredState(version: row.version, facts: facts)
            XCTAssertEqual(state.text, "\(row.text) 0 0 0 0 0 concert postponed 1970-01-02T00:00:00Z")
            XCTAssertNil(try XCTUnwrap(DeliveredState(state.text)).version.shard)
        }
        // Version 0.1.0 has written a state since, without changing the fields that it does not know.
        let state = DeliveredState(version: rows[2].version, facts: facts)
        for stale in ["76 3 concerts/shardId-000000000001", "77 2 concerts/shardId-000000000001", "77 - x", "x", ""] {
            XCTAssertNil(try XCTUnwrap(DeliveredState(state.text, versionText: stale)).version.shard, stale)
        }
    }
}
