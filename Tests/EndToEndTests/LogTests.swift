import Foundation
import RuntimeServer
import XCTest

/// Tests of the log lines and metrics for CloudWatch.
final class LogTests: BootstrapTestCase {
    private static let metricNames = [
        "RecordsReceived", "RecordsProcessed", "RecordsSkipped", "RecordsDeadLettered", "RecordsFailed",
        "BytesReceived", "IteratorAge", "DecodeTime", "ProcessorTime", "InvocationTime", "ColdStart",
    ]

    func testEveryLogLineIsAnObjectWithTheRequestID() throws {
        let environment = ["AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"]
        try withBootstrap(environment: environment) { server, bootstrap in
            for fixture in try Fixture.all() {
                _ = server.invoke(fixture.event, options: InvocationOptions(requestID: "request-1"))
            }
            let lines = bootstrap.log.split(separator: "\n")
            XCTAssertGreaterThan(lines.count, 100)
            for line in lines {
                let object = try JSONValue(parsing: line.utf8)
                XCTAssertEqual(object["requestId"], "request-1", String(line))
                guard object["_aws"] == .null else { continue }
                XCTAssertNotNil(object["message"].string, String(line))
                let timestamp = try XCTUnwrap(object["timestamp"].string)
                XCTAssertNotNil(
                    timestamp.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z/), "no RFC 3339: \(timestamp)")
            }
        }
    }

    func testBadRecordIsAWarningWithReasonMessageAndSequenceNumber() throws {
        try withBootstrap { server, bootstrap in
            var event = MadeEvent()
            event.append(#"{"artist_id":"a","name":"A","popularity_score":185.0}"#)
            _ = server.invoke(event.bytes, options: InvocationOptions(requestID: "r"))

            let warning = try XCTUnwrap(bootstrap.jsonLines().first { $0["level"] == "WARN" })
            XCTAssertEqual(warning["reason"], "range")
            XCTAssertEqual(warning["sequenceNumber"], .string(MadeEvent.sequenceNumber(0)))
            XCTAssertEqual(warning["requestId"], "r")
            XCTAssertTrue(warning["message"].string?.contains("artist.popularity_score: 185.0") ?? false)
        }
    }

    func testOnlyDebugLinesContainPayloads() throws {
        for level in ["DEBUG", "INFO", ""] {
            try withBootstrap(environment: ["AWS_LAMBDA_LOG_LEVEL": level]) { server, bootstrap in
                var event = MadeEvent()
                event.append(#"{"data_type":"artists","artist_id":"a-1","name":" Secret Name ","genre":["Rock"]}"#)
                _ = server.invoke(event.bytes)
                let line = bootstrap.jsonLines().first { $0["level"] == "DEBUG" && $0["entity"] != .null }

                XCTAssertEqual(bootstrap.log.contains("Secret Name"), level == "DEBUG")
                guard level == "DEBUG" else { return XCTAssertNil(line) }
                XCTAssertEqual(line?["entity"]["artist_id"], "a-1")
                XCTAssertEqual(line?["entity"]["name"], "Secret Name")
                XCTAssertEqual(line?["entity"]["genres"], ["rock"])
                XCTAssertEqual(line?["sequenceNumber"], .string(MadeEvent.sequenceNumber(0)))
            }
        }
    }

    func testLevelsHideWhatIsBelowThem() throws {
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
        for (lowest, level) in levels.enumerated() {
            try withBootstrap(environment: ["AWS_LAMBDA_LOG_LEVEL": level, "METRICS": "off"]) { server, bootstrap in
                _ = server.invoke(try Fixture(named: "bad-middle").event)
                _ = server.invoke(Array("{}".utf8))

                let written = Set(bootstrap.jsonLines().compactMap(\.["level"].string))
                let expected = Set(levels[lowest...]).intersection(["DEBUG", "INFO", "WARN", "ERROR"])
                XCTAssertEqual(written, expected, level)
            }
        }
    }

    func testTextFormatHasOneLinePerEvent() throws {
        let environment = ["AWS_LAMBDA_LOG_FORMAT": "Text", "AWS_LAMBDA_LOG_LEVEL": "DEBUG", "METRICS": "off"]
        try withBootstrap(environment: environment) { server, bootstrap in
            var event = MadeEvent()
            event.append(#"{"artist_id":"a","name":"two\nlines"}"#)
            event.append(#"{"artist_id":"a","name":"A","popularity_score":"1\n2"}"#)
            _ = server.invoke(event.bytes, options: InvocationOptions(requestID: "r-1"))

            let lines = bootstrap.log.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            for line in lines {
                XCTAssertNotNil(line.firstMatch(of: #/^(DEBUG|INFO|WARN) r-1 /#), String(line))
            }
            XCTAssertTrue(lines.contains { $0.hasPrefix("DEBUG") && $0.contains(#"entity={"#) }, bootstrap.log)
            XCTAssertTrue(lines.contains { $0.hasPrefix("WARN") && $0.contains("reason=type") }, bootstrap.log)
        }
    }

    func testMetricsCountTheBatch() throws {
        let environment = ["AWS_LAMBDA_FUNCTION_NAME": "consumer", "AWS_LAMBDA_LOG_LEVEL": "FATAL"]
        try withBootstrap(environment: environment) { server, bootstrap in
            var event = MadeEvent.artists(3)
            event.append(#"{"test":true}"#)
            event.append("[]")
            for _ in 0..<2 { _ = server.invoke(event.bytes, options: InvocationOptions(requestID: "r-1")) }

            let lines = bootstrap.jsonLines()
            XCTAssertEqual(lines.count, 4, "each invocation: one line for the function, one for its processor")
            let function = lines[0]
            let expected = [
                "RecordsReceived": 5, "RecordsProcessed": 3, "RecordsSkipped": 1, "RecordsDeadLettered": 0,
                "RecordsFailed": 1,
            ]
            for (name, value) in expected { XCTAssertEqual(function[name].number, Double(value), name) }
            XCTAssertEqual(lines.map(\.["ColdStart"]), [1, .null, 0, .null])
            XCTAssertGreaterThan(function["BytesReceived"].number ?? 0, 100)
            let directive = try XCTUnwrap(function["_aws"]["CloudWatchMetrics"].elements.first)
            XCTAssertEqual(directive["Namespace"], "ConcertDataProcessor")
            XCTAssertEqual(directive["Dimensions"], [["FunctionName"]])
            XCTAssertEqual(directive["Metrics"].elements.compactMap(\.["Name"].string), Self.metricNames)
            XCTAssertEqual(function["FunctionName"], "consumer")
            for name in Self.metricNames { XCTAssertGreaterThanOrEqual(function[name].number ?? -1, 0, name) }
            let ofProcessor = try XCTUnwrap(lines[1]["_aws"]["CloudWatchMetrics"].elements.first)
            XCTAssertEqual(ofProcessor["Dimensions"], [["FunctionName", "Processor"]])
            XCTAssertEqual(lines[1]["Processor"], "log")
            XCTAssertEqual(lines[1]["ProcessorFailures"], 0)
        }
    }

    func testMetricsLinesContainTheConfiguredLevel() throws {
        for level in ["TRACE", "warn", "FATAL"] {
            try withBootstrap(environment: ["AWS_LAMBDA_LOG_LEVEL": level]) { server, bootstrap in
                try assertServes(server)
                let lines = bootstrap.jsonLines().filter { $0["_aws"] != .null }
                XCTAssertFalse(lines.isEmpty, bootstrap.log)
                for line in lines {
                    XCTAssertEqual(line["level"].string, level.uppercased())
                    XCTAssertEqual(line["timestamp"].string?.count, 24, bootstrap.log)
                }
            }
        }
    }

    func testMetricsWithoutValuesAreOmittedForEmptyBatches() throws {
        try withBootstrap { server, bootstrap in
            _ = server.invoke(try Fixture(named: "empty-batch").event)
            let function = try XCTUnwrap(bootstrap.jsonLines().first { $0["_aws"] != .null })
            XCTAssertEqual(function["RecordsReceived"], 0)
            XCTAssertEqual(function["IteratorAge"], .null)
        }
    }

    func testMetricsCanBeTurnedOff() throws {
        try withBootstrap(environment: ["METRICS": "off"]) { server, bootstrap in
            try assertServes(server)
            XCTAssertFalse(bootstrap.log.contains("_aws"))
        }
    }
}
