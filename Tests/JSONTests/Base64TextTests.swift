import Foundation
import JSON
import TestSupport
import XCTest

final class Base64TextTests: XCTestCase {
    func testEncodesBothAlphabets() {
        let rows: [(bytes: [UInt8], padded: String, url: String, line: UInt)] = [
            ([], "", "", #line), (Array("f".utf8), "Zg==", "Zg", #line), (Array("fo".utf8), "Zm8=", "Zm8", #line),
            (Array("foo".utf8), "Zm9v", "Zm9v", #line), (Array("foob".utf8), "Zm9vYg==", "Zm9vYg", #line),
            ([0xFB, 0xFF, 0xBF, 0xFE], "+/+//g==", "-_-__g", #line),
        ]
        for row in rows {
            XCTAssertEqual(Base64Text.encode(row.bytes.span), row.padded, line: row.line)
            XCTAssertEqual(Base64Text.encode(row.bytes.span, .urlWithoutPadding), row.url, line: row.line)
            var text = Array("before ".utf8)
            Base64Text.append(row.bytes.span, to: &text)
            XCTAssertEqual(String(decoding: text, as: UTF8.self), "before " + row.padded, line: row.line)
        }
    }

    func testEncodesAsFoundationDoes() {
        var generator = SeededGenerator(seed: 5)
        for count in 0..<400 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            XCTAssertEqual(Base64Text.encode(bytes.span), Data(bytes).base64EncodedString(), "\(bytes)")
        }
    }
}
