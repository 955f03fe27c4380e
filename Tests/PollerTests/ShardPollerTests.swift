import JSON
import XCTest

@testable import Poller

final class ShardPollerTests: XCTestCase {
    private static func record(_ number: Int, key: String = "k", arrival: Int64 = 0) -> PolledRecord {
        PolledRecord(
            sequenceNumber: "\(number)", partitionKey: key, arrival: arrival, json: Array(#"{"n":\#(number)}"#.utf8))
    }

    /// Drives `poller` until it is done; the function fails on `poison`, and reports it as an item failure unless it
    /// throws.
    private func drive(
        _ poller: inout ShardPoller, poison: Set<String>, throwing: Bool = false, limit: Int = 10_000
    ) -> (batches: [[String]], discarded: [[String]]) {
        var batches: [[String]] = []
        var discarded: [[String]] = []
        for _ in 0..<limit {
            guard let batch = poller.next(now: 0) else { break }
            let numbers = batch.records.map(\.sequenceNumber)
            batches.append(numbers)
            let failed = numbers.first { poison.contains($0) }
            if throwing, failed != nil {
                poller.end(batch, .failed(reason: "thrown"))
            } else {
                poller.end(batch, .answered(failures: failed.map { [$0] } ?? []))
            }
            discarded += poller.takeDiscarded().map { $0.batch.records.map(\.sequenceNumber) }
        }
        return (batches, discarded)
    }

    func testRecordsAreDeliveredInOrderInFullBatches() {
        var settings = PollerSettings()
        settings.batchSize = 3
        var poller = ShardPoller("s", settings: settings)
        for number in 1...7 { poller.add(Self.record(number)) }
        let (batches, discarded) = drive(&poller, poison: [])
        XCTAssertEqual(batches, [["1", "2", "3"], ["4", "5", "6"], ["7"]])
        XCTAssertEqual(discarded, [])
        XCTAssertTrue(poller.isDone)
    }

    func testBatchSizeIsWithinThePayloadLimit() {
        var settings = PollerSettings()
        settings.batchBytes = 20
        var poller = ShardPoller("s", settings: settings)
        for number in 1...3 { poller.add(Self.record(number)) }
        poller.add(
            PolledRecord(sequenceNumber: "4", partitionKey: "k", arrival: 0, json: Array(repeating: 32, count: 99)))
        XCTAssertEqual(drive(&poller, poison: []).batches, [["1", "2"], ["3"], ["4"]])
    }

    func testFailuresAreComparedByteByByte() {
        // The lowest of several failures counts; a similar but unknown sequence number fails the whole batch.
        let cases: [(failures: [String], next: [String])] = [
            (["3", "2", "2", "3"], ["2", "\u{E9}", "3"]), (["\u{E9}"], ["\u{E9}", "3"]),
            (["e\u{301}"], ["1", "2", "\u{E9}", "3"]), (["3", "4"], ["1", "2", "\u{E9}", "3"]),
            ([""], ["1", "2", "\u{E9}", "3"]), (Array(repeating: "3", count: 50_000), ["3"]),
        ]
        for row in cases {
            var poller = ShardPoller("s", settings: PollerSettings())
            for sequence in ["1", "2", "\u{E9}", "3"] {
                poller.add(PolledRecord(sequenceNumber: sequence, partitionKey: "k", arrival: 0, json: []))
            }
            guard let batch = poller.next(now: 0) else { return XCTFail("no batch") }
            poller.end(batch, .answered(failures: row.failures))
            XCTAssertEqual(poller.next(now: 0)?.records.map(\.sequenceNumber), row.next, "\(row.failures.prefix(4))")
        }
    }

    func testPartialResponseMovesTheCheckpoint() {
        var settings = PollerSettings()
        settings.maximumRetryAttempts = 2
        var poller = ShardPoller("s", settings: settings)
        for number in 1...4 { poller.add(Self.record(number)) }
        let (batches, discarded) = drive(&poller, poison: ["3"])
        XCTAssertEqual(batches, [["1", "2", "3", "4"], ["3", "4"], ["3", "4"]])
        XCTAssertEqual(discarded, [["3", "4"]], "without bisection the valid record is discarded with the failing one")
    }

    func testBisectionIsolatesTheFailingRecord() {
        for throwing in [false, true] {
            for poison in [["1"], ["100"], ["37"], ["1", "2", "3"], ["10", "50", "51", "99"]] {
                var settings = PollerSettings()
                (settings.bisects, settings.maximumRetryAttempts) = (true, 3)
                var poller = ShardPoller("s", settings: settings)
                for number in 1...100 { poller.add(Self.record(number)) }
                let (batches, discarded) = drive(&poller, poison: Set(poison), throwing: throwing)
                XCTAssertEqual(discarded, poison.map { [$0] }, "throwing: \(throwing)")
                XCTAssertTrue(poller.isDone)
                // Four attempts of each poisonous record alone; every record was delivered.
                for number in poison { XCTAssertEqual(batches.count { $0 == [number] }, 4) }
                XCTAssertEqual(Set(batches.joined()), Set((1...100).map(String.init)))
            }
        }
    }

    func testWithoutLimitAFailingRecordBlocksTheShard() {
        var poller = ShardPoller("s", settings: PollerSettings())
        for number in 1...2 { poller.add(Self.record(number)) }
        let (batches, discarded) = drive(&poller, poison: ["1"], limit: 50)
        XCTAssertEqual(batches.count, 50)
        XCTAssertEqual(discarded, [])
        XCTAssertFalse(poller.isDone)
    }

    func testUnknownSequenceNumberFailsTheWholeBatch() throws {
        for failures in [["99"], ["2", "99"], [""]] {
            var poller = ShardPoller("s", settings: PollerSettings())
            for number in 1...3 { poller.add(Self.record(number)) }
            let batch = try XCTUnwrap(poller.next(now: 0))
            poller.end(batch, .answered(failures: failures))
            XCTAssertEqual(poller.next(now: 0)?.records.count, 3)
        }
        var poller = ShardPoller("s", settings: PollerSettings())
        for number in 1...3 { poller.add(Self.record(number)) }
        poller.end(try XCTUnwrap(poller.next(now: 0)), .answered(failures: ["3", "2"]))
        XCTAssertEqual(poller.next(now: 0)?.records.map(\.sequenceNumber), ["2", "3"], "the lowest counts")
    }

    func testOldRecordsAreDiscarded() {
        var settings = PollerSettings()
        settings.maximumRecordAge = 1000
        var poller = ShardPoller("s", settings: settings)
        for number in 1...4 { poller.add(Self.record(number, arrival: Int64(number) * 1000)) }
        let batch = poller.next(now: 3500)
        XCTAssertEqual(batch?.records.map(\.sequenceNumber), ["3", "4"])
        let discarded = poller.takeDiscarded()
        XCTAssertEqual(discarded.map(\.condition), [.recordAgeExceeded])
        XCTAssertEqual(discarded.first?.batch.records.map(\.sequenceNumber), ["1", "2"])
        XCTAssertEqual(discarded.first?.invocations, 0)
    }

    func testLanesRunConcurrentlyAndKeysStayInOrder() {
        var settings = PollerSettings()
        (settings.parallelizationFactor, settings.batchSize) = (4, 2)
        var poller = ShardPoller("s", settings: settings)
        for number in 1...40 { poller.add(Self.record(number, key: "k\(number % 8)")) }
        var seen: [String: [Int]] = [:]
        while !poller.isDone {
            var underWay: [PolledBatch] = []
            while let batch = poller.next(now: 0) { underWay.append(batch) }
            XCTAssertFalse(underWay.isEmpty)
            XCTAssertLessThanOrEqual(underWay.count, 4)
            let keys = underWay.map { Set($0.records.map(\.partitionKey)) }
            XCTAssertEqual(keys.reduce(0) { $0 + $1.count }, keys.reduce(into: Set()) { $0.formUnion($1) }.count)
            for batch in underWay.reversed() {
                for record in batch.records {
                    seen[record.partitionKey, default: []].append(Int(record.sequenceNumber) ?? 0)
                }
                poller.end(batch, .answered(failures: []))
            }
        }
        XCTAssertEqual(seen.values.reduce(0) { $0 + $1.count }, 40)
        for numbers in seen.values { XCTAssertEqual(numbers, numbers.sorted()) }
    }

    func testKeysAreAssignedToShardsAsInKinesis() {
        // The MD5 of "a" begins with 0cc1, that of "b" with 92eb, that of "c" with 4a8a.
        XCTAssertEqual(["a", "b", "c"].map { HashKey.shard(of: $0, among: 2) }, [0, 1, 0])
        XCTAssertEqual(["a", "b", "c"].map { HashKey.shard(of: $0, among: 4) }, [0, 2, 1])
        XCTAssertEqual(HashKey.shard(of: "", among: 1), 0)
    }

    func testFailureDocumentContainsTheRange() throws {
        var settings = PollerSettings()
        settings.maximumRetryAttempts = 0
        var poller = ShardPoller("shardId-0", settings: settings)
        for number in 5...6 { poller.add(Self.record(number, arrival: 7)) }
        poller.end(try XCTUnwrap(poller.next(now: 0)), .failed(reason: "x"))
        let discarded = try XCTUnwrap(poller.takeDiscarded().first)
        let bytes = FailureDocument.bytes(
            discarded, streamARN: "arn:s", functionARN: "arn:f", requestID: "r", time: "t", arrival: { "at \($0)" })
        let document = try JSONValue(parsing: bytes)
        XCTAssertEqual(document["requestContext"]?["condition"], "RetryAttemptsExhausted")
        XCTAssertEqual(document["requestContext"]?["approximateInvokeCount"], 1)
        XCTAssertEqual(document["KinesisBatchInfo"]?["startSequenceNumber"], "5")
        XCTAssertEqual(document["KinesisBatchInfo"]?["endSequenceNumber"], "6")
        XCTAssertEqual(document["KinesisBatchInfo"]?["approximateArrivalOfLastRecord"], "at 7")
        XCTAssertEqual(document["payload"], #"{"Records":[{"n":5},{"n":6}]}"#)
    }

    /// Drives `poller` to its end and returns a description of each invocation's window.
    private func windows(_ poller: inout ShardPoller, answer: (PolledBatch) -> InvocationResult) throws -> [String] {
        var found: [String] = []
        while let batch = poller.next(now: 0) {
            let event = try JSONValue(parsing: batch.event)
            let window = try XCTUnwrap(event["window"])
            let (start, end) = (window["start"]?.string ?? "", window["end"]?.string ?? "")
            let numbers = (event["Records"]?.array ?? []).compactMap { $0["n"]?.integer }
            found.append(
                "\(start.suffix(6)) \(end.suffix(6)) \(numbers) \(event["state"]?.text ?? "")"
                    + (event["isFinalInvokeForWindow"] == true ? " final" : "")
                    + (event["isWindowTerminatedEarly"] == true ? " early" : ""))
            poller.end(batch, answer(batch))
        }
        return found
    }

    func testWindowsPassTheirStateAndEndWithAFinalInvocation() throws {
        var settings = PollerSettings()
        settings.tumblingWindow = 10_000
        settings.batchSize = 2
        var poller = ShardPoller("s", streamARN: "arn", settings: settings)
        for (number, arrival) in [(1, 0), (2, 9_999), (3, 5_000), (4, 10_000), (5, 31_000)] as [(Int, Int64)] {
            poller.add(Self.record(number, arrival: arrival))
        }
        var count = 0
        let first = try windows(&poller) { _ in
            count += 1
            return .answered(failures: [], state: Array("{\"n\":\(count)}".utf8))
        }
        XCTAssertEqual(
            first,
            [
                "00:00Z 00:10Z [1, 2] {}", "00:00Z 00:10Z [3] {\"n\":1}", "00:00Z 00:10Z [] {\"n\":2} final",
                "00:10Z 00:20Z [4] {}", "00:10Z 00:20Z [] {\"n\":4} final", "00:30Z 00:40Z [5] {}",
            ])
        // More records may arrive in the last window until the shard ends.
        XCTAssertFalse(poller.isDone)
        poller.close()
        let last = try windows(&poller) { _ in .answered(failures: [], state: Array("[]".utf8)) }
        XCTAssertEqual(last, ["00:30Z 00:40Z [] {\"n\":6} final"])
        XCTAssertTrue(poller.isDone)
        XCTAssertEqual(
            poller.takeClosedWindows().map { String(decoding: $0.state, as: UTF8.self) },
            ["{\"n\":3}", "{\"n\":5}", "[]"])
    }

    func testResponseWithoutStateFailsAndKeepsThePreviousState() throws {
        var settings = PollerSettings()
        settings.tumblingWindow = 1000
        settings.maximumRetryAttempts = 1
        var poller = ShardPoller("s", settings: settings)
        for number in 1...2 { poller.add(Self.record(number, arrival: 7)) }
        poller.close()
        var count = 0
        let found = try windows(&poller) { batch in
            count += 1
            if count == 1 { return .answered(failures: ["2"], state: Array("1".utf8)) }
            return .answered(failures: [])
        }
        XCTAssertEqual(
            found.map { $0.dropFirst(14) }, ["[1, 2] {}", "[2] 1", "[] 1 final", "[] 1 final"])
        XCTAssertEqual(poller.takeDiscarded().map(\.batch.records.count), [1, 0])
        XCTAssertTrue(poller.isDone)
    }

    func testStateThatIsTooLargeEndsTheWindowEarly() throws {
        var settings = PollerSettings()
        settings.tumblingWindow = 1000
        settings.batchSize = 1
        var poller = ShardPoller("s", settings: settings)
        for number in 1...2 { poller.add(Self.record(number, arrival: 7)) }
        poller.close()
        let large = [UInt8(ascii: "\"")] + Array(repeating: UInt8(ascii: "x"), count: 1 << 20) + [UInt8(ascii: "\"")]
        let found = try windows(&poller) { batch in
            .answered(
                failures: [],
                state: batch.window?.isFinal != true && batch.records[0].sequenceNumber == "1"
                    ? large : Array("{}".utf8))
        }
        XCTAssertEqual(
            found.map { $0.filter { $0 != "x" }.dropFirst(14) },
            ["[1] {}", "[] \"\" final early", "[2] {}", "[] {} final"])
    }

    func testBatchContainsRecordsOfItsBatchingWindow() {
        var settings = PollerSettings()
        settings.batchingWindow = 5000
        var poller = ShardPoller("s", settings: settings)
        for (number, arrival) in [(1, 0), (2, 5000), (3, 5001), (4, 10_002)] as [(Int, Int64)] {
            poller.add(Self.record(number, arrival: arrival))
        }
        XCTAssertEqual(drive(&poller, poison: []).batches, [["1", "2"], ["3"], ["4"]])
    }
}
