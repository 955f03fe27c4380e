import Foundation
import TestSupport
import XCTest

@testable import Processor

/// The final tables equal those of a model that knows only the records, whatever goes wrong.
final class RedshiftChaosTests: WarehouseTestCase {
    /// The expected content of a table by key: name, first arrival, last arrival, sequence number.
    private struct Model {
        struct Row: Equatable {
            var name: String
            var created: Int
            var arrival: Int
            var sequence: Int
        }

        var artists: [String: Row] = [:]
        var venues: [String: Row] = [:]

        mutating func take(_ record: SourceRecord) {
            let path = record.isArtist ? \Model.artists : \Model.venues
            let row = Row(
                name: record.name, created: record.arrival, arrival: record.arrival, sequence: record.sequence)
            guard let stored = self[keyPath: path][record.id] else { return self[keyPath: path][record.id] = row }
            // All records are of one shard.
            guard record.sequence >= stored.sequence else { return }
            self[keyPath: path][record.id] = Row(
                name: record.name, created: stored.created, arrival: record.arrival, sequence: record.sequence)
        }
    }

    private struct SourceRecord {
        var isArtist: Bool
        var id: String
        var name: String
        var arrival: Int
        var sequence: Int

        var text: EventText.Record {
            let name = name.replacingOccurrences(of: "\\", with: "\\\\")
            var record = EventText.Record(
                isArtist
                    ? #"{"artist_id":"\#(id)","name":"\#(name)"}"#
                    : #"{"venue_id":"\#(id)","name":"\#(name)","city":"c","country":"k"}"#, "\(sequence)")
            record.arrival = "\(arrival)"
            return record
        }
    }

    private static let batches = 200

    /// Batches of one shard: sequence numbers increase, arrivals usually do, keys recur.
    private func source(_ random: inout SeededGenerator) -> [[SourceRecord]] {
        var sequence = 95
        var now = 1_794_198_000
        return (0..<Self.batches).map { batch in
            (0..<Int.random(in: 1...25, using: &random)).map { index in
                sequence += Int.random(in: 1...3, using: &random)
                now += Int.random(in: 0...2, using: &random)
                let late = Int.random(in: 0..<20, using: &random) == 0 ? 500 : 0
                return SourceRecord(
                    isArtist: Bool.random(using: &random), id: "k\(Int.random(in: 10..<60, using: &random))",
                    name: "\(batch)/\(index) it's \\ :x", arrival: now - late, sequence: sequence)
            }
        }
    }

    private func addFaults() throws {
        let passing = "1023 DETAIL: Serializable isolation violation on table - 1"
        for (fault, operation, probability) in [
            (Warehouse.Fault.throttle, "*", 0.06), (.internalError, "*", 0.06), (.drop, "*", 0.06), (.lost, "*", 0.08),
            (.fails, "BatchExecuteStatement", 0.06), (.slow, "BatchExecuteStatement", 0.1),
        ] {
            try warehouse.add(
                fault, of: operation, times: -1, probability: probability, message: passing, milliseconds: 40)
        }
    }

    func testTwoHundredBatchesWithFaultsMatchTheModel() async throws {
        var random = SeededGenerator(seed: 20)
        var model = Model()
        let batches = source(&random)
        try addFaults()
        var writer = try writer()
        var (deliveries, kills) = (0, 0)
        for (number, batch) in batches.enumerated() {
            // Old batches are redelivered, as after a reset of the iterator.
            if number % 10 == 9, let old = batches[..<number].randomElement(using: &random) {
                _ = try await write(EventText(old.map(\.text)), by: writer)
            }
            var rest = batch[...]
            while !rest.isEmpty {
                deliveries += 1
                guard deliveries < 2000 else { return XCTFail("no progress") }
                // The poller sometimes halves a failing batch.
                let part = Int.random(in: 0..<4, using: &random) == 0 ? rest.prefix((rest.count + 1) / 2) : rest
                let isKilled = Int.random(in: 0..<4, using: &random) == 0
                let limit = isKilled ? Duration.milliseconds(Int.random(in: 0...60, using: &random)) : .seconds(30)
                let outcomes = try await write(EventText(part.map(\.text)), by: writer, within: limit)
                rest = rest.dropFirst(outcomes.prefix { $0 == .succeeded }.count)
                if isKilled {
                    kills += 1
                    writer = try self.writer()
                }
            }
            for record in batch { model.take(record) }
        }
        print("\(Self.batches) batches in \(deliveries) deliveries, \(kills) killed; \(try warehouse.calls().calls)")
        try assertTable(.artists, is: model.artists)
        try assertTable(.venues, is: model.venues)
    }

    private func assertTable(_ table: WarehouseTable, is expected: [String: Model.Row]) throws {
        let rows = try warehouse.sql(
            """
            SELECT \(table.key), name, EXTRACT(EPOCH FROM created_at)::bigint, EXTRACT(EPOCH FROM updated_at)::bigint, \
            sequence_number FROM concert_dw.\(table.name)
            """)
        XCTAssertEqual(rows.count, expected.count)
        for row in rows {
            let found = Model.Row(
                name: row[1] ?? "", created: Int(row[2] ?? "") ?? 0, arrival: Int(row[3] ?? "") ?? 0,
                sequence: Int(row[4] ?? "") ?? 0)
            XCTAssertEqual(found, expected[row[0] ?? ""], "\(table) \(row[0] ?? "")")
        }
    }
}
