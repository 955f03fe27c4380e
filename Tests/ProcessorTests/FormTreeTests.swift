import EventGenerator
import JSON
import TestSupport
import XCTest

@testable import Processor

/// Records that are compared with those before are read as those that are read member by member.
final class FormTreeTests: XCTestCase {
    private let fields = FieldScanner()

    private static let payloads = [
        #"{"artist_id":"a1","name":"Nova"}"#, #"{ "artist_id" : "a1" , "name" : "Nova" , "genre" : [ "a" , "b" ] }"#,
        #"{"venue_id":"v","name":"Hall","location":{"city":"Berlin","country":"DE"},"capacity":12}"#,
        #"{"venue_id":"v","name":"Hall","location":null,"city":"Berlin","country":"DE"}"#,
        #"{"venue_id":"v","name":"Hall","location":{},"city":"Berlin"}"#,
        #"{"data_type":"events","payload":{"event_id":"e","raw_data":{"name":"x","url":null,"a":[{"b":[{}]}]}},"x":1}"#,
        #"{"data_type":"events","payload":{"event_id":"e","data":{"name":"x"},"location":{"city":"y"}},"source":"z"}"#,
        #"{"data":{"artist_id":"a","name":"b","raw_data":{"followers":{"total":3}}},"payload":3}"#,
        #"{"data":{"artist_id":"a"},"data":{"name":"b"},"raw_data":{"name":"c"},"raw_data":7,"raw_data":{"url":"d"}}"#,
        #"{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":{"j":{"k":{"l":{"m":{"n":{"o":{"p":{"q":1}}}}}}}}}}}}}}}}}"#,
        #"{"raw_data":{"external_urls":{"spotify":"https:\/\/x"},"images":[{"url":"u"},{"url":"v"},[],4]},"name":"é"}"#,
        #"{"sale_id":"s","unit_price":-1.5e3,"quantity":2,"test":false,"ticket_prices":{"vip":1,"a":[]}}  "#,
        "\u{FEFF}{\"artist_id\":\"a\",\"n\\u0061me\":\"Nova\"}",
        #"{"a very long key that fills more than one node":1}"#,
        #"{}"#, #"{"a":{},"b":[],"c":[{}]}"#, #"{"artist_id":"1"}"#,
    ]

    /// What reading a record found: where each known field stands; nil when it is refused.
    private struct Found: Equatable {
        var outer: [Field: FieldValue]
        var inner: [Field: FieldValue]
        var innerStart: Int
    }

    private func fields(_ table: FieldTable) -> [Field: FieldValue] {
        var values: [Field: FieldValue] = [:]
        for field in Field.allCases { values[field] = table[field] }
        return values
    }

    private func scanned(_ bytes: [UInt8]) -> Found? {
        var (table, inner) = (FieldTable(), FieldTable())
        var scanner = JSONScanner()
        scanner.skipByteOrderMark(in: bytes.span)
        guard (try? scanner.kind(in: bytes.span)) == .object,
            var (end, start) = try? fields.scan(scanner, in: bytes.span, into: &table, inner: &inner),
            (try? end.finish(in: bytes.span)) != nil
        else { return nil }
        if start < 0 { (inner, start) = (FieldTable(), -1) }
        return Found(outer: fields(table), inner: fields(inner), innerStart: start)
    }

    private func compared(_ bytes: [UInt8], _ tree: FormTree) -> Found? {
        var (table, inner) = (FieldTable(), FieldTable())
        guard let start = tree.scan(bytes.span, into: &table, inner: &inner) else { return nil }
        return Found(outer: fields(table), inner: fields(inner), innerStart: start)
    }

    /// Records of a producer each, no more of them than a tree takes.
    private func producers() -> [[[UInt8]]] {
        var generator = EventGenerator(seed: 5)
        return Self.payloads.map { [Array($0.utf8)] } + [(0..<300).map { _ in generator.payload() }]
    }

    func testAKnownFormIsReadAsTheScannerReadsIt() throws {
        for records in producers() {
            var tree = FormTree()
            for record in records {
                let text = String(decoding: record, as: UTF8.self)
                tree.learn(record.span, by: fields)
                let found = try XCTUnwrap(compared(record, tree), text)
                XCTAssertEqual(found, scanned(record), text)
            }
        }
    }

    func testADamagedRecordIsReadAsTheScannerReadsItOrLeftToIt() {
        var generator = SeededGenerator(seed: 31)
        var read = 0
        for records in producers() {
            var tree = FormTree()
            for record in records { tree.learn(record.span, by: fields) }
            for round in 0..<5_000 {
                let damaged = Damage.damaged(records[round % records.count], using: &generator)
                guard let found = compared(damaged, tree) else { continue }
                read += 1
                XCTAssertEqual(found, scanned(damaged), String(decoding: damaged, as: UTF8.self))
            }
        }
        XCTAssertGreaterThan(read, 1_000, "records that had a form in spite of the damage")
    }

    func testAnObjectInAPlaceWhereItsMembersCountHasAnotherForm() throws {
        var tree = FormTree()
        let plain = Array(#"{"venue_id":"v","location":null,"city":"Berlin"}"#.utf8)
        let object = Array(#"{"venue_id":"v","location":{"city":"Bonn"},"city":"Berlin"}"#.utf8)
        tree.learn(plain.span, by: fields)
        XCTAssertNil(compared(object, tree))
        tree.learn(object.span, by: fields)
        XCTAssertEqual(try XCTUnwrap(compared(object, tree)), scanned(object))
        XCTAssertEqual(try XCTUnwrap(compared(plain, tree)), scanned(plain))
    }

    /// What ends before such an object has not ended twice, when the form with another value there was tried first.
    func testAFormThatIsTriedInVainLeavesNothingBehind() throws {
        var tree = FormTree()
        let plain = Array(#"{"payload":{"name":"n"},"raw_data":null}"#.utf8)
        let object = Array(#"{"payload":{"name":"n"},"raw_data":{"name":"m"}}"#.utf8)
        tree.learn(plain.span, by: fields)
        tree.learn(object.span, by: fields)
        XCTAssertEqual(try XCTUnwrap(compared(object, tree)), scanned(object))
        XCTAssertEqual(try XCTUnwrap(compared(plain, tree)), scanned(plain))
    }

    /// Small records of all shapes, which share beginnings: the tree learns what it does not know, as the decoder has it.
    func testRecordsOfAllShapesAreReadAsTheScannerReadsThem() {
        var generator = SeededGenerator(seed: 77)
        var (tree, isKnown) = (FormTree(), 0)
        for round in 1...60_000 {
            let text = Self.object(depth: 0, using: &generator)
            let record = Array(text.utf8)
            let expected = scanned(record)
            if let found = compared(record, tree) {
                isKnown += 1
                XCTAssertEqual(found, expected, text)
            } else {
                tree.learn(record.span, by: fields)
                if let found = compared(record, tree) { XCTAssertEqual(found, expected, text) }
            }
            if round % 300 == 0 { tree = FormTree() }
        }
        XCTAssertGreaterThan(isKnown, 10_000)
    }

    private static func object(depth: Int, using generator: inout SeededGenerator) -> String {
        let keys = ["data", "payload", "raw_data", "location", "name"]
        let members = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
            let key = keys.randomElement(using: &generator) ?? ""
            return "\"\(key)\":" + blank(using: &generator) + value(depth: depth + 1, using: &generator)
        }
        return "{" + members.joined(separator: "," + blank(using: &generator)) + blank(using: &generator) + "}"
    }

    private static func blank(using generator: inout SeededGenerator) -> String {
        Int.random(in: 0..<8, using: &generator) == 0 ? " " : ""
    }

    private static func value(depth: Int, using generator: inout SeededGenerator) -> String {
        if depth < 3, Bool.random(using: &generator) { return object(depth: depth, using: &generator) }
        return ["null", "7", "[{}]", "{}"].randomElement(using: &generator) ?? ""
    }

    func testKeysThatAlwaysDifferFillNothing() {
        var tree = FormTree()
        var isKnown = 0
        for index in 0..<20_000 {
            let record = Array(#"{"k\#(index)":{"a":1,"b":2,"c":3},"d":4}"#.utf8)
            tree.learn(record.span, by: fields)
            if compared(record, tree) != nil { isKnown += 1 }
        }
        XCTAssertLessThan(isKnown, 200, "places behind one value are few")
        // What comes again and again is learned sooner or later.
        let record = Array(#"{"artist_id":"a","name":"b"}"#.utf8)
        for _ in 0..<10_000 where compared(record, tree) == nil { tree.learn(record.span, by: fields) }
        XCTAssertEqual(compared(record, tree), scanned(record))
    }

    func testRecordsOfLongTextsWithoutValuesHaveNoForm() {
        var tree = FormTree()
        for member in [#""data":{}"#, #""\#(String(repeating: "k", count: 40_000))":{}"#] {
            let record = Array(("{" + Array(repeating: member, count: 3000).joined(separator: ",") + "}").utf8)
            tree.learn(record.span, by: fields)
            XCTAssertNil(compared(record, tree))
            // Not one step of them is kept: there is room for others.
            let other = Array(#"{"artist_id":"a"}"#.utf8)
            tree.learn(other.span, by: fields)
            XCTAssertEqual(compared(other, tree), scanned(other))
        }
    }

    func testRecordsOfTooManyValuesHaveNoForm() {
        var tree = FormTree()
        let record = Array(("{" + (0..<600).map { #""k\#($0)":1"# }.joined(separator: ",") + "}").utf8)
        tree.learn(record.span, by: fields)
        XCTAssertNil(compared(record, tree))
    }
}
