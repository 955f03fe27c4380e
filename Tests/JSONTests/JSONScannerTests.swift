import JSON
import TestSupport
import XCTest

final class JSONScannerTests: XCTestCase {
    func testReadsObjectMemberByMember() throws {
        let bytes = Array(#" { "a" : 1 , "b\n":[ true,null , "x" ] ,"":{ } } "#.utf8)
        var scanner = JSONScanner()
        XCTAssertEqual(try scanner.kind(in: bytes.span), .object)
        let first = try XCTUnwrap(scanner.openObject(in: bytes.span))
        XCTAssertEqual(ScannedValue.text(first, of: bytes), "a")
        XCTAssertFalse(first.isEscaped)
        XCTAssertEqual(scanner.depth, 1)
        XCTAssertEqual(try scanner.kind(in: bytes.span), .number)
        let number = try scanner.number(in: bytes.span)
        XCTAssertEqual(String(decoding: bytes[number], as: UTF8.self), "1")
        let second = try XCTUnwrap(scanner.nextKey(in: bytes.span))
        XCTAssertEqual(ScannedValue.text(second, of: bytes), "b\n")
        XCTAssertTrue(second.isEscaped)
        XCTAssertEqual(try scanner.kind(in: bytes.span), .array)
        XCTAssertTrue(try scanner.openArray(in: bytes.span))
        XCTAssertEqual(scanner.depth, 2)
        XCTAssertEqual(try scanner.kind(in: bytes.span), .true)
        try scanner.literal(.true, in: bytes.span)
        XCTAssertTrue(try scanner.nextElement(in: bytes.span))
        try scanner.skipValue(in: bytes.span)
        XCTAssertTrue(try scanner.nextElement(in: bytes.span))
        XCTAssertEqual(try scanner.kind(in: bytes.span), .string)
        XCTAssertEqual(ScannedValue.text(try scanner.string(in: bytes.span), of: bytes), "x")
        XCTAssertFalse(try scanner.nextElement(in: bytes.span))
        XCTAssertEqual(scanner.depth, 1)
        let third = try XCTUnwrap(scanner.nextKey(in: bytes.span))
        XCTAssertTrue(third.range.isEmpty)
        XCTAssertEqual(try scanner.kind(in: bytes.span), .object)
        XCTAssertNil(try scanner.openObject(in: bytes.span))
        XCTAssertNil(try scanner.nextKey(in: bytes.span))
        XCTAssertEqual(scanner.depth, 0)
        try scanner.finish(in: bytes.span)
        XCTAssertEqual(scanner.offset, bytes.count)
    }

    func testEmptyArrayHasNoElement() throws {
        let bytes = Array("[ ]".utf8)
        var scanner = JSONScanner()
        XCTAssertFalse(try scanner.openArray(in: bytes.span))
        XCTAssertEqual(scanner.depth, 0)
        try scanner.finish(in: bytes.span)
    }

    /// A case: an invalid text and its error message.
    private struct Refusal {
        var input: String
        var expected: String
        var line: UInt

        init(_ input: String, _ expected: String, line: UInt = #line) {
            (self.input, self.expected, self.line) = (input, expected, line)
        }
    }

    func testSyntaxErrorNamesOffsetAndExpectation() {
        let cases = [
            Refusal("", "expected a value at offset 0"),
            Refusal("  ", "expected a value at offset 2"),
            Refusal("nul", "expected null at offset 0"),
            Refusal("[tru]", "expected true at offset 1"),
            Refusal("[fals", "expected false at offset 1"),
            Refusal("NaN", "expected a value at offset 0"),
            Refusal("[1,]", "expected a value at offset 3"),
            Refusal("[1 2]", #"expected "," or "]" at offset 3"#),
            Refusal("[1", #"expected "," or "]" at offset 2"#),
            Refusal("[", "expected a value at offset 1"),
            Refusal("{", "expected a key at offset 1"),
            Refusal("{1:2}", "expected a key at offset 1"),
            Refusal(#"{"a" 1}"#, #"expected ":" at offset 5"#),
            Refusal(#"{"a":}"#, "expected a value at offset 5"),
            Refusal(#"{"a":1,}"#, "expected a key at offset 7"),
            Refusal(#"{"a":1 "b"}"#, #"expected "," or "}" at offset 7"#),
            Refusal("1 2", "expected the end at offset 2"),
            Refusal("-", "expected a digit at offset 1"),
            Refusal("1.", "expected a digit at offset 2"),
            Refusal("1e+", "expected a digit at offset 3"),
            Refusal("01", "expected the end at offset 1"),
            Refusal(#""abc"#, "expected a character or the end of the string at offset 4"),
            Refusal("\"12345678\n\"", "expected a character or the end of the string at offset 9"),
            Refusal(#""\x""#, "expected an escape at offset 1"),
            Refusal(#""abcdefgh\u12g4""#, "expected four hexadecimal digits at offset 9"),
            Refusal("\"\\", "expected an escape at offset 1"),
        ]
        for row in cases {
            let found = Self.refusal(of: Array(row.input.utf8))
            XCTAssertEqual(found?.description, row.expected, row.input, line: row.line)
        }
    }

    func testInvalidUTF8ErrorNamesOffset() {
        for position in 1..<30 {
            let bytes = [0x22] + [UInt8](repeating: 0x61, count: position - 1) + [0xC3, 0x28, 0x22]
            XCTAssertEqual(Self.refusal(of: bytes), .notUTF8(offset: position), "a broken sequence at \(position)")
        }
    }

    func testErrorsOfSameKindAndOffsetAreEqual() {
        XCTAssertEqual(JSONError.syntax(offset: 1, expected: "a"), .syntax(offset: 1, expected: "b"))
        XCTAssertNotEqual(JSONError.syntax(offset: 1, expected: "a"), .syntax(offset: 2, expected: "a"))
        XCTAssertNotEqual(JSONError.notUTF8(offset: 1), .tooDeep(offset: 1))
    }

    func testReadingAnotherTypeThrows() {
        let number = Array("1".utf8)
        let calls: [(String, (inout JSONScanner) throws(JSONError) -> Void)] = [
            ("a string", { (scanner) throws(JSONError) in _ = try scanner.string(in: number.span) }),
            ("an object", { (scanner) throws(JSONError) in _ = try scanner.openObject(in: number.span) }),
            ("an array", { (scanner) throws(JSONError) in _ = try scanner.openArray(in: number.span) }),
            ("null, true or false", { (scanner) throws(JSONError) in try scanner.literal(.number, in: number.span) }),
            ("null", { (scanner) throws(JSONError) in try scanner.literal(.null, in: number.span) }),
        ]
        for (expected, call) in calls {
            var scanner = JSONScanner()
            XCTAssertThrowsError(try call(&scanner), expected) { error in
                XCTAssertEqual("\(error)", "expected \(expected) at offset 0")
            }
        }
    }

    func testDepthIncludesEnclosingContainers() {
        let limit = JSONScanner.depthLimit
        for depth in [0, 1, 63, 64, 65, 500, limit - 1, limit] {
            let room = limit - depth
            let fits = String(repeating: "[", count: room) + "0" + String(repeating: "]", count: room)
            XCTAssertNil(Self.refusal(of: Array(fits.utf8), depth: depth), "\(room) levels inside \(depth)")
            let found = Self.refusal(of: Array("[\(fits)]".utf8), depth: depth)
            XCTAssertEqual(found, .tooDeep(offset: room), "\(room + 1) levels inside \(depth)")
            XCTAssertEqual(found?.description, "more than 512 levels at offset \(room)")
        }
    }

    func testNestingBitsKeepTheKindOfEachLevel() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var (before, after) = ("", "")
            for _ in 0..<JSONScanner.depthLimit {
                let isObject = Bool.random(using: &generator)
                before += isObject ? #"{"a":"# : "["
                after = (isObject ? #","b":1}"# : ",2]") + after
            }
            XCTAssertNil(Self.refusal(of: Array((before + "0" + after).utf8)), before)
            let swapped = after.replacing("}", with: "]", maxReplacements: 1)
            if swapped != after {
                XCTAssertNotNil(Self.refusal(of: Array((before + "0" + swapped).utf8)), before)
            }
        }
    }

    func testSkipsExactlyOneValue() throws {
        for value in ["1", "-0.5e3", "null", "true", #""a\"b""#, "[]", "{}", #"[[{"a":[1,{}]}],2]"#] {
            let bytes = Array(" \(value) ,rest".utf8)
            var scanner = JSONScanner()
            try scanner.skipValue(in: bytes.span)
            XCTAssertEqual(scanner.offset, 1 + value.utf8.count, value)
            XCTAssertEqual(scanner.depth, 0, value)
        }
    }

    func testSkipsOneCompleteByteOrderMark() {
        let cases: [(bytes: [UInt8], offset: Int)] = [
            ([0xEF, 0xBB, 0xBF, 0x31], 3), ([0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF], 3), ([0xEF, 0xBB], 0), ([0xEF], 0),
            ([], 0), ([0xFE, 0xFF], 0), ([0x20, 0xEF, 0xBB, 0xBF], 0),
        ]
        for (bytes, offset) in cases {
            var scanner = JSONScanner()
            scanner.skipByteOrderMark(in: bytes.span)
            XCTAssertEqual(scanner.offset, offset, "\(bytes)")
        }
    }

    private static func refusal(of bytes: [UInt8], depth: Int = 0) -> JSONError? {
        var scanner = JSONScanner(depth: depth)
        do throws(JSONError) {
            try scanner.skipValue(in: bytes.span)
            try scanner.finish(in: bytes.span)
            return nil
        } catch {
            return error
        }
    }
}
