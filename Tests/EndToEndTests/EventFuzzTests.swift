import Foundation
import RuntimeServer
import TestSupport
import XCTest

/// Tests with mutated events: each returns a response or an error, and the process continues.
final class EventFuzzTests: BootstrapTestCase {
    private static let rounds = 3000
    private static let words = [
        "\"", "{", "}", "[", "]", ",", ":", "null", "true", "-1", "1e999", "\\u0000", "\\ud800", "\"data\"",
        "\"kinesis\"", "\"Records\"", "\u{FF}", "\u{0}",
        "H4sIAAAA", "84mawg==", "\"sequenceNumber\":\"1\"", "[[[[[[[[[[",
    ].map { Array($0.utf8) }

    func testMutatedEventsReturnAResponseOrAnError() throws {
        let fixtures = try Fixture.all().filter { $0.event.count < 60_000 }
        var random = SeededGenerator(seed: 0xC0FFEE)
        var responses = 0
        try withBootstrap(environment: ["METRICS": "off", "AWS_LAMBDA_LOG_LEVEL": "FATAL"]) { server, bootstrap in
            for round in 0..<Self.rounds {
                let event = Self.mutate(fixtures[round % fixtures.count].event, with: &random)
                switch server.invoke(event) {
                case .response(let body, _):
                    responses += 1
                    let failures = try JSONValue(parsing: body)["batchItemFailures"]
                    guard case .array(let items) = failures, items.count <= 1 else {
                        return XCTFail("round \(round): \(String(decoding: body, as: UTF8.self))")
                    }
                    for item in items { XCTAssertNotEqual(item["itemIdentifier"].string ?? "", "", "round \(round)") }
                case .error("Runtime.InvalidEvent", let body, _):
                    XCTAssertEqual(try JSONValue(parsing: body)["errorType"], "Runtime.InvalidEvent")
                case let answer:
                    let folder = FileManager.default.temporaryDirectory
                    let saved = folder.appendingPathComponent("fuzz-\(round).event.json")
                    try Data(event).write(to: saved)
                    return XCTFail("round \(round): \(summary(of: answer)); the event is in \(saved.path)")
                }
            }
            XCTAssertTrue(bootstrap.isRunning)
            XCTAssertTrue((300..<2900).contains(responses), "\(responses) responses: the mutations are unsuitable")
            try assertServes(server)
        }
    }

    /// Returns the event with one to four changes, most of them inside records.
    private static func mutate(_ bytes: [UInt8], with random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let offset = Int.random(in: 0..<bytes.count, using: &random)
            let piece = offset..<min(bytes.count, offset + Int.random(in: 1...64, using: &random))
            switch Int.random(in: 0..<12, using: &random) {
            case 0: bytes[offset] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.removeSubrange(piece)
            case 2: bytes.insert(contentsOf: bytes[piece], at: offset)
            case 3: bytes.insert(contentsOf: words.randomElement(using: &random) ?? [], at: offset)
            case 4: bytes.removeSubrange(offset...)
            // Most of an event is base64, and replacing a letter by another one keeps it valid.
            default: bytes[offset] = bytes.randomElement(using: &random) ?? 0
            }
        }
        return bytes
    }
}
