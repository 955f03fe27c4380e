import JSON
import TestSupport
import XCTest

@testable import Processor

/// Batches of records compared with a model of a single entity.
final class NotificationPlanTests: XCTestCase {
    private static let all = Set(NotificationType.allCases)

    private struct Version {
        var sequence: Int
        var facts: EntityFacts
    }

    /// A simple model of notifications: for each version that is newer than all before it, the difference.
    private func model(_ versions: [Version]) -> [String] {
        var heard: [String] = []
        var newest = 0
        var last: EntityFacts?
        for version in versions where version.sequence > newest {
            newest = version.sequence
            defer { last = version.facts }
            switch (last, version.facts) {
            case (_, .concert(.completed, _)): continue
            case (.concert(.cancelled, _)?, .concert(.cancelled, _)): continue
            case (nil, .concert(let status, _)): heard.append("\(version.sequence) \(status) before: nothing")
            case (.concert(let old, let oldDate)?, .concert(let new, let newDate)):
                if old == new, oldDate == newDate { continue }
                let isMove = oldDate != newDate && (old == new || old == .postponed && new == .scheduled)
                let parts = [old == new ? nil : "\(old)", oldDate == newDate ? nil : "\(oldDate)"].compactMap(\.self)
                heard.append(
                    "\(version.sequence) \(isMove ? "moved" : "\(new)") before: \(parts.joined(separator: " "))")
            default: continue
            }
        }
        return heard
    }

    private func words(_ planned: PlannedNotification) -> String {
        let name =
            switch planned.change.type {
            case .concertAnnounced: "scheduled"
            case .concertCancelled: "cancelled"
            case .concertPostponed: "postponed"
            case .concertRescheduled, .artistPopular: "moved"
            }
        let previous = planned.change.previous.map { value in
            switch value {
            case .status(let status): "\(status)"
            case .eventDate(let date): "\(date)"
            case .popularityScore(let score): score
            }
        }
        let text = previous.isEmpty ? "nothing" : previous.joined(separator: " ")
        return "\(planned.state.version.sequenceNumber) \(name) before: \(text)"
    }

    /// Subscribers receive the model's notifications for any batches, repeats and order.
    func testSubscribersReceiveEachChangeOnceForAnyBatches() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2000 {
            var versions: [Version] = []
            for sequence in 1...Int.random(in: 1...12, using: &random) {
                let status = try XCTUnwrap(Concert.Status.allCases.randomElement(using: &random))
                let date = Timestamp(secondsSinceEpoch: Int64.random(in: 1...3, using: &random) * 86_400)
                versions.append(Version(sequence: sequence, facts: .concert(status: status, eventDate: date)))
            }
            if Bool.random(using: &random) { versions.shuffle(using: &random) }
            // Overlapping batches, as with retries.
            var known: [EntityKey: DeliveredState] = [:]
            var heard: [String] = []
            var start = 0
            while start < versions.count {
                let end = Int.random(in: start + 1...versions.count, using: &random)
                let from = max(0, start - Int.random(in: 0...3, using: &random))
                let plan = NotificationPlan(
                    try observations(Array(versions[from..<end])), known: known, wanted: Self.all)
                heard += plan.notifications.map(words)
                for planned in plan.notifications { known[planned.entity] = planned.stateAfter }
                known.merge(plan.silentStates) { $1 }
                start = end
            }
            XCTAssertEqual(heard, model(versions), "\(versions)")
        }
    }

    private func observations(_ versions: [Version]) throws -> [Observation] {
        try versions.enumerated().map { index, version in
            Observation(
                record: index, entity: EntityKey(Concert.schema, id: Array("c".utf8)),
                version: RecordVersion(
                    arrival: 1, sequenceNumber: try XCTUnwrap(SequenceNumber(String(version.sequence)))),
                facts: version.facts)
        }
    }

    func testEntitiesAreIndependent() throws {
        let event = EventText([
            .init(#"{"concert_id":"a","event_date":"2026-11-08"}"#, "1"),
            .init(#"{"artist_id":"a","name":"A","popularity_score":80.5}"#, "2"),
            .init(#"{"concert_id":"b","event_date":"2026-11-08","status":"canceled"}"#, "3"),
            .init(Sample.venue, "4"), .init(Sample.sale, "5"),
            .init(#"{"concert_id":"a","event_date":"2026-11-09"}"#, "6"),
            .init(#"{"artist_id":"b","name":"B","popularity_score":80}"#, "7"),
        ])
        var settings = NotifierSettings(types: Self.all, popularityThreshold: 80)
        let batch = try RecordBatch(decoding: event)
        let plan = NotificationPlan(batch.observations(settings), known: [:], wanted: settings.types)
        XCTAssertEqual(plan.notifications.map(\.record), [0, 1, 2, 5])
        XCTAssertEqual(
            plan.notifications.map(\.change.type),
            [.concertAnnounced, .artistPopular, .concertCancelled, .concertRescheduled])
        XCTAssertEqual(Set(plan.silentStates.keys), [EntityKey(Artist.schema, id: Array("b".utf8))])
        settings.types = [.artistPopular]
        XCTAssertEqual(batch.observations(settings).map(\.record), [1, 6])
    }
}
