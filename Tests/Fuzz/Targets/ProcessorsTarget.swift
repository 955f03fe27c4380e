import Foundation
import JSON
import Telemetry

@testable import Processor

/// Records in the output of each processor: cache entries, notifications, statements and window aggregates.
///
/// No input may trap, and IDs with different bytes must be different entities.
struct ProcessorsTarget: FuzzTarget {
    private var decoder = EventDecoder()
    private var batch = RecordBatch()
    private let keys = CacheKeys(prefix: "concert:")
    private let settings: NotifierSettings

    init() {
        var reader = SettingsReader([
            "NOTIFY_EVENT_BUS": "bus", "NOTIFY_POPULARITY_THRESHOLD": "50",
            "NOTIFY_ON": "concert.announced,concert.cancelled,concert.postponed,concert.rescheduled,artist.popular",
        ])
        settings = NotifierSettings(&reader)
        mustHold(reader.problems.isEmpty, "the target's settings are invalid: \(reader.problems)")
    }

    mutating func check(_ bytes: [UInt8]) {
        // The first byte determines the start of the second record, so that mutations change both.
        guard let first = bytes.first else { return }
        let rest = Array(bytes.dropFirst())
        let cut = min(rest.count, rest.count * Int(first) / 255)
        let event = Self.event([Array(rest[..<cut]), Array(rest[cut...]), rest])
        do {
            try decoder.decode(event, 0..<event.count, into: &batch, deadline: .now + .seconds(1000))
        } catch {
            fatalError("the event is refused: \(error)")
        }
        checkCache()
        checkWarehouse()
        checkNotifications()
        checkWindow()
        batch.releaseEvent()
    }

    private func checkCache() {
        let entries = batch.cacheEntries(keys)
        mustHold(Set(entries.map(\.key)).count == entries.count, "two entries have one key")
        for entry in entries {
            let document = try? JSONValue(parsing: entry.document)
            mustHold(document?.object != nil, "the cache's document is not a JSON object")
            for (_, score) in entry.membership.scores {
                mustHold(Double(score)?.isFinite == true, "invalid score \(score)")
            }
        }
    }

    private func checkWarehouse() {
        var outcomes = RecordOutcomes(count: batch.records.count)
        let transactions = WarehouseScript().transactions(of: batch, outcomes: &outcomes)
        for statement in transactions.joined() {
            mustHold(statement.utf8.count <= 100_000, "a statement has \(statement.utf8.count) bytes")
            mustHold(!statement.utf8.contains(0) && !statement.utf8.contains(UInt8(ascii: "\\")), "a literal is unsafe")
            let quotes = statement.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "'") ? 1 : 0) }
            mustHold(quotes.isMultiple(of: 2), "a literal does not end: \(statement)")
        }
        for index in 0..<outcomes.count { mustHold(!outcomes[index].isRetryable, "a record is in no transaction") }
    }

    private func checkNotifications() {
        let plan = NotificationPlan(batch.observations(settings), known: [:], wanted: settings.types)
        for planned in plan.notifications {
            let notification = batch.notification(
                of: batch.records[planned.record], planned.entity, planned.change, planned.state)
            mustHold((try? JSONValue(parsing: notification.body))?.object != nil, "a notification is not a JSON object")
            for id in [notification.messageGroupID, notification.messageDeduplicationID] {
                let isValid = (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { 0x21...0x7E ~= $0 }
                mustHold(isValid, "SNS refuses the ID \(id)")
            }
        }
    }

    private func checkWindow() {
        var aggregates = WindowAggregates()
        for record in batch.records { aggregates.add(record, of: batch) }
        let state = aggregates.state(replacing: [:])
        guard let value = try? JSONValue(parsing: state) else { fatalError("the state is not JSON") }
        mustHold(WindowAggregates(value).json() == aggregates.json(), "the state changes when it is read back")
    }

    /// Returns a Kinesis event with these records.
    private static func event(_ records: [[UInt8]]) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("Records")
        writer.openArray()
        for (index, record) in records.enumerated() {
            writer.openObject()
            writer.key("eventID")
            writer.string("shardId-000000000000:\(index + 1)")
            writer.key("eventSourceARN")
            writer.string("arn:aws:kinesis:us-east-1:123456789012:stream/concerts")
            writer.key("kinesis")
            writer.openObject()
            writer.key("sequenceNumber")
            writer.string(String(index + 1))
            writer.key("approximateArrivalTimestamp")
            writer.raw("\(1_700_000_000 + index)")
            writer.key("data")
            writer.string(Data(record).base64EncodedString())
            writer.closeObject()
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
        return writer.bytes
    }
}
