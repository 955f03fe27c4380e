import Foundation
import JSON
import TestSupport
import XCTest

final class JSONWriterTests: XCTestCase {
    /// A case: the values to write and the expected text.
    private struct Case {
        var name: String
        var expected: String
        var write: (inout JSONWriter) -> Void
        var line: UInt

        init(_ name: String, _ expected: String, line: UInt = #line, _ write: @escaping (inout JSONWriter) -> Void) {
            (self.name, self.expected, self.write, self.line) = (name, expected, write, line)
        }
    }

    private func check(_ cases: [Case]) {
        for row in cases {
            var writer = JSONWriter()
            row.write(&writer)
            XCTAssertEqual(String(decoding: writer.bytes, as: UTF8.self), row.expected, row.name, line: row.line)
        }
    }

    func testWritesCommasBetweenValuesOnly() {
        check([
            Case("empty object", "{}") {
                $0.openObject()
                $0.closeObject()
            },
            Case("empty array", "[]") {
                $0.openArray()
                $0.closeArray()
            },
            Case("two members", #"{"a":1,"b":2}"#) {
                $0.openObject()
                $0.key("a")
                $0.integer(1)
                $0.key("b")
                $0.integer(2)
                $0.closeObject()
            },
            Case("containers side by side", "[[],{},[]]") {
                $0.openArray()
                $0.openArray()
                $0.closeArray()
                $0.openObject()
                $0.closeObject()
                $0.openArray()
                $0.closeArray()
                $0.closeArray()
            },
            Case("a member behind a container", #"{"a":[1],"b":{"c":null},"d":true}"#) {
                $0.openObject()
                $0.key("a")
                $0.openArray()
                $0.integer(1)
                $0.closeArray()
                $0.key("b")
                $0.openObject()
                $0.key("c")
                $0.null()
                $0.closeObject()
                $0.key("d")
                $0.bool(true)
                $0.closeObject()
            },
            Case("every kind of value", #"["a","b",-1,1.5,true,false,null,{"r":1},[2]]"#) {
                $0.openArray()
                $0.string("a")
                $0.string(Array("b".utf8).span)
                $0.integer(-1)
                $0.number(1.5)
                $0.bool(true)
                $0.bool(false)
                $0.null()
                $0.raw(#"{"r":1}"#)
                $0.raw(Array("[2]".utf8).span)
                $0.closeArray()
            },
        ])
    }

    func testWritesNumbersWithAtMostThreeDecimals() {
        let cases: [(value: Double, expected: String, line: UInt)] = [
            (0, "0", #line), (-0.0, "0", #line), (1, "1", #line), (-1, "-1", #line), (0.5, "0.5", #line),
            (-0.5, "-0.5", #line), (0.25, "0.25", #line), (0.125, "0.125", #line), (0.0625, "0.063", #line),
            (-0.0625, "-0.063", #line), (0.0004, "0", #line), (-0.0004, "0", #line), (0.9996, "1", #line),
            (-0.9996, "-1", #line), (1.0001, "1", #line), (10.01, "10.01", #line), (100.100, "100.1", #line),
            (123456.789, "123456.789", #line), (8_999_999_999_999.5, "8999999999999.5", #line),
            (999_999_999_999_999, "999999999999999.0", #line), (-9_007_199_254_740_992, "-9007199254740992.0", #line),
            (1e16, "1e+16", #line), (-1e16, "-1e+16", #line), (1.5e300, "1.5e+300", #line),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308", #line), (.leastNonzeroMagnitude, "0", #line),
            (.infinity, "null", #line), (-.infinity, "null", #line), (.nan, "null", #line),
            (.signalingNaN, "null", #line),
        ]
        for (value, expected, line) in cases {
            var writer = JSONWriter()
            writer.number(value)
            XCTAssertEqual(String(decoding: writer.bytes, as: UTF8.self), expected, "\(value)", line: line)
        }
    }

    func testWritesTheWidestIntegers() {
        check([
            Case("lowest of 64 bits", "-9223372036854775808") { $0.integer(Int64.min) },
            Case("highest of 64 bits", "18446744073709551615") { $0.integer(UInt64.max) },
            Case("a byte", "255") { $0.integer(UInt8.max) },
        ])
    }

    func testEscapesInvalidAndControlCharacters() {
        check([
            Case("quote and backslash", #""a\"b\\c""#) { $0.string(#"a"b\c"#) },
            Case("line ends and tab", #""\n\r\t""#) { $0.string("\n\r\t") },
            Case("other control characters", #""\u0000\u0008\u000c\u001f\u007f""#) {
                $0.string("\0\u{8}\u{C}\u{1F}\u{7F}")
            },
            Case("control characters beyond ASCII", #""\u0080\u009b\u009f""#) { $0.string("\u{80}\u{9B}\u{9F}") },
            Case("their neighbours stay", "\"\u{A0}\u{C0}é\u{FF}\u{100}\"") { $0.string("\u{A0}\u{C0}é\u{FF}\u{100}") },
            Case("text around an escape", #""ab\"cd\u0085ef\\""#) { $0.string("ab\"cd\u{85}ef\\") },
            Case("a slash stays", #""a/b""#) { $0.string("a/b") },
            Case("beyond ASCII stays", #""é€𝄞🎸""#) { $0.string("é€𝄞🎸") },
            Case("a key is escaped, too", #"{"a\"\n":1}"#) {
                $0.openObject()
                $0.key("a\"\n")
                $0.integer(1)
                $0.closeObject()
            },
            Case("bytes are escaped, too", #""\u0001\"""#) { $0.string([0x01, 0x22].span) },
        ])
    }

    func testEveryScalarRoundTrips() throws {
        let scalars = (UInt32(0)...0x10FFFF).lazy.compactMap(Unicode.Scalar.init)
        var text = String.UnicodeScalarView()
        for scalar in scalars where scalar.value < 0x3000 || scalar.value % 61 == 0 { text.append(scalar) }
        var writer = JSONWriter()
        writer.string(String(text))
        XCTAssertFalse(writer.bytes.contains { $0 < 0x20 || $0 == 0x7F }, "a control character is not escaped")
        var scanner = JSONScanner()
        let string = try scanner.string(in: writer.bytes.span)
        let found = ScannedValue.text(string, of: writer.bytes)
        XCTAssertTrue(found.unicodeScalars.elementsEqual(text), "written and read again, the text is another")
    }

    func testAppendsToExistingBytes() {
        var writer = JSONWriter(appendingTo: Array("before ".utf8))
        writer.openArray()
        writer.integer(1)
        writer.closeArray()
        XCTAssertEqual(String(decoding: writer.bytes, as: UTF8.self), "before [1]")
    }

    func testRandomTreesRoundTrip() throws {
        var generator = SeededGenerator(seed: 1)
        for round in 0..<2000 {
            var writer = JSONWriter()
            let tree = RandomTree.write(to: &writer, depth: 0, using: &generator)
            let text = String(decoding: writer.bytes, as: UTF8.self)
            XCTAssertEqual(try ScannedValue.whole(writer.bytes), tree, "round \(round): \(text)")
            let parsed = try JSONSerialization.jsonObject(with: Data(writer.bytes), options: .fragmentsAllowed)
            XCTAssertEqual(parsed as? NSObject, tree, "round \(round), by Foundation: \(text)")
        }
    }
}

/// Documents with every kind of value.
enum RandomTree {
    private static let texts = [
        "", "a", "data_type", "a\"b\\c", "\n\t\r", "\u{1}\u{7F}", "é", "€", "🎸", "12345678", "/",
    ]

    /// Writes a random value and returns it as Foundation represents it.
    static func write(
        to writer: inout JSONWriter, depth: Int, using generator: inout SeededGenerator
    ) -> NSObject {
        switch Int.random(in: 0..<(depth < 4 ? 9 : 6), using: &generator) {
        case 0:
            writer.null()
            return NSNull()
        case 1:
            let value = Bool.random(using: &generator)
            writer.bool(value)
            return NSNumber(value: value)
        case 2:
            let value = Int32.random(in: .min ... .max, using: &generator)
            writer.integer(value)
            return NSNumber(value: Double(value))
        case 3:
            let thousandths = Int.random(in: -999_999...999_999, using: &generator)
            writer.number(Double(thousandths) / 1000)
            return NSNumber(value: Double(thousandths) / 1000)
        case 4, 5:
            let value = texts.randomElement(using: &generator) ?? ""
            writer.string(value)
            return NSString(string: value)
        case 6, 7:
            let members = NSMutableDictionary()
            writer.openObject()
            for index in 0..<Int.random(in: 0..<5, using: &generator) {
                let key = (texts.randomElement(using: &generator) ?? "") + String(index)
                writer.key(key)
                members[NSString(string: key)] = write(to: &writer, depth: depth + 1, using: &generator)
            }
            writer.closeObject()
            return members
        default:
            let elements = NSMutableArray()
            writer.openArray()
            for _ in 0..<Int.random(in: 0..<5, using: &generator) {
                elements.add(write(to: &writer, depth: depth + 1, using: &generator))
            }
            writer.closeArray()
            return elements
        }
    }
}
