import TestSupport
import XCTest

@testable import JSON

/// Tests of parsing and serializing trees.
final class JSONValueTests: XCTestCase {
    private func parsed(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    func testWritesTheTextThatItParsed() throws {
        let texts = [
            "null", "true", "false", "0", "-0", "1.50", "1e400", "123456789012345678901234567890", "\"\"", "[]", "{}",
            #"{"a":[1,{"b":null}],"c":"é\"\\\n"}"#, #"{"b":1,"a":2}"#, "[[],[[]],{}]",
        ]
        for text in texts { XCTAssertEqual(try parsed(text).text, text) }
    }

    func testDecodesEscapes() throws {
        XCTAssertEqual(
            try parsed("\u{FEFF} { \"a\" : [ 1 , \"\\u00e9\\ud83d\\ude00\" ] } ").text, "{\"a\":[1,\"é\u{1F600}\"]}")
        XCTAssertEqual(try parsed(#""\u0041\ud83d\ude00\/\t""#).string, "A\u{1F600}/\t")
        XCTAssertEqual(try parsed(#"{"\u0061":1}"#)["a"], 1)
    }

    func testRejectsInvalidJSON() {
        let texts = [
            "", " ", "nul", "01", "+1", "1.", ".5", "\"", "\"\n\"", "[1,]", "{,}", "{\"a\"}", "{a:1}", "[1] 2", "'a'",
            "NaN", "\"\\x\"", "[", "{\"a\":",
        ]
        for text in texts { XCTAssertThrowsError(try parsed(text), text) }
        XCTAssertThrowsError(try JSONValue(parsing: [0x22, 0xFF, 0x22]))
    }

    func testDepthHasALimit() throws {
        for opening in ["[", "{\"a\":"] {
            let closing = opening == "[" ? "]" : "}"
            func nested(_ depth: Int) -> String {
                String(repeating: opening, count: depth) + (opening == "[" ? "" : "1")
                    + String(repeating: closing, count: depth)
            }
            XCTAssertNoThrow(try parsed(nested(JSONValue.depthLimit)))
            for depth in [JSONValue.depthLimit + 1, 500_000] {
                XCTAssertThrowsError(try parsed(nested(depth)), "\(depth)")
            }
        }
    }

    func testLastOfDuplicateMembersCounts() throws {
        var object = try XCTUnwrap(try parsed(#"{"a":1,"b":2,"a":3}"#).object)
        XCTAssertEqual(object["a"], 3)
        XCTAssertEqual(object.names, ["a", "b", "a"])
        object["a"] = 4
        XCTAssertEqual(JSONValue.object(object).text, #"{"a":1,"b":2,"a":4}"#)
        object["a"] = nil
        object["c"] = true
        XCTAssertEqual(JSONValue.object(object).text, #"{"b":2,"c":true}"#)
    }

    func testCanonicallyEquivalentTextsDiffer() throws {
        // Pairs of strings that are equal as `String`s but have different bytes.
        let pairs = [
            ("caf\u{E9}", "cafe\u{301}"), ("\u{212B}", "\u{C5}"), ("\u{AC00}", "\u{1100}\u{1161}"),
            ("q\u{307}\u{323}", "q\u{323}\u{307}"), ("\u{37E}", ";"),
        ]
        for (one, other) in pairs {
            var object = try XCTUnwrap(try parsed("{\"\(one)\":1,\"\(other)\":2}").object)
            XCTAssertEqual(object[one], 1, one)
            XCTAssertEqual(object[other], 2, one)
            object[one] = 3
            XCTAssertEqual(object[other], 2, one)
            object[other] = nil
            XCTAssertEqual(JSONValue.object(object).bytes, Array("{\"\(one)\":3}".utf8))
            XCTAssertFalse(JSONValue.string(one) == JSONValue.string(other), one)
            XCTAssertFalse(try parsed("{\"\(one)\":1}") == parsed("{\"\(other)\":1}"), one)
        }
    }

    func testNamesTakeLinearTime() throws {
        let growth = CPUTimeGrowth(
            make: { JSONObject([.init(name: "a" + String(repeating: "\u{301}\u{323}", count: $0), value: 1)]) }
        ) { object in
            _ = object["a\u{323}"]
            _ = JSONValue.object(object) == JSONValue.object(JSONObject([.init(name: "a\u{323}", value: 1)]))
        }
        XCTAssertTrue(growth.isProportional(), "\(growth)")
    }

    func testNumbersKeepTheirDigits() throws {
        let cases: [(text: String, integer: Int?, double: Double?)] = [
            ("9223372036854775807", .max, 9.223372036854775807e18), ("9223372036854775808", nil, 9223372036854775808),
            ("-9223372036854775808", .min, -9.223372036854775808e18), ("2.0", 2, 2), ("2.5", nil, 2.5),
            ("1e3", 1000, 1000),
            ("1e400", nil, .infinity), ("-0", 0, 0), ("1e-400", 0, 0), ("1e19", nil, 1e19),
        ]
        for row in cases {
            let value = try parsed(row.text)
            XCTAssertEqual(value.integer, row.integer, row.text)
            XCTAssertEqual(value.double, row.double, row.text)
        }
    }

    func testEachTypeConvertsOnlyToItself() throws {
        let kinds: [JSONValue] = [.null, true, 1, "s", [1], ["a": 1]]
        for (index, value) in kinds.enumerated() {
            let found = [
                value.isNull, value.bool != nil, value.integer != nil, value.string != nil, value.array != nil,
                value.object != nil,
            ]
            XCTAssertEqual(found, kinds.indices.map { $0 == index }, value.text)
            XCTAssertEqual(value["a"] != nil, index == 5, value.text)
        }
    }

    func testPrettyTextIsIndented() {
        let value: JSONValue = ["a": [1, ["b": "x\u{1}"]], "c": [:], "d": []]
        XCTAssertEqual(
            value.prettyText,
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\u0001\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}")
        XCTAssertEqual(JSONValue.decimal(.nan), .null)
        XCTAssertEqual(JSONValue.decimal(1.25).text, "1.25")
        XCTAssertEqual(JSONValue.object(ofPresent: [("a", 1), ("b", nil)]).text, #"{"a":1}"#)
    }
}
