import Foundation
import Telemetry
import TestSupport
import XCTest

@testable import Processor

final class PipelineTests: XCTestCase {
    func testRejectionWithoutADeadLetterSinkFails() throws {
        var pipeline = TestPipeline()
        let event = EventText([.init(Sample.venue, "1"), .init(Sample.nameless, "2"), .init(Sample.venue, "3")])
        let (response, report) = try pipeline.respond(to: event)
        XCTAssertEqual(response, TestPipeline.failure("2"))
        XCTAssertEqual(report.checkpoint?.digits, "2")
        XCTAssertEqual([BatchReport.Disposition.processed, .failed, .deadLettered].map(report.total), [2, 1, 0])
    }

    /// A case: the behavior of processors and the dead-letter sink, and the expected result.
    private struct Case {
        var name: String
        var outcomes: [Int: RecordOutcome] = [:]
        var refused: Set<String> = []
        var answers = Int.max
        var response: String
        var letters: [String]
        var deadLettered: Int
        var line: UInt

        init(
            _ name: String, outcomes: [Int: RecordOutcome] = [:], refused: Set<String> = [], answers: Int = .max,
            response: String, letters: [String], deadLettered: Int, line: UInt = #line
        ) {
            (self.name, self.outcomes, self.refused, self.answers) = (name, outcomes, refused, answers)
            (self.response, self.letters, self.deadLettered, self.line) = (response, letters, deadLettered, line)
        }
    }

    func testRejectionsBeforeTheCheckpointAreDeadLettered() async throws {
        // Bad records: 2 and 4. Records for the processor: 1, 3 and 5.
        let event = EventText([
            .init(Sample.venue, "1"), .init(Sample.nameless, "2"), .init(Sample.venue, "3"), .init("not json", "4"),
            .init(Sample.venue, "5"),
        ])
        let (failed, rejected) = (
            RecordOutcome.retryable(reason: "r"), RecordOutcome.rejected(PayloadError(.range, "m"))
        )
        let success = TestPipeline.success
        let cases = [
            Case("all taken", response: success, letters: ["2", "4"], deadLettered: 2),
            Case(
                "the last fails", outcomes: [2: failed], response: TestPipeline.failure("5"), letters: ["2", "4"],
                deadLettered: 2),
            Case(
                "the middle fails", outcomes: [1: failed], response: TestPipeline.failure("3"), letters: ["2"],
                deadLettered: 1),
            Case(
                "the first fails", outcomes: [0: failed], response: TestPipeline.failure("1"), letters: [],
                deadLettered: 0),
            Case(
                "a processor rejects", outcomes: [1: rejected], response: success, letters: ["2", "3", "4"],
                deadLettered: 3),
            Case(
                "the sink refuses one", refused: ["4"], response: TestPipeline.failure("4"), letters: ["2"],
                deadLettered: 1),
            Case(
                "the sink refuses the first", refused: ["2"], response: TestPipeline.failure("2"), letters: ["4"],
                deadLettered: 1),
            Case(
                "it refuses all", refused: ["2", "4"], response: TestPipeline.failure("2"), letters: [], deadLettered: 0
            ),
            Case(
                "it has time for one only", answers: 1, response: TestPipeline.failure("4"), letters: ["2"],
                deadLettered: 1),
            Case(
                "it has time for none", answers: 0, response: TestPipeline.failure("2"), letters: [],
                deadLettered: 0),
            Case(
                "refused behind a failure", outcomes: [1: failed], refused: ["4"], response: TestPipeline.failure("3"),
                letters: ["2"], deadLettered: 1),
        ]
        for row in cases {
            let sink = FakeDeadLetterSink(refusing: row.refused, answers: row.answers)
            var pipeline = TestPipeline([ScriptedProcessor(outcomes: row.outcomes)], deadLetters: sink)
            let (response, report) = try pipeline.respond(to: event)
            XCTAssertEqual(response, row.response, row.name, line: row.line)
            let letters = await sink.sequenceNumbers
            XCTAssertEqual(letters, row.letters, row.name, line: row.line)
            XCTAssertEqual(report.total(.deadLettered), row.deadLettered, row.name, line: row.line)
            XCTAssertEqual(report.total, 5, row.name, line: row.line)
        }
    }

    func testOneLineIsLoggedForEachBadRecord() throws {
        let secret = "4111-1111"
        let event = EventText([
            .init(#"{"sale_id":"s","customer_id":"\#(secret)","concert_id":"c"}"#, "1"), .init(Sample.venue, "2"),
            .init("not json \(secret)", "3"), .init(base64: "!", "4"),
        ])
        var pipeline = TestPipeline()
        _ = try pipeline.respond(to: event)
        let lines = pipeline.logLines.objects.filter { $0["level"] as? String == "WARN" }
        XCTAssertEqual(lines.map { $0["reason"] as? String }, ["missing", "json", "base64"])
        XCTAssertEqual(lines.map { $0["sequenceNumber"] as? String }, ["1", "3", "4"])
        XCTAssertEqual(
            lines.map { $0["message"] as? String },
            [
                "bad record: ticket_sale.ticket_tier: is missing, and required",
                "bad record: data is not JSON: expected null at offset 0",
                "bad record: data is not base64 of the standard alphabet with padding",
            ])
        XCTAssertEqual(lines.map { $0["requestId"] as? String }, ["request-1", "request-1", "request-1"])
        XCTAssertFalse(pipeline.logLines.all.contains { $0.contains(secret) }, "\(pipeline.logLines.all)")
    }

    func testMoreThanAHundredBadRecordsAreCountedByReason() throws {
        let bad = [Sample.nameless, "not json", #"{"artist_id":"a","name":5}"#]
        for count in [99, 100, 101, 5000] {
            let texts = (0..<count).map { Array(bad[$0 % 3].utf8) }
            var pipeline = TestPipeline()
            _ = try pipeline.respond(
                to: EventText([
                    .init(bytes: Aggregate(keys: ["k"], texts.prefix(40).map { (0, $0) }).bytes, "7"),
                    .init(bytes: Aggregate(keys: ["k"], texts.dropFirst(40).map { (0, $0) }).bytes, "8"),
                ]))
            let lines = pipeline.logLines.objects.filter { $0["level"] as? String == "WARN" }
            XCTAssertEqual(lines.count, min(count, 100) + (count > 100 ? 1 : 0))
            XCTAssertEqual(lines.count { $0["reason"] != nil }, min(count, 100))
            guard count > 100 else { continue }
            let last = try XCTUnwrap(lines.last)
            XCTAssertEqual(last["records"] as? Int, count - 100)
            // The hundredth record was the first of three with its reason.
            let reasons = ["json", "type", "missing"].enumerated().compactMap { index, reason in
                (count - 100 + 2 - index) / 3 > 0 ? (reason, (count - 100 + 2 - index) / 3) : nil
            }
            XCTAssertEqual(last["reasons"] as? [String: Int], Dictionary(uniqueKeysWithValues: reasons))
        }
    }

    func testDeadLettersAreWrittenInParts() async throws {
        let texts = (0..<2500).map { _ in Array(Sample.nameless.utf8) }
        let aggregate = Aggregate(keys: ["k"], texts.map { (0, $0) })
        let event = EventText([
            .init(bytes: aggregate.bytes, "7"), .init(Sample.nameless, "8"), .init(Sample.venue, "9"),
        ])
        let sink = FakeDeadLetterSink()
        var pipeline = TestPipeline(deadLetters: sink)
        let (response, report) = try pipeline.respond(to: event)
        XCTAssertEqual(response, TestPipeline.success)
        XCTAssertEqual(report.total(.deadLettered), 2501)
        let keys = await sink.keys
        XCTAssertEqual(Set(keys).count, 2501)
        XCTAssertEqual(keys.first, "dead-letters/concerts/shardId-000000000007/7-0.json")
        XCTAssertEqual(keys.suffix(2).map { $0.split(separator: "/").last }, ["7-2499.json", "8.json"])

        // Letters after a part that was not written are redelivered with it, and not written now.
        let refusing = FakeDeadLetterSink(refusing: ["7"])
        var failing = TestPipeline(deadLetters: refusing)
        XCTAssertEqual(try failing.respond(to: event).response, TestPipeline.failure("7"))
        let written = await refusing.sequenceNumbers
        XCTAssertEqual(written, [])
    }

    func testLogLineOfAUserRecordContainsItsIndex() throws {
        let aggregate = Aggregate(keys: ["k"], [Sample.venue, Sample.nameless].map { (0, Array($0.utf8)) })
        var pipeline = TestPipeline()
        _ = try pipeline.respond(to: EventText([.init(bytes: aggregate.bytes, "7"), .init(Sample.nameless, "8")]))
        let lines = pipeline.logLines.objects.filter { $0["reason"] != nil }
        XCTAssertEqual(lines.map { $0["sequenceNumber"] as? String }, ["7", "8"])
        XCTAssertEqual(lines.map { $0["subSequenceNumber"] as? Int }, [1, nil])
    }

    func testUnwrittenLettersAreLogged() throws {
        var pipeline = TestPipeline(deadLetters: FakeDeadLetterSink(refusing: ["1", "3"]))
        let event = EventText((1...3).map { .init(Sample.nameless, "\($0)") })
        XCTAssertEqual(try pipeline.respond(to: event).response, TestPipeline.failure("1"))
        let line = try XCTUnwrap(pipeline.logLines.objects.first { $0["level"] as? String == "ERROR" })
        XCTAssertEqual(line["message"] as? String, "dead letters could not be written")
        XCTAssertEqual(line["records"] as? Int, 2)
        XCTAssertEqual(line["reason"] as? String, "refused")
    }

    func testLettersUnwrittenAtTheDeadlineFail() throws {
        var pipeline = TestPipeline(deadLetters: WaitingDeadLetterSink(takenFirst: 1))
        pipeline.context.deadline = .now
        let event = EventText((1...3).map { .init(Sample.nameless, "\($0)") })
        let (response, report) = try pipeline.respond(to: event)
        XCTAssertEqual(response, TestPipeline.failure("2"))
        XCTAssertEqual([BatchReport.Disposition.deadLettered, .failed].map(report.total), [1, 2])
    }

    func testFailedProcessorIsLoggedOnce() throws {
        let failed = RecordOutcome.retryable(reason: "throttled")
        let processors: [any RecordProcessor] = [
            ScriptedProcessor(name: "good"), ScriptedProcessor(name: "bad", outcome: failed),
            ScriptedProcessor(name: "optional", outcomes: [1: failed]),
        ]
        var pipeline = TestPipeline(processors, optional: ["optional"])
        let event = EventText((1...3).map { .init(Sample.venue, "\($0)") })
        XCTAssertEqual(try pipeline.respond(to: event).response, TestPipeline.failure("1"))
        let found = pipeline.logLines.objects.map { line in
            ["level", "message", "processor", "records", "reason"].map { "\(line[$0] ?? "none")" }.joined(
                separator: " ")
        }
        XCTAssertEqual(
            found, ["ERROR processor failed bad 3 throttled", "WARN processor failed optional 1 throttled"])
    }

    func testOptionalProcessorFailuresDoNotBlockTheShard() async throws {
        let rejected = RecordOutcome.rejected(PayloadError(.range, "artist.name: too long"))
        let processors: [any RecordProcessor] = [
            ScriptedProcessor(name: "good"), ScriptedProcessor(name: "optional", outcomes: [1: rejected]),
        ]
        let sink = FakeDeadLetterSink()
        var pipeline = TestPipeline(processors, optional: ["optional"], deadLetters: sink)
        let event = EventText((1...3).map { .init(Sample.venue, "\($0)") })
        XCTAssertEqual(try pipeline.respond(to: event).response, TestPipeline.success)
        let letters = await sink.sequenceNumbers
        XCTAssertEqual(letters, [])
        let line = try XCTUnwrap(pipeline.logLines.objects.first)
        XCTAssertEqual(line["level"] as? String, "WARN")
        XCTAssertEqual(line["processor"] as? String, "optional")
        XCTAssertEqual(line["records"] as? Int, 1)
        XCTAssertEqual(line["reason"] as? String, "artist.name: too long")
        let failures = pipeline.metricLines.objects.compactMap { $0["ProcessorFailures"] as? Int }
        XCTAssertEqual(failures, [0, 1])
    }

    func testPipelineContinuesAfterAnInvalidEvent() throws {
        var pipeline = TestPipeline()
        let good = EventText([.init(Sample.artist("a"), "1"), .init(Sample.nameless, "2")]).bytes
        for cut in [0, 1, good.count / 2, good.count - 1] {
            XCTAssertThrowsError(try pipeline.respond(to: Array(good[..<cut])), "cut at \(cut)")
            XCTAssertEqual(try pipeline.respond(to: good).response, TestPipeline.failure("2"))
        }
    }

    func testReadsTheEventAtAnyOffsetInTheBuffer() throws {
        let event = EventText([.init(Sample.nameless, "77")], before: #""window":{},"state":{"k":1},"#).bytes
        var pipeline = TestPipeline()
        let buffer = Array("HTTP head ".utf8) + event + Array(" tail".utf8)
        var response: [UInt8] = []
        _ = try pipeline.pipeline.respond(to: buffer, 10..<10 + event.count, context: pipeline.context, into: &response)
        XCTAssertEqual(
            String(decoding: response, as: UTF8.self),
            #"{"state":{"k":1},"batchItemFailures":[{"itemIdentifier":"77"}]}"#)
    }

    func testPipelineHandlesAThousandInvocations() throws {
        var generator = SeededGenerator(seed: 30)
        var pipeline = TestPipeline(level: .error)
        for round in 0..<1000 {
            let count = Int.random(in: 0...20, using: &generator)
            let bad = Int.random(in: 0...40, using: &generator)
            let records = (0..<count).map { index in
                EventText.Record(
                    index == bad ? Sample.nameless : Sample.artist(String(repeating: "a", count: round % 97 + 1)),
                    "\(index + 5)")
            }
            let (response, report) = try pipeline.respond(to: EventText(records))
            let expected = bad < count ? TestPipeline.failure("\(bad + 5)") : TestPipeline.success
            XCTAssertEqual(response, expected, "round \(round)")
            XCTAssertEqual(report.total, count, "round \(round)")
        }
        XCTAssertEqual(pipeline.metricLines.all.count, 2000)
    }
}
