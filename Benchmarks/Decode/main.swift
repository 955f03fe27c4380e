import Foundation
import JSON

@testable import Processor

// Prints the median time of each stage for the event of the first argument, in microseconds, as one JSON object; the
// second argument is how often each is measured.

private let arguments = CommandLine.arguments
guard arguments.count == 3, let rounds = Int(arguments[2]), rounds > 0 else {
    print("usage: decode-benchmark EVENT ROUNDS")
    exit(2)
}
private let event = [UInt8](try Data(contentsOf: URL(filePath: arguments[1])))

/// The median of `rounds` runs, in microseconds.
private func median(_ rounds: Int, _ body: () throws -> Void) rethrows -> Double {
    var times: [Duration] = []
    for _ in 0..<rounds {
        let start = ContinuousClock.now
        try body()
        times.append(ContinuousClock.now - start)
    }
    return times.sorted()[rounds / 2] / .microseconds(1)
}

/// What Foundation decodes: the same members of event and record, without any check of their values.
private struct FoundationEvent: Decodable {
    struct Record: Decodable {
        struct Kinesis: Decodable {
            var data: Data
            var sequenceNumber: String
            var partitionKey: String
            var approximateArrivalTimestamp: Double
        }

        var kinesis: Kinesis
    }

    enum CodingKeys: String, CodingKey { case records = "Records" }

    var records: [Record]
}

private struct FoundationPayload: Decodable {
    enum CodingKeys: String, CodingKey {
        case artist = "artist_id", concert = "concert_id", venue = "venue_id", name, genre
        case popularity = "popularity_score", members, date = "event_date", prices = "ticket_prices"
        case attendance = "total_attendance", revenue, status, ingestion = "ingestion_timestamp"
    }

    var artist: String?
    var concert: String?
    var venue: String?
    var name: String?
    var genre: [String]?
    var popularity: Double?
    var members: [String]?
    var date: String?
    var prices: [String: Double]?
    var attendance: Int?
    var revenue: Double?
    var status: String?
    var ingestion: String?
}

// A second array of its own, so that the copy is one of memory.
private var copy = [UInt8](repeating: 0, count: event.count)
private let memory = median(rounds) { copy.replaceSubrange(0..<event.count, with: event) }

private let scan = try median(rounds) {
    var scanner = JSONScanner()
    try scanner.skipValue(in: event.span)
}

private var decoder = EventDecoder()
private var batch = RecordBatch()
private let decode = try median(rounds) {
    try decoder.decode(event, 0..<event.count, into: &batch, deadline: .now + .seconds(3600))
    batch.releaseEvent()
}
guard batch.badRecords.isEmpty else {
    print("error: \(batch.badRecords.count) records are bad")
    exit(1)
}

private let foundation = try median(max(3, rounds / 20)) {
    let decoder = JSONDecoder()
    for record in try decoder.decode(FoundationEvent.self, from: Data(event)).records {
        // It gives up at a text where it wants a number, which is to its advantage.
        _ = try? decoder.decode(FoundationPayload.self, from: record.kinesis.data)
    }
}

private func rounded(_ value: Double) -> String { String(format: "%.1f", value) }

print(
    #"{"records":\#(batch.records.count),"bytes":\#(event.count),"memory_us":\#(rounded(memory)),"scan_us":\#(rounded(scan)),"#
        + #""decode_us":\#(rounded(decode)),"foundation_us":\#(rounded(foundation))}"#)
