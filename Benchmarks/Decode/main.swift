import Foundation
import JSON

@testable import Processor

// Prints the median time of each stage for the event of the first argument, in microseconds, as one JSON object; the
// second argument is the number of repetitions.

private let arguments = CommandLine.arguments
guard arguments.count == 3, let rounds = Int(arguments[2]), rounds > 0 else {
    print("usage: decode-benchmark EVENT ROUNDS")
    exit(2)
}
private let event = [UInt8](try Data(contentsOf: URL(filePath: arguments[1])))

/// Returns the median of `rounds` runs, in microseconds.
private func median(_ rounds: Int, _ body: () throws -> Void) rethrows -> Double {
    var times: [Duration] = []
    for _ in 0..<rounds {
        let start = ContinuousClock.now
        try body()
        times.append(ContinuousClock.now - start)
    }
    return times.sorted()[rounds / 2] / .microseconds(1)
}

// A second array, so that the copy is a copy of memory.
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

// Both decode every record: skipping some would be an unfair advantage.
private let foundation = try median(max(3, rounds / 20)) {
    let decoder = JSONDecoder()
    for record in try decoder.decode(FoundationEvent.self, from: Data(event)).records {
        _ = try decoder.decode(FoundationPayload.self, from: record.kinesis.data)
    }
}

private func rounded(_ value: Double) -> String { String(format: "%.1f", value) }

print(
    #"{"records":\#(batch.records.count),"bytes":\#(event.count),"memory_us":\#(rounded(memory)),"scan_us":\#(rounded(scan)),"#
        + #""decode_us":\#(rounded(decode)),"foundation_us":\#(rounded(foundation))}"#)
