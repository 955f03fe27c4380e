import JSON
import XCTest

final class KeyTableTests: XCTestCase {
    /// One key of each supported length, whose ID is the length.
    private static let keys: [(key: String, id: UInt16)] = [
        ("a", 1), ("ab", 2), ("abc", 3), ("abcd", 4), ("abcde", 5), ("abcdef", 6), ("abcdefg", 7), ("abcdefgh", 8),
        ("abcdefghi", 9), ("abcdefghij", 10), ("abcdefghijk", 11), ("abcdefghijkl", 12), ("abcdefghijklm", 13),
        ("abcdefghijklmn", 14), ("abcdefghijklmno", 15), ("abcdefghijklmnop", 16), ("abcdefghijklmnopq", 17),
        ("abcdefghijklmnopqr", 18), ("abcdefghijklmnopqrs", 19), ("abcdefghijklmnopqrst", 20),
        ("abcdefghijklmnopqrstu", 21), ("abcdefghijklmnopqrstuv", 22), ("abcdefghijklmnopqrstuvw", 23),
        ("abcdefghijklmnopqrstuvwx", 24), ("abcdefghijklmnopqrstuvwxy", 25), ("abcdefghijklmnopqrstuvwxyz", 26),
        ("abcdefghijklmnopqrstuvwxyz0", 27), ("abcdefghijklmnopqrstuvwxyz01", 28),
        ("abcdefghijklmnopqrstuvwxyz012", 29),
        ("abcdefghijklmnopqrstuvwxyz0123", 30), ("abcdefghijklmnopqrstuvwxyz01234", 31),
        ("abcdefghijklmnopqrstuvwxyz012345", 32),
    ]
    private let table = KeyTable(keys)

    func testFindsKeyOfEachLengthAtAnyOffset() {
        for (key, id) in Self.keys {
            let key = key.description
            for (before, after) in [
                ("", ""), ("\"", "\""), ("{\"x\":1,\"", "\":1}"), ("........", "........"), ("", "z"),
            ] {
                XCTAssertEqual(found(key, before, after), id, "\(key) between \(before) and \(after)")
            }
        }
    }

    func testKeyThatDiffersInOneByteIsNotFound() {
        for (key, _) in Self.keys {
            let bytes = Array(key.description.utf8)
            for position in bytes.indices {
                for change in [UInt8(0x01), 0x20, 0x80] {
                    var other = bytes
                    other[position] ^= change
                    let string = JSONString(range: 0..<other.count, isEscaped: false)
                    let id = table.id(of: string, in: other.span)
                    XCTAssertNil(id, "\(key), byte \(position) changed to \(other[position])")
                }
            }
        }
    }

    func testShorterLongerOrPaddedKeyIsNotFound() {
        for name in ["", "\0", "a\0", "b", "bc", "xabcdefgh", "abcdefghx", "abcdefghijklmnopqrstuvwxyz0123456"] {
            XCTAssertNil(found(name), name.debugDescription)
        }
        XCTAssertNil(found(String(repeating: "a", count: 1000)), "1000 letters")
    }

    func testDistinguishesKeysOfEqualLength() {
        let table = KeyTable([("latitude", 1), ("location", 2), ("postal_code", 3), ("ticket_tier", 4)])
        let cases: [(name: String, id: UInt16?)] = [
            ("latitude", 1), ("location", 2), ("postal_code", 3), ("ticket_tier", 4), ("latitudes", nil),
            ("locatiom", nil), ("postal_tier", nil), ("ticket_code", nil),
        ]
        for (name, id) in cases {
            let bytes = Array(name.utf8)
            let found = table.id(of: JSONString(range: 0..<bytes.count, isEscaped: false), in: bytes.span)
            XCTAssertEqual(found, id, name)
        }
    }

    func testFindsEscapedKeyByItsDecodedText() {
        let cases: [(name: String, id: UInt16?)] = [
            (#"\u0061"#, 1), (#"a\u0062"#, 2), (#"\u0061bcdefgh"#, 8), (#"abcdefghijklmnop\u0071"#, 17),
            (#"\u0061\u0062\u0063"#, 3), (#"abcdefghijklmnopqrstuvwxyz01234\u0035"#, 32), (#"\u0062"#, nil),
            (#"\n"#, nil), (#"a\\"#, nil), (#"\ud83c"#, nil), (#"abcdefghijklmnopqrstuvwxyz012345\u0036"#, nil),
        ]
        for (name, id) in cases {
            let bytes = Array(name.utf8)
            let found = table.id(of: JSONString(range: 0..<bytes.count, isEscaped: true), in: bytes.span)
            XCTAssertEqual(found, id, name)
        }
    }

    func testAKeyIsFoundInItsOwnScope() {
        let table = KeyTable(scoped: [("name", 0, 1), ("name", 4, 2), ("url", 4, 3)])
        let cases: [(name: String, scope: UInt32, id: UInt16?)] = [
            ("name", 0, 1), ("name", 4, 2), ("name", 5, nil), ("url", 4, 3), ("url", 0, nil), (#"n\u0061me"#, 4, 2),
            (#"\u0075rl"#, 0, nil),
        ]
        for (name, scope, id) in cases {
            let key = JSONString(range: 0..<name.utf8.count, isEscaped: name.utf8.contains(UInt8(ascii: "\\")))
            XCTAssertEqual(table.id(of: key, in: Array(name.utf8).span, scope: scope), id, "\(name) in \(scope)")
        }
    }

    func testExpectedKeyIsSkippedInItsUsualForm() {
        let name = QuotedKey("name")
        let long = String(repeating: "k", count: 29)
        let longer = String(repeating: "k", count: 30)
        let cases: [(key: QuotedKey, text: String, isPassed: Bool)] = [
            (name, #","name":1"#, true), (name, #", "name":1"#, true), (name, #","names":1"#, false),
            (name, #","nam":1"#, false), (name, #",  "name":1"#, false), (name, #","name" :1"#, false),
            (name, #","n\u0061me":1"#, false), (name, #""name":1"#, false), (name, #"}"#, false), (name, ",", false),
            (name, "", false), (QuotedKey(long), ",\"\(long)\":", true), (QuotedKey(longer), ",\"\(longer)\":", false),
        ]
        for (key, text, isPassed) in cases {
            let bytes = Array(text.utf8)
            var scanner = JSONScanner()
            XCTAssertEqual(scanner.pass(key, in: bytes.span), isPassed, text)
            let passed = isPassed ? bytes.firstIndex(of: UInt8(ascii: ":")).map { $0 + 1 } : 0
            XCTAssertEqual(scanner.offset, passed, text)
        }
    }

    func testEmptyTableFindsNothing() {
        let bytes = Array("abc".utf8)
        let found = KeyTable([]).id(
            of: JSONString(range: 0..<3, isEscaped: false), in: bytes.span)
        XCTAssertNil(found)
    }

    private func found(_ name: String, _ before: String = "", _ after: String = "") -> UInt16? {
        let bytes = Array((before + name + after).utf8)
        let start = before.utf8.count
        return table.id(of: JSONString(range: start..<start + name.utf8.count, isEscaped: false), in: bytes.span)
    }
}
