import Foundation
import Poller
import TestSupport

/// A stream of entities that change repeatedly, and of bad records, with the expected results.
struct ChaosStream: Sendable {
    static let shards = 4

    /// The newest version of an entity.
    struct Version: Equatable {
        var name: String
        var sequence: String
        /// The arrivals of the newest and of the first version, in milliseconds.
        var arrival: Int64
        var created: Int64
    }

    enum Kind: String, CaseIterable { case artist, concert, venue, sale }

    /// By kind and ID.
    private(set) var newest: [Kind: [String: Version]] = [:]
    /// Base64 of bad records' data, by sequence number.
    private(set) var bad: [String: String] = [:]
    private var random: SeededGenerator
    private var made = 0
    private let total: Int
    private let gzips: @Sendable ([UInt8]) -> [UInt8]

    /// - Parameter gzip: Makes gzip data.
    init(total: Int, seed: UInt64, gzip: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        (self.total, random, gzips) = (total, SeededGenerator(seed: seed), gzip)
    }

    var isDone: Bool { made == total }

    /// The next record and its shard.
    mutating func next() -> (shard: Int, record: PolledRecord) {
        made += 1
        // The numbers are as long as those of Kinesis, and increase by more than one.
        let sequence = "4966" + String(repeating: "0", count: 40) + String(100_000_000_000 + made * 7)
        let arrival = 1_794_198_000_000 + Int64(made)
        let kind = Kind.allCases[Int.random(in: 0..<4, using: &random)]
        // Each entity occurs about four times.
        let id = "\(kind.rawValue)-\(Int.random(in: 0..<max(1, total / 16), using: &random))"
        let isBad = Int.random(in: 0..<80, using: &random) == 0
        var data = isBad ? badData(kind, id) : Array(Self.payload(kind, id, name: "v\(made) \u{e9}\"\\ $1").utf8)
        if !isBad, Int.random(in: 0..<10, using: &random) == 0 { data = gzips(data) }
        let text = Data(data).base64EncodedString()
        let shard = HashKey.shard(of: id, among: Self.shards)
        if isBad { bad[sequence] = text } else { note(kind, id, sequence, arrival) }
        return (shard, Self.record(text, key: id, sequence: sequence, arrival: arrival, shard: shard))
    }

    private mutating func note(_ kind: Kind, _ id: String, _ sequence: String, _ arrival: Int64) {
        let created = newest[kind]?[id]?.created ?? arrival
        newest[kind, default: [:]][id] = Version(
            name: "v\(made) \u{e9}\"\\ $1", sequence: sequence, arrival: arrival, created: created)
    }

    private static func payload(_ kind: Kind, _ id: String, name: String) -> String {
        let name = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let number = Int(id.drop { $0 != "-" }.dropFirst()) ?? 0
        return switch kind {
        case .artist: #"{"artist_id":"\#(id)","name":"\#(name)","popularity_score":\#(number % 100)}"#
        case .concert:
            #"{"concert_id":"\#(id)","artist_id":"artist-\#(number)","venue_id":"venue-\#(number)","name":"\#(name)","#
                + #""event_date":"2027-01-01T20:00:00Z","ticket_prices":{"vip":\#(number)}}"#
        case .venue: #"{"venue_id":"\#(id)","name":"\#(name)","location":{"city":"Bern","country":"CH"}}"#
        case .sale:
            #"{"sale_id":"\#(id)","concert_id":"concert-\#(number)","customer_id":"\#(name)","ticket_tier":"vip","quantity":1,"#
                + #""unit_price":5.5,"total_price":5.5,"purchase_timestamp":"2026-01-02T03:04:05Z"}"#
        }
    }

    /// Returns data that violates a rule; the number makes it unique.
    private mutating func badData(_ kind: Kind, _ id: String) -> [UInt8] {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return Array("no JSON \(made)".utf8)
        case 1: return Array(#"{"artist_id":"\#(id)","made":\#(made)}"#.utf8)
        case 2: return Array(#"{"venue_id":"\#(id)","name":[7],"made":\#(made),"city":"c","country":"k"}"#.utf8)
        case 3: return [0xFF, 0xFE] + Array("\(made)".utf8)
        case 4: return gzips(Array(Self.payload(kind, id, name: "\(made)").utf8)).dropLast(5)
        default: return [0xF3, 0x89, 0x9A, 0xC2] + Array("an aggregate that is none \(made)".utf8)
        }
    }

    private static func record(
        _ data: String, key: String, sequence: String, arrival: Int64, shard: Int
    ) -> PolledRecord {
        let name = shardName(shard)
        let seconds = "\(arrival / 1000).\(String(1000 + arrival % 1000).dropFirst())"
        let json =
            #"{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"\#(key)","sequenceNumber":"\#(sequence)","#
            + #""data":"\#(data)","approximateArrivalTimestamp":\#(seconds)},"eventSource":"aws:kinesis","#
            + #""eventVersion":"1.0","eventID":"\#(name):\#(sequence)","eventName":"aws:kinesis:record","#
            + #""awsRegion":"us-east-1","eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/concerts"}"#
        return PolledRecord(sequenceNumber: sequence, partitionKey: key, arrival: arrival, json: Array(json.utf8))
    }

    static func shardName(_ shard: Int) -> String { String(format: "shardId-%012d", shard) }
}
