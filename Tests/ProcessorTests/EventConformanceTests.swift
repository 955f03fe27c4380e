import Foundation
import Telemetry
import XCTest

@testable import Processor

/// The pipeline against whole events, in `Conformance/events.json` and in the fixture pairs.
final class EventConformanceTests: XCTestCase {
    func testAnswersEveryEventAsTheRulesSay() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Conformance/events.json")
        let cases = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [[String: Any]])
        XCTAssertGreaterThan(cases.count, 200)
        var pipeline = Pipeline.logging
        for row in cases {
            let name = try XCTUnwrap(row["name"] as? String)
            let answer = pipeline.answer(to: try Self.event(of: row))
            if let type = row["errorType"] as? String {
                XCTAssertEqual(type, EventError.errorType, name)
                if case .success(let response) = answer { XCTFail("\(name): answered \(response)") }
                continue
            }
            switch answer {
            case .failure(let error): XCTFail("\(name): \(error)")
            case .success(let response): XCTAssertEqual(response, row["response"] as? NSDictionary, name)
            }
        }
    }

    func testAnswersEveryFixtureWithItsResponse() throws {
        let folder = Repository.root.appending(path: "Fixtures/kinesis")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".event.json") }.map { $0.dropLast(".event.json".count) }.sorted()
        XCTAssertGreaterThan(names.count, 30)
        var pipeline = Pipeline.logging
        for name in names {
            let event = try Data(contentsOf: folder.appending(path: "\(name).event.json"))
            let response = try Data(contentsOf: folder.appending(path: "\(name).response.json"))
            let expected = try XCTUnwrap(JSONSerialization.jsonObject(with: response) as? NSDictionary, String(name))
            switch pipeline.answer(to: event) {
            case .failure(let error): XCTFail("\(name): \(error)")
            case .success(let answer): XCTAssertEqual(answer, expected, String(name))
            }
        }
    }

    private static func event(of row: [String: Any]) throws -> Data {
        if let text = row["eventText"] as? String { return Data(text.utf8) }
        if let base64 = row["eventBase64"] as? String { return try XCTUnwrap(Data(base64Encoded: base64)) }
        return try JSONSerialization.data(withJSONObject: try XCTUnwrap(row["event"]), options: .fragmentsAllowed)
    }
}

/// Where the repository's files are.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
}

/// Forgets every line.
struct NullSink: LineSink {
    func write(_ lines: [UInt8]) {}
}

extension Pipeline {
    /// The default pipeline of `bootstrap`, without log lines.
    static var logging: Pipeline {
        let log = Logger(level: .debug, sink: NullSink())
        return Pipeline(
            dispatcher: Dispatcher([LogProcessor(log: log)]), log: log,
            metrics: InvocationMetrics(functionName: "test", sink: NullSink()))
    }

    /// The response, parsed.
    mutating func answer(to event: Data) -> Result<NSDictionary, EventError> {
        let context = InvocationContext(
            requestID: "request-1", functionName: "test", deadline: .now + .seconds(60))
        var response: [UInt8] = []
        do throws(EventError) {
            _ = try respond(to: Array(event), 0..<event.count, context: context, into: &response)
        } catch {
            return .failure(error)
        }
        let parsed = try? JSONSerialization.jsonObject(with: Data(response)) as? NSDictionary
        return .success(parsed ?? ["unreadable": String(decoding: response, as: UTF8.self)])
    }
}
