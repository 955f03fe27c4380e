import XCTest

@testable import Processor

final class GzipTests: XCTestCase {
    private static let text = Array(String(repeating: #"{"artist_id":"a","name":"N"}"#, count: 20).utf8)

    func testInflatesOneMemberOrSeveral() throws {
        let empty = GzipWriter.member([])
        let one = GzipWriter.member(Self.text)
        let cases: [(name: String, input: [UInt8], expected: [UInt8])] = [
            ("one", one, Self.text), ("none of the bytes", empty, []), ("two", one + one, Self.text + Self.text),
            ("an empty one first", empty + one, Self.text), ("an empty one last", one + empty, Self.text),
            (
                "a hundred", Array(repeatElement(one, count: 100).joined()),
                Array(repeatElement(Self.text, count: 100).joined())
            ),
        ]
        for (name, input, expected) in cases {
            var output: [UInt8] = [1, 2, 3]
            XCTAssertNoThrow(try Gzip.inflate(input.span, into: &output), name)
            XCTAssertEqual(output, expected, name)
        }
    }

    func testRejectsTruncatedMembers() {
        let whole = GzipWriter.member(Self.text)
        for end in whole.indices {
            XCTAssertNotNil(refusal(of: Array(whole[..<end])), "cut at \(end) of \(whole.count)")
        }
        for end in 1..<whole.count {
            XCTAssertNotNil(refusal(of: whole + whole[..<end]), "the second cut at \(end) of \(whole.count)")
        }
    }

    func testFlippedBitsAreRejectedOrHarmless() {
        let whole = GzipWriter.member(Self.text)
        for offset in whole.indices {
            for bit in 0..<8 {
                var damaged = whole
                damaged[offset] ^= 1 << UInt8(bit)
                var output: [UInt8] = []
                // Header bits that do not affect the content may differ: time, operating system, level.
                if (try? Gzip.inflate(damaged.span, into: &output)) != nil {
                    XCTAssertTrue(
                        offset < 10 && output == Self.text, "bit \(bit) of byte \(offset): accepted as other content")
                }
            }
        }
    }

    func testRejectsDataAfterTheLastMember() {
        let whole = GzipWriter.member(Self.text)
        for rubbish in [[0], [0x1F], [0x1F, 0x8B], Array("rubbish".utf8), Array(repeating: UInt8(0), count: 100)] {
            XCTAssertNotNil(refusal(of: whole + rubbish), "\(rubbish) after the last member")
        }
    }

    func testInflatesUpToTheLimit() {
        let full = GzipWriter.member([UInt8](repeating: 0x20, count: Gzip.limit))
        XCTAssertNil(refusal(of: full))
        XCTAssertEqual(
            refusal(of: full + GzipWriter.member([0x20])), "data is gzip, and inflates to more than 10485760 bytes")
        XCTAssertNotNil(refusal(of: GzipWriter.member([UInt8](repeating: 0x20, count: Gzip.limit + 1))))
    }

    func testGzipIsDetectedByItsFirstTwoBytes() {
        let cases: [(bytes: [UInt8], isGzip: Bool)] = [
            ([0x1F, 0x8B], true), ([0x1F, 0x8B, 8], true), ([0x1F], false), ([], false), ([0x1F, 0x8C], false),
            ([0x8B, 0x1F], false), (Array("{}".utf8), false),
        ]
        for (bytes, isGzip) in cases { XCTAssertEqual(Gzip.isGzip(bytes.span), isGzip, "\(bytes)") }
    }

    /// Returns the error message; nil if `bytes` can be inflated.
    private func refusal(of bytes: [UInt8]) -> String? {
        var output: [UInt8] = []
        do throws(PayloadError) {
            try Gzip.inflate(bytes.span, into: &output)
            return nil
        } catch {
            XCTAssertEqual(error.reason, .gzip)
            return error.message
        }
    }
}
