import Clients
import Foundation
import Telemetry
import TestSupport
import Transport
import XCTest

@testable import Processor

/// A test with a real Redis server.
class CacheTestCase: XCTestCase {
    private(set) var redis = RedisAccess(.direct)
    let lines = CollectedLines()

    /// Runs `body` with each setup of ``redis``.
    func onEachServer(_ body: () async throws -> Void) async throws {
        for setup in RedisAccess.Setup.allCases {
            redis = RedisAccess(setup)
            lines.removeAll()
            try await body()
        }
    }

    /// - Parameter inSteps: Whether to use the steps for clusters, which also work on a single server.
    func updater(_ client: any RedisCommandRunner, ttl: Int = 0, inSteps: Bool = false) throws -> CacheUpdater {
        let settings = try CacheSettings(environment: [
            "CACHE_URL": "redis://unused", "CACHE_TTL_SECONDS": "\(ttl)", "CACHE_CLUSTER": "\(inSteps)",
        ])
        return CacheUpdater(settings: settings, log: Logger(sink: lines), makeClient: { client })
    }

    @discardableResult
    func write(_ event: EventText, by updater: CacheUpdater, within seconds: Double = 30) async throws -> RecordOutcomes
    {
        try await Self.deliver(event, to: updater, within: seconds)
    }

    static func deliver(
        _ event: EventText, to updater: CacheUpdater, within seconds: Double
    ) async throws -> RecordOutcomes {
        let batch = try RecordBatch(decoding: event)
        var outcomes = RecordOutcomes(count: batch.records.count)
        let context = InvocationContext(
            requestID: "r", functionName: "f", deadline: .now + .seconds(seconds))
        await updater.process(batch, context: context, outcomes: &outcomes)
        return outcomes
    }

    func record(_ payload: String, _ sequence: String, arrival: Int = 100) -> EventText.Record {
        var record = EventText.Record(payload, sequence)
        record.arrival = "\(arrival)"
        return record
    }

    func artist(_ id: String, _ name: String, popularity: Int = 5) -> String {
        #"{"artist_id":"\#(id)","name":"\#(name)","popularity_score":\#(popularity)}"#
    }

    func concert(
        _ id: String, artist: String? = nil, venue: String? = nil, date: String = "2026-12-01T20:00:00",
        status: String = "scheduled"
    ) -> String {
        let links = [artist.map { #""artist_id":"\#($0)","# }, venue.map { #""venue_id":"\#($0)","# }]
        return
            #"{"concert_id":"\#(id)",\#(links.compactMap(\.self).joined())"event_date":"\#(date)","status":"\#(status)"}"#
    }

    /// A document without its version, and the version.
    func document(_ text: String) throws -> (document: [String: Any], version: [String: Any]) {
        var object = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], text)
        let version = try XCTUnwrap(object.removeValue(forKey: "_version") as? [String: Any])
        return (object, version)
    }
}
