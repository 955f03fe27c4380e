import Basics
import Foundation
import JSON
import XCTest

/// Tests of the scanner with a corpus of valid and invalid documents, `Conformance/documents.json`.
final class DocumentConformanceTests: XCTestCase {
    private struct Case: Decodable {
        var name: String
        var text: String?
        var base64: String?
        var `repeat`: [Part]?
        var inner: String?
        var accept: Bool
        var utf8: Bool

        /// A text or a count, as in `["[", 512, "]"]`.
        enum Part: Decodable {
            case text(String)
            case count(Int)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let count = try? container.decode(Int.self) {
                    self = .count(count)
                } else {
                    self = .text(try container.decode(String.self))
                }
            }
        }

        var bytes: [UInt8]? {
            if let text { return Array(text.utf8) }
            if let base64 { return Data(base64Encoded: base64).map(Array.init) }
            guard let parts = `repeat`, parts.count == 3, case .text(let open) = parts[0],
                case .count(let count) = parts[1], case .text(let close) = parts[2]
            else { return nil }
            let text = String(repeating: open, count: count) + (inner ?? "") + String(repeating: close, count: count)
            return Array(text.utf8)
        }
    }

    func testAcceptsAndRejectsAsRFC8259Requires() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Conformance/documents.json")
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
        XCTAssertGreaterThan(cases.count, 1000)
        for document in cases {
            let bytes = try XCTUnwrap(document.bytes, document.name)
            XCTAssertEqual(UTF8Sequence.firstInvalidOffset(in: bytes.span) == nil, document.utf8, document.name)
            XCTAssertEqual(Self.refusal(of: bytes) == nil, document.accept, document.name)
        }
    }

    /// Returns the error of scanning `bytes` as a JSON text, or nil if they are valid.
    private static func refusal(of bytes: [UInt8]) -> JSONError? {
        var scanner = JSONScanner()
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes.span)
            try scanner.skipValue(in: bytes.span)
            try scanner.finish(in: bytes.span)
            return nil
        } catch {
            return error
        }
    }
}
