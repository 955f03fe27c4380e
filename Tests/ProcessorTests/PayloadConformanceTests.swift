import Foundation
import JSON
import XCTest

@testable import Processor

/// The decoder compared with the cases in `Conformance/payloads.json`, one for each rule.
final class PayloadConformanceTests: XCTestCase {
    /// The expected result of one record; with several user records, of each of them.
    private typealias Expectation = [String: Any]

    func testDecodesEveryConformanceCase() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Conformance/payloads.json")
        let cases = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [Expectation])
        XCTAssertGreaterThan(cases.count, 2000)
        var decoder = EventDecoder()
        var batch = RecordBatch()
        for row in cases {
            let name = try XCTUnwrap(row["name"] as? String)
            try decoder.decode(record: Self.data(of: row), into: &batch)
            for problem in Self.problems(of: batch, expected: row) { XCTFail("\(name): \(problem)") }
        }
    }

    private static func data(of row: Expectation) throws -> Data {
        if let text = row["data"] as? String { return Data(text.utf8) }
        let base64 = try XCTUnwrap(row["dataBase64"] as? String)
        return try XCTUnwrap(Data(base64Encoded: base64))
    }

    /// Returns the differences between the decoded and the expected values.
    private static func problems(of batch: RecordBatch, expected row: Expectation) -> [String] {
        let expectations = row["records"] as? [Expectation] ?? [row]
        guard batch.recordCount == expectations.count else {
            return ["\(batch.recordCount) records; expected \(expectations.count)"]
        }
        var skipped = 0
        var problems: [String] = []
        for (index, expected) in expectations.enumerated() {
            let isHere: (RecordPosition) -> Bool = { row["records"] == nil || $0.subSequenceNumber == Int32(index) }
            let record = batch.records.first { isHere($0.position) }
            let bad = batch.badRecords.first { isHere($0.position) }
            if expected["skipped"] != nil {
                skipped += 1
                if let bad { problems.append("refused: \(bad.error)") }
                if record != nil { problems.append("taken for a payload") }
            } else if let entity = expected["entity"] as? Expectation {
                problems += Self.problems(of: record, bad, in: batch, expected: entity)
            } else if let refusal = expected["bad"] as? Expectation {
                problems += Self.problems(of: bad, expected: refusal)
            } else {
                problems.append("the case expects nothing")
            }
        }
        if batch.testRecords != skipped { problems.append("\(batch.testRecords) tests; expected \(skipped)") }
        return problems
    }

    private static func problems(
        of record: EntityRecord?, _ bad: RejectedRecord?, in batch: RecordBatch, expected: Expectation
    ) -> [String] {
        guard let record else { return ["refused: \(bad.map { "\($0.error)" } ?? "no record")"] }
        guard batch.catalog[record.kind].name == expected["kind"] as? String else {
            return ["kind \(batch.catalog[record.kind].name); expected \(expected["kind"] ?? "none")"]
        }
        let bytes = batch.document(of: record)
        // Foundation removes U+FEFF from the start of a string, unless it is escaped.
        let text = String(decoding: bytes, as: UTF8.self).replacing("\u{FEFF}", with: "\\ufeff")
        guard let document = try? JSONSerialization.jsonObject(with: Data(text.utf8)), let wanted = expected["document"]
        else { return ["no document: \(text)"] }
        return isEqual(document, wanted) ? [] : ["\(text); expected \(wanted)"]
    }

    /// Foundation parses a number as an integer, a double or a decimal, which never compare equal.
    private static func isEqual(_ left: Any, _ right: Any) -> Bool {
        switch (left, right) {
        case (let left as [String: Any], let right as [String: Any]):
            left.count == right.count
                && left.allSatisfy { key, value in right[key].map { isEqual(value, $0) } ?? false }
        case (let left as [Any], let right as [Any]):
            left.count == right.count && zip(left, right).allSatisfy { isEqual($0, $1) }
        case (let left as NSNumber, let right as NSNumber):
            left == right || abs(left.doubleValue - right.doubleValue) <= abs(right.doubleValue).ulp
        case (let left as String, let right as String): left.unicodeScalars.elementsEqual(right.unicodeScalars)
        default: false
        }
    }

    private static func problems(of bad: RejectedRecord?, expected: Expectation) -> [String] {
        guard let error = bad?.error else { return ["accepted"] }
        guard error.reason.rawValue == expected["reason"] as? String else {
            return ["\(error); expected \(expected["reason"] ?? "none")"]
        }
        let parts = expected["messageContains"] as? [String] ?? []
        let unwanted = expected["messageLacks"] as? [String] ?? []
        return parts.filter { !error.message.contains($0) }.map { "\(error.message); expected \($0) in it" }
            + unwanted.filter { error.message.contains($0) }.map { "\(error.message); expected no \($0) in it" }
    }
}

extension EventDecoder {
    /// Decodes an event with one record that contains `data`.
    mutating func decode(record data: Data, into batch: inout RecordBatch) throws {
        let event = Array(
            #"{"Records":[{"kinesis":{"sequenceNumber":"1","data":"\#(data.base64EncodedString())"}}]}"#.utf8)
        try decode(event, 0..<event.count, into: &batch, deadline: .now + .seconds(60))
    }
}
