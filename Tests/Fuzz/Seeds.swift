import Foundation
import JSON

@testable import Processor

/// The first inputs of each target, created from the fixtures, so that they have the current format.
enum Seeds {
    /// Writes a folder of inputs into `folder` for each target that uses the fixtures.
    static func write(to folder: String) throws {
        let fixtures = try FileManager.default.contentsOfDirectory(atPath: "Fixtures/kinesis")
            .filter { $0.hasSuffix(".event.json") }.sorted()
        var count = 0
        func add(_ bytes: [UInt8], _ target: String) throws {
            let destination = URL(filePath: folder).appending(path: target)
            try FileManager.default.createDirectory(at: destination, withIntermediateDirectories: true)
            try Data(bytes).write(to: destination.appending(path: "fixture-\(count)"))
            count += 1
        }
        for fixture in fixtures {
            let event = [UInt8](try Data(contentsOf: URL(filePath: "Fixtures/kinesis/" + fixture)))
            guard event.count < 32_768 else { continue }
            try add(event, "event")
            for text in dataTexts(of: event) {
                try add(Array(text.utf8), "base64")
                guard let data = Data(base64Encoded: text).map({ [UInt8]($0) }) else { continue }
                try add(data, data.starts(with: [0x1F, 0x8B]) ? "gzip" : "payload")
                if Aggregation.isAggregate(data.span), data.count > 20 {
                    try add(Array(data[4..<(data.count - 16)]), "kpl")
                }
                if (try? JSONValue(parsing: data)) != nil {
                    try add(data, "json")
                    try add([0xFF] + data, "processors")
                    try add([0x80] + data + data, "processors")
                }
            }
        }
    }

    private static func dataTexts(of event: [UInt8]) -> [String] {
        guard let records = (try? JSONValue(parsing: event))?["Records"]?.array else { return [] }
        return records.compactMap { $0["kinesis"]?["data"]?.string }
    }
}
