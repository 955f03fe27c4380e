import XCTest

@testable import JSON

final class JSONValueTests: XCTestCase {
    private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    func testComesOutAsItWentIn() throws {
        let texts = [
            "null", "true", "false", "0", "-1.50e+10", "123456789012345678901234567890", "\"\"", "\"a\\\"\\\\\\n\"",
            "[]", "{}",
            "[1,[2,{\"a\":null}],\"é\u{1F600}\"]", "{\"b\":1,\"a\":{\"c\":[]},\"\":2}",
        ]
        for text in texts { XCTAssertEqual(try parse(text).text, text) }
        XCTAssertEqual(
            try parse("\u{FEFF} { \"a\" : [ 1 , \"\\u00e9\\ud83d\\ude00\" ] } ").text, "{\"a\":[1,\"é\u{1F600}\"]}")
    }

    func testRefusesWhatIsNoJSONOrTooDeep() {
        for text in ["", "{", "[1,]", "nul", "1 2", "{\"a\"}", "\"\u{1}\"", "NaN", "01"] {
            XCTAssertThrowsError(try parse(text), text)
        }
        let deep = { (levels: Int) in String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }
        XCTAssertNoThrow(try parse(deep(JSONValue.depthLimit)))
        XCTAssertThrowsError(try parse(deep(JSONValue.depthLimit + 1)))
    }

    func testFindsMembers() throws {
        let value = try parse(#"{"a":1,"b":"x","a":2.0,"c":true,"d":[1],"e":null,"f":1e400,"g":2.5}"#)
        XCTAssertEqual(value["a"]?.integer, 2, "the last of two counts")
        XCTAssertEqual(value["b"]?.string, "x")
        XCTAssertEqual(value["c"]?.bool, true)
        XCTAssertEqual(value["d"]?.array?.count, 1)
        XCTAssertEqual(value["e"]?.isNull, true)
        XCTAssertNil(value["f"]?.integer)
        XCTAssertNil(value["g"]?.integer)
        XCTAssertEqual(value["g"]?.double, 2.5)
        XCTAssertNil(value["none"])
        XCTAssertNil(value["a"]?["b"])
        XCTAssertEqual(value.object?.names, ["a", "b", "a", "c", "d", "e", "f", "g"])
        var object = try XCTUnwrap(value.object)
        object["b"] = "y"
        object["c"] = nil
        object["new"] = 3
        XCTAssertEqual(object["b"], "y")
        XCTAssertNil(object["c"])
        XCTAssertEqual(object.names.last, "new")
    }

    func testReadsWellForPeople() throws {
        let value: JSONValue = ["a": [1, "x"], "b": [:], "c": [], "d": ["e": .null, "f": .decimal(2.5)]]
        XCTAssertEqual(
            value.prettyText,
            """
            {
              "a": [
                1,
                "x"
              ],
              "b": {},
              "c": [],
              "d": {
                "e": null,
                "f": 2.5
              }
            }
            """)
        XCTAssertEqual(JSONValue.object(ofPresent: [("a", 1), ("b", nil)]).text, "{\"a\":1}")
        XCTAssertEqual(JSONValue.decimal(.infinity), .null)
    }
}
