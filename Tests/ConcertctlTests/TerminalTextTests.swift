import Basics
import Foundation
import JSON
import TestSupport
import XCTest

@testable import concertctl

/// Tests of escaping for terminals.
final class TerminalTextTests: XCTestCase {
    fileprivate static let hostile =
        "a\u{1B}[2J\u{9B}31m\u{7}\u{0}\u{7F}\u{8}\r\nconcertctl: forged\u{85}\u{202E}\u{2066}\u{200F}\u{61C}\u{2028}z"

    func testEscapesValuesButNotLiterals() {
        let text: TerminalText = "one\n\u{1B}[1mtwo \(Self.hostile)\u{1B}[0m \(1) \(nil as String? as Any)"
        XCTAssertEqual(
            text.text,
            "one\n\u{1B}[1mtwo a\\u{1B}[2J\\u{9B}31m\\u{7}\\u{0}\\u{7F}\\u{8}\\u{D}\\u{A}concertctl: forged\\u{85}\\u{202E}\\u{2066}"
                + "\\u{200F}\\u{61C}\\u{2028}z\u{1B}[0m 1 nil")
        XCTAssertEqual(("\(text)" as TerminalText).text, text.text)
        XCTAssertEqual((text + "x").text, text.text + "x")
    }

    func testKeepsLineEndsAndTabs() {
        XCTAssertEqual(TerminalText.lines("a\tb\n\r\u{1B}c\n\n\u{301}d\n").text, "a\tb\n\\u{D}\\u{1B}c\n\n\u{301}d\n")
        XCTAssertEqual(TerminalText.lines("").text, "")
        // A line end and a following combining mark are one Character.
        XCTAssertEqual(TerminalText.lines("a\r\nb").text, "a\\u{D}\nb")
    }

    func testEscapesJSONAsJSONDoes() throws {
        let value: JSONValue = ["name": .string(Self.hostile), "other\u{9B}": [1, true, .null]]
        for text in [TerminalText.json(value), .jsonLine(value)] {
            XCTAssertEqual(try JSONValue(parsing: Array(text.text.utf8)), value)
            XCTAssertEqual(unsafeScalars(in: text.text), [])
            XCTAssertTrue(text.text.contains("\\u009b31m"), text.text)
        }
    }

    func testStylesEscapeTheirText() {
        let style = TerminalStyle(isColored: true)
        for styled in [
            style.bold("\("\u{1B}x")"), style.red("\("\u{1B}x")"), style.yellow("\("\u{1B}x")"),
            style.cyan("\("\u{1B}x")"),
        ] {
            XCTAssertTrue(styled.text.contains("m\\u{1B}x\u{1B}[0m"), styled.text.debugDescription)
        }
        XCTAssertEqual(TerminalStyle(isColored: false).red("\("\u{1B}x")").text, "\\u{1B}x")
    }

    func testTablesEscapeTheirCells() {
        var table = TextTable(["A", ">B"])
        table.add(["x\ny\u{1B}", "\u{202E}"])
        XCTAssertEqual(table.text, "A                     B\nx\\u{A}y\\u{1B}  \\u{202E}")
        XCTAssertEqual(Help.table([("a\n", "b\u{1B}\nc")]), "  a\\u{A}  b\\u{1B}\\u{A}c")
    }
}

/// Returns the control characters in a text, except line ends.
private func unsafeScalars(in text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { scalar in
        switch scalar.value {
        case 0x0A: false
        case 0..<0x20, 0x7F..<0xA0, 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

/// Tests of commands with hostile texts in all responses.
final class HostileServiceTests: XCTestCase {
    private var fake: StrictAWS!
    private var environment: [String: String] = [:]
    private var folder: TemporaryFolder!

    override func setUpWithError() throws {
        fake = try StrictAWS()
        folder = try TemporaryFolder()
        environment = fake.environment.merging([
            "AWS_KINESIS_STREAM_NAME": "concerts", "AWS_MAX_ATTEMPTS": "1", "REDSHIFT_WORKGROUP_NAME": "w",
            "REDSHIFT_DATABASE": "d",
        ]) { $1 }
        try folder.write(#"{"artist_id":"a1","name":"Nova"}"#, to: "artist.ndjson")
    }

    private static let text = TerminalTextTests.hostile
    private static var json: String { JSONValue.string(text).text }

    private func check(_ words: [String], line: UInt = #line) throws -> Run {
        let run = try Concertctl.run(words, environment: environment, workingDirectory: folder.url, timeLimit: 60)
        for text in [run.output, run.notes] {
            XCTAssertEqual(unsafeScalars(in: text), [], "\(words): \(text.debugDescription)", line: line)
            for row in text.components(separatedBy: "\n") {
                XCTAssertFalse(row.hasPrefix("concertctl: forged"), "\(words): \(text)", line: line)
            }
        }
        if words.contains("json") {
            // A tail prints one object per line.
            let documents = words.contains("tail") ? run.output.components(separatedBy: "\n") : [run.output]
            for document in documents where !document.isEmpty {
                XCTAssertNoThrow(try JSONValue(parsing: Array(document.utf8)), "\(words)", line: line)
            }
        }
        return run
    }

    func testShowsNamesEscaped() throws {
        let json = Self.json
        let summary = """
            {"StreamName":\(json),"StreamARN":\(json),"StreamStatus":"ACTIVE","StreamModeDetails":{"StreamMode":"PROVISIONED"},\
            "RetentionPeriodHours":24,"StreamCreationTimestamp":1,"EnhancedMonitoring":[{"ShardLevelMetrics":[\(json)]}],\
            "EncryptionType":"KMS","KeyId":\(json),"OpenShardCount":1,"ConsumerCount":1}
            """
        try fake.answer(
            "ListStreams", with: #"{"StreamNames":[\#(json)],"StreamSummaries":[\#(summary)],"HasMoreStreams":false}"#)
        try fake.answer("DescribeStreamSummary", with: #"{"StreamDescriptionSummary":\#(summary)}"#)
        try fake.answer(
            "ListShards",
            with:
                #"{"Shards":[{"ShardId":\#(json),"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},"SequenceNumberRange":{"StartingSequenceNumber":\#(json)}}]}"#
        )
        try fake.answer("ListTagsForStream", with: #"{"Tags":[{"Key":\#(json),"Value":\#(json)}],"HasMoreTags":false}"#)
        try fake.answer(
            "ListStreamConsumers",
            with:
                #"{"Consumers":[{"ConsumerName":\#(json),"ConsumerARN":\#(json),"ConsumerStatus":\#(json),"ConsumerCreationTimestamp":1}]}"#
        )
        try fake.answer("GetShardIterator", with: #"{"ShardIterator":"AAAA"}"#)
        let payload = Data(#"{"artist_id":"\u001b[2J","name":"\u009b\n\u202e"}"#.utf8).base64EncodedString()
        let bad = Data("\u{1B}]0;title\u{7}\u{202E}".utf8).base64EncodedString()
        let records = [payload, bad, "!"].map {
            #"{"SequenceNumber":\#(json),"PartitionKey":\#(json),"ApproximateArrivalTimestamp":1,"Data":"\#($0)"}"#
        }
        try fake.answer("GetRecords", with: #"{"Records":[\#(records.joined(separator: ","))],"MillisBehindLatest":0}"#)
        try fake.answer(
            "PutRecords",
            with: #"{"FailedRecordCount":1,"Records":[{"ErrorCode":\#(json),"ErrorMessage":\#(json)}]}"#)
        let mapping = """
            {"UUID":\(json),"FunctionArn":\(json),"EventSourceArn":"arn:aws:kinesis:us-east-1:123456789012:stream/concerts",\
            "State":\(json),"StateTransitionReason":\(json),"LastProcessingResult":\(json),\(json):\(json),\
            "FilterCriteria":{"Filters":[{"Pattern":\(json)}]},"FunctionResponseTypes":[\(json)]}
            """
        try fake.answer(
            "ListEventSourceMappings", with: #"{"EventSourceMappings":[\#(mapping)]}"#, contentType: "application/json")
        try fake.answer("GetEventSourceMapping", with: mapping, contentType: "application/json")
        try fake.answer("UpdateEventSourceMapping", with: mapping, contentType: "application/json")
        try fake.answer("AddTagsToStream", with: "{}")
        let commands: [(words: [String], shows: Bool)] = [
            (["stream", "list"], true), (["stream", "describe"], true), (["stream", "tag", "--tags", "A=b"], true),
            (["stream", "consumer", "list"], true),
            (["stream", "tail", "--no-follow", "--from", "TRIM_HORIZON"], true),
            (["mapping", "list"], true), (["mapping", "show", "--uuid", "u"], true), (["doctor"], true),
            (["stream", "metrics"], false),
            (["stream", "put", "artist.ndjson"], true), (["mapping", "enable", "--uuid", "u"], true),
            (["stream", "retention", "24"], false), (["stream", "delete", "--yes"], true),
        ]
        for (words, shows) in commands {
            let run = try check(words)
            if shows {
                XCTAssertTrue((run.output + run.notes).contains("\\u{1B}[2J"), "\(words): \(run.output)\(run.notes)")
            }
            let both = try check(words + ["--output", "json"])
            if shows {
                XCTAssertTrue(
                    (both.output + both.notes).contains("\\u001b[2J") || both.notes.contains("\\u{1B}[2J"),
                    "\(words): \(both.output)\(both.notes)")
            }
        }
    }

    func testShowsErrorsEscaped() throws {
        let commands = [
            ["stream", "list"], ["stream", "describe"], ["stream", "setup"], ["stream", "put", "artist.ndjson"],
            ["stream", "tail"], ["stream", "metrics"], ["stream", "scale", "--target-shard-count", "2"],
            ["stream", "retention", "48"],
            ["stream", "mode", "--stream-mode", "ON_DEMAND"], ["stream", "encrypt"],
            ["stream", "monitor", "--enable", "ALL"], ["stream", "tag", "--tags", "A=b"],
            ["stream", "consumer", "register", "--consumer-name", "c"], ["stream", "delete", "--yes"],
            ["mapping", "create"],
            ["mapping", "list"], ["mapping", "show"], ["mapping", "update", "--uuid", "u", "--batch-size", "1"],
            ["mapping", "enable", "--uuid", "u"], ["mapping", "disable", "--uuid", "u"],
            ["mapping", "delete", "--uuid", "u", "--yes"], ["doctor"], ["warehouse", "init"], ["warehouse", "status"],
            ["dead-letters", "list", "--queue-url", "\(fake.url)/123456789012/letters"],
            ["dead-letters", "show", "--bucket", "letters"], ["dead-letters", "replay", "--bucket", "letters"],
            ["replay", "--from-stream", "concerts"],
        ]
        let bodies = [
            #"{"__type":"Hostile\u001b[2JException\u009b","message":\#(Self.json),"Message":\#(Self.json)}"#,
            "<html>\u{1B}[2J\u{9B}\r\nconcertctl: forged\u{202E}</html>",
            "<ErrorResponse><Error><Code>Hostile&#27;[2J</Code><Message>&#27;[2J&#10;concertctl: forged</Message></Error></ErrorResponse>",
        ]
        for body in bodies {
            try fake.reset()
            try fake.answer("*", with: body, status: 400)
            for words in commands {
                let run = try check(words)
                XCTAssertEqual(run.status, 1, "\(words): \(run.output)\(run.notes)")
            }
        }
    }

    func testShowsFilesAndRecordsEscaped() throws {
        let name = "letter\u{1B}[2J\u{202E}.json"
        let letter: JSONValue = [
            "reason": "refused\u{1B}[2J", "message": .string(Self.text), "stream": .string(Self.text),
            "shard": .string(Self.text),
            "sequence_number": .string(Self.text), "partition_key": .string(Self.text), "arrival": .string(Self.text),
            "request_id": .string(Self.text), "function": .string(Self.text),
            "data": .string(Data(Self.text.utf8).base64EncodedString()),
        ]
        try folder.write(letter.text, to: name)
        try folder.write("\u{1B}[2J\u{9B}\u{202E}\n{\"artist_id\":\"\\u001b\"}\n", to: "bad\u{1B}[2J.ndjson")
        for words in [
            ["dead-letters", "list", name], ["dead-letters", "show", name], ["dead-letters", "replay", name],
            ["dead-letters", "replay", name, "--dry-run"], ["replay", "bad\u{1B}[2J.ndjson"],
            ["replay", "missing\u{1B}[2J\n"],
            ["replay", "bad\u{1B}[2J.ndjson", "--retries", "0"], ["replay", "--\u{1B}[2J"], ["\u{1B}[2J\n"],
            ["stream", "\u{9B}"], ["stream", "put", "bad\u{1B}[2J.ndjson"],
            ["stream", "describe", "--stream-name", "\u{1B}[2J"],
            ["cost", "--records-per-day", "\u{202E}", "--bytes-per-record", "1"], ["completion", "\u{1B}"],
        ] {
            _ = try check(words)
        }
    }
}
