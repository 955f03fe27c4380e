import XCTest

@testable import Processor

final class BatchOutcomeTests: XCTestCase {
    private static let failed = RecordOutcome.retryable(reason: "throttled")
    private static let rejected = RecordOutcome.rejected(PayloadError(.range, "m"))

    /// A case: the outcomes of each processor, and the expected checkpoint.
    private struct Case {
        var name: String
        /// By processor, then by record.
        var processors: [[RecordOutcome]]
        var optional: Set<Int> = []
        var failure: String?
        var rejections: [Int]
        var line: UInt

        init(
            _ name: String, _ processors: [[RecordOutcome]], optional: Set<Int> = [], failure: String?,
            rejections: [Int] = [], line: UInt = #line
        ) {
            (self.name, self.processors, self.optional, self.failure) = (name, processors, optional, failure)
            (self.rejections, self.line) = (rejections, line)
        }
    }

    /// Sequence numbers of different lengths, which are not in order.
    private static let numbers = ["100", "99", "9", "101"]

    func testCheckpointIsTheLowestFailedSequenceNumber() throws {
        let (good, failed, rejected) = (RecordOutcome.succeeded, Self.failed, Self.rejected)
        let cases = [
            Case("no processors", [], failure: nil),
            Case("all good", [[good, good, good, good]], failure: nil),
            Case("the first", [[failed, good, good, good]], failure: "100"),
            Case("all: the shortest number is the lowest", [[failed, failed, failed, failed]], failure: "9"),
            Case("99 is below 100", [[failed, failed, good, good]], failure: "99"),
            Case("100 is below 101", [[failed, good, good, failed]], failure: "100"),
            Case("two disagree", [[good, good, good, failed], [good, failed, good, good]], failure: "99"),
            Case("a rejection alone is not a failure", [[rejected, good, good, good]], failure: nil, rejections: [0]),
            Case(
                "a retry outranks a rejection", [[rejected, good, good, good], [failed, good, good, good]],
                failure: "100"),
            Case(
                "in any order of processors", [[failed, good, good, good], [rejected, good, good, good]], failure: "100"
            ),
            Case(
                "rejected by two", [[good, rejected, good, good], [good, rejected, good, good]], failure: nil,
                rejections: [1]),
            Case(
                "an optional one fails", [[good, good, good, good], [failed, failed, failed, failed]], optional: [1],
                failure: nil),
            Case("only optional ones", [[failed, rejected, good, good]], optional: [0], failure: nil),
            Case(
                "an optional one rejects", [[good, good, good, good], [rejected, good, good, good]], optional: [1],
                failure: nil),
            Case(
                "failed and rejected apart", [[rejected, good, rejected, failed]], failure: "101", rejections: [0, 2]),
        ]
        let batch = try RecordBatch(decoding: EventText(Self.numbers.map { .init(Sample.artist("a"), $0) }))
        for row in cases {
            let reports = row.processors.enumerated().map { index, outcomes in
                report(outcomes, isRequired: !row.optional.contains(index))
            }
            let outcome = BatchOutcome(batch, reports: reports)
            let found = outcome.checkpoint.map { batch.sequenceNumber(ofSource: $0).digits }
            XCTAssertEqual(found, row.failure, row.name, line: row.line)
            XCTAssertEqual(outcome.rejections.map { Int($0.position.source) }, row.rejections, row.name, line: row.line)
        }
    }

    func testFirstProcessorsRejectionReasonIsUsed() throws {
        let batch = try RecordBatch(decoding: EventText([.init(Sample.concert, "1")]))
        let reports = ["one", "two"].map { report([.rejected(PayloadError(.range, $0))], isRequired: true) }
        XCTAssertEqual(BatchOutcome(batch, reports: reports).rejections.map(\.error.message), ["one"])
    }

    func testRejectionsAreInShardOrder() throws {
        let aggregate = Aggregate(
            keys: ["k"], [Sample.nameless, Sample.venue, "not json"].map { (0, Array($0.utf8)) })
        let batch = try RecordBatch(
            decoding: EventText([
                .init(Sample.artist("a"), "1"), .init(Sample.nameless, "2"), .init(bytes: aggregate.bytes, "3"),
                .init(base64: "!", "4"), .init(Sample.sale, "5"),
            ]))
        let outcome = BatchOutcome(
            batch, reports: [report(Array(repeating: Self.rejected, count: 3), isRequired: true)])
        let found = outcome.rejections.map { "\($0.position.source).\($0.position.subSequenceNumber ?? -1)" }
        XCTAssertEqual(found, ["0.-1", "1.-1", "2.0", "2.1", "2.2", "3.-1", "4.-1"])
        XCTAssertEqual(
            outcome.rejections.map(\.error.reason), [.range, .missing, .missing, .range, .json, .base64, .range])
    }

    func testRecordsBeforeTheCheckpointAreAcknowledged() throws {
        let batch = try RecordBatch(decoding: EventText(Self.numbers.map { .init(Sample.artist("a"), $0) }))
        var outcome = BatchOutcome(batch, reports: [])
        XCTAssertEqual((0..<4).map { outcome.isAcknowledged($0, in: batch) }, [true, true, true, true])
        outcome.moveCheckpoint(backTo: 0, in: batch)
        XCTAssertEqual((0..<4).map { outcome.isAcknowledged($0, in: batch) }, [false, true, true, false])
        outcome.moveCheckpoint(backTo: 3, in: batch)
        XCTAssertEqual(outcome.checkpoint, 0)
        outcome.moveCheckpoint(backTo: 2, in: batch)
        XCTAssertEqual((0..<4).map { outcome.isAcknowledged($0, in: batch) }, [false, false, false, false])
    }

    func testRecordsWithEqualSequenceNumbersAreAcknowledgedTogether() throws {
        let batch = try RecordBatch(
            decoding: EventText([.init(Sample.artist("a"), "7"), .init(Sample.artist("b"), "7")]))
        for index in 0...1 {
            var outcome = BatchOutcome(batch, reports: [])
            outcome.moveCheckpoint(backTo: index, in: batch)
            XCTAssertEqual(
                (0...1).map { outcome.isAcknowledged($0, in: batch) }, [false, false], "record \(index) failed")
        }
    }

    func testWindowStateIsReturnedUnchanged() throws {
        let cases: [(before: String, expected: String, line: UInt)] = [
            (#""window":{},"state":{"a":[1, 2]},"#, #"{"state":{"a":[1, 2]},"batchItemFailures":[]}"#, #line),
            (
                #""state":{"a":"\u00e9"},"window":{"start":"x"},"#, #"{"state":{"a":"\u00e9"},"batchItemFailures":[]}"#,
                #line
            ),
            (#""window":{},"#, #"{"state":{},"batchItemFailures":[]}"#, #line),
            (#""window":{},"state":5,"#, #"{"state":{},"batchItemFailures":[]}"#, #line),
            (#""state":{"a":1},"#, #"{"batchItemFailures":[]}"#, #line),
            (#""window":null,"state":{"a":1},"#, #"{"batchItemFailures":[]}"#, #line),
        ]
        for (before, expected, line) in cases {
            let batch = try RecordBatch(decoding: EventText([.init(Sample.venue, "1")], before: before))
            var response = Array("kept ".utf8)
            BatchResponse.write(BatchOutcome(batch, reports: []), of: batch, to: &response)
            XCTAssertEqual(String(decoding: response, as: UTF8.self), "kept " + expected, before, line: line)
        }
    }

    private func report(_ outcomes: [RecordOutcome], isRequired: Bool) -> Dispatcher.Report {
        var result = RecordOutcomes(count: outcomes.count)
        for (index, outcome) in outcomes.enumerated() { result[index] = outcome }
        return Dispatcher.Report(name: "p", isRequired: isRequired, outcomes: result, duration: .zero)
    }
}
