import Basics
import Foundation
import Telemetry
import XCTest

/// Tests of the lines against CloudWatch's rules.
///
/// Source:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
final class EmbeddedMetricsTests: XCTestCase {
    func testLineHasItsMembersInOrder() {
        var metrics = EmbeddedMetrics(
            namespace: "Space", dimensions: ["FunctionName": "f", "Processor": "log"],
            figures: ["Time": .milliseconds, "Left": .count, "Records": .count, "Size": .bytes],
            level: .warn)
        var line = Array("before\n".utf8)
        metrics.append(
            to: &line, at: WallClock(millisecondsSinceEpoch: 1_794_198_257_237), requestID: "r-1", [1.25, nil, 3, 0])
        let figures =
            #"{"Name":"Time","Unit":"Milliseconds"},{"Name":"Records","Unit":"Count"},{"Name":"Size","Unit":"Bytes"}"#
        let directive =
            #"{"Namespace":"Space","Dimensions":[["FunctionName","Processor"]],"Metrics":[\#(figures)]}"#
        let expected =
            #"{"_aws":{"Timestamp":1794198257237,"CloudWatchMetrics":[\#(directive)]},"#
            + #""FunctionName":"f","Processor":"log","level":"WARN","timestamp":"2026-11-09T04:24:17.237Z","#
            + #""requestId":"r-1","Time":1.25,"Records":3,"Size":0}"#
        XCTAssertEqual(String(decoding: line, as: UTF8.self), "before\n" + expected + "\n")
    }

    func testUnusualNamesFollowTheSpecification() throws {
        let names = ["plain", "quo\"te", "new\nline", "é🎸", "back\\slash", String(repeating: "x", count: 250)]
        for name in names {
            var metrics = EmbeddedMetrics(
                namespace: "N", dimensions: ["D": name],
                figures: ["Count": .count, "Bytes": .bytes, "Milliseconds": .milliseconds])
            var bytes: [UInt8] = []
            metrics.append(to: &bytes, at: WallClock(millisecondsSinceEpoch: 5), requestID: name, [1.5, 1.5, 1.5])
            let line = String(decoding: bytes, as: UTF8.self)
            XCTAssertTrue(line.isOneLine, line.debugDescription)
            try checkSpecification(line)
        }
    }

    func testEveryLineIncludesTheConfiguredLevel() throws {
        for level in Logger.Level.allCases {
            var metrics = EmbeddedMetrics(
                namespace: "N", dimensions: ["D": "d"], figures: ["A": .count, "B": .count], level: level)
            for values: [Double?] in [[1, nil], [1, nil], [1, 2], [nil, nil]] {
                var bytes: [UInt8] = []
                metrics.append(
                    to: &bytes, at: WallClock(millisecondsSinceEpoch: 86_400_001), requestID: "r", values)
                let root = try XCTUnwrap(String(decoding: bytes, as: UTF8.self).object)
                XCTAssertEqual(root["level"] as? String, level.name)
                XCTAssertEqual(root["timestamp"] as? String, "1970-01-02T00:00:00.001Z")
            }
        }
    }

    func testEachLineHasItsOwnTimestamp() throws {
        var metrics = EmbeddedMetrics(namespace: "N", dimensions: ["D": "d"], figures: ["A": .count])
        let times: [Int64] = [
            1_794_198_257_237, 1_794_198_257_005, 1_794_198_257_999, 1_794_198_258_000, 1_794_198_257_999, 0, 7, 999,
            1000,
            -1, -999, -1000, 5,
        ]
        for milliseconds in times {
            let time = WallClock(millisecondsSinceEpoch: milliseconds)
            var bytes: [UInt8] = []
            metrics.append(to: &bytes, at: time, requestID: "r", [1])
            let root = try XCTUnwrap(String(decoding: bytes, as: UTF8.self).object)
            XCTAssertEqual(root["timestamp"] as? String, time.iso8601)
            XCTAssertEqual(root["requestId"] as? String, "r")
        }
    }

    func testOmitsMetricsWithoutAValue() throws {
        var metrics = EmbeddedMetrics(
            namespace: "N", dimensions: ["D": "d"],
            figures: ["Absent": .count, "NotANumber": .count, "Infinite": .count, "There": .count])
        var bytes: [UInt8] = []
        metrics.append(to: &bytes, at: WallClock(millisecondsSinceEpoch: 5), requestID: "r", [nil, .nan, .infinity, 1])
        let line = String(decoding: bytes, as: UTF8.self)
        XCTAssertEqual(Set(try checkSpecification(line)), ["There"])
        let keys = Set(try XCTUnwrap(line.object?.allKeys as? [String]))
        XCTAssertEqual(keys, ["_aws", "D", "level", "timestamp", "requestId", "There"])
    }

    func testEachLineDefinesOnlyItsOwnMetrics() throws {
        var metrics = EmbeddedMetrics(
            namespace: "N", dimensions: ["D": "d"], figures: ["A": .count, "B": .bytes, "C": .milliseconds])
        let lines: [[Double?]] = [[1, nil, 3], [1, 2, 3], [1, 2, 3], [nil, nil, nil], [nil, 2, nil], [1, nil, 3]]
        for values in lines {
            var bytes: [UInt8] = []
            metrics.append(to: &bytes, at: WallClock(millisecondsSinceEpoch: 5), requestID: "r", values)
            let expected = zip(["A", "B", "C"], values).compactMap { $1 == nil ? nil : $0 }
            XCTAssertEqual(try checkSpecification(String(decoding: bytes, as: UTF8.self)), expected)
        }
    }

    /// Fails the test unless CloudWatch would accept `line`.
    ///
    /// - Returns: The names of the metrics.
    @discardableResult
    private func checkSpecification(_ line: String, row: UInt = #line) throws -> [String] {
        let root = try XCTUnwrap(line.object, line, line: row)
        let metadata = try XCTUnwrap(root["_aws"] as? NSDictionary, line, line: row)
        XCTAssertNotNil(metadata["Timestamp"] as? Int64, line, line: row)
        let directives = try XCTUnwrap(metadata["CloudWatchMetrics"] as? [NSDictionary], line, line: row)
        XCTAssertEqual(directives.count, 1, line, line: row)
        let directive = try XCTUnwrap(directives.first, line, line: row)
        XCTAssertNotNil(directive["Namespace"] as? String, line, line: row)
        let dimensions = try XCTUnwrap(directive["Dimensions"] as? [[String]], line, line: row)
        for dimension in dimensions.joined() {
            XCTAssertNotNil(root[dimension] as? String, "dimension \(dimension) has no text: \(line)", line: row)
        }
        let metrics = try XCTUnwrap(directive["Metrics"] as? [[String: String]], line, line: row)
        for metric in metrics {
            let name = try XCTUnwrap(metric["Name"], line, line: row)
            XCTAssertNotNil(root[name] as? Double, "metric \(name) has no number: \(line)", line: row)
            XCTAssertTrue(["Count", "Bytes", "Milliseconds"].contains(metric["Unit"]), line, line: row)
        }
        return metrics.compactMap { $0["Name"] }
    }
}

extension EmbeddedMetrics {
    fileprivate mutating func append(to line: inout [UInt8], at time: WallClock, requestID: String, _ values: [Double?])
    {
        append(to: &line, at: time, requestID: requestID, values.span)
    }
}
