import Foundation
import JSON
import TestSupport
import XCTest

/// Tests of the scanner with mutated documents and in comparison with Foundation, which must accept and reject the same
/// ones.
///
/// Documents that both treat differently on purpose are skipped; see ``FoundationJSON/isComparable(_:)``.
final class JSONFuzzTests: XCTestCase {
    private static let seeds =
        [
            #"{"a":1,"b":[true,false,null],"c":{"d":"e"}}"#, #"[0,-0,1.5,-2.25e3,1E+2,1e-2,0.0]"#,
            #"{"name":"Bj\u00f6rk \ud83c\udfb8","x":"é€🎸\n\"\\\/"}"#, #"[[[]],[{}],{"":[]}]"#, #""text""#, "12", "null",
            #" { "a" : [ 1 , 2 ] , "b" : "c" } "#,
            #"{"data_type":"artists","artist_id":"a1","name":"N","genre":["rock"],"raw_data":{"x":[1]}}"#,
        ].map { Array($0.utf8) }

    func testAcceptsAndRejectsAsFoundationDoes() {
        var generator = SeededGenerator(seed: 4)
        var compared = 0
        for round in 0..<80_000 {
            let seed = Self.seeds[round % Self.seeds.count]
            let bytes = Mutation.mutated(seed, using: &generator)
            let refusal = checkedRefusal(of: bytes)
            guard FoundationJSON.isComparable(bytes) else { continue }
            compared += 1
            if FoundationJSON.accepts(bytes) == (refusal == nil) { continue }
            XCTFail("\(Self.shown(bytes)): scanner \(refusal.map { "\($0)" } ?? "accepts"), Foundation does not agree")
        }
        XCTAssertGreaterThan(compared, 30_000)
    }

    func testWalkingAndSkippingAgree() {
        var generator = SeededGenerator(seed: 5)
        for round in 0..<80_000 {
            let bytes = Mutation.mutated(Self.seeds[round % Self.seeds.count], using: &generator)
            let skipped = checkedRefusal(of: bytes)
            var walked: JSONError?
            do throws(JSONError) { _ = try ScannedValue.whole(bytes) } catch { walked = error }
            XCTAssertEqual(walked, skipped, "\(Self.shown(bytes)): found by walking, and by skipping")
        }
    }

    func testRandomBytesNeverTrap() {
        var generator = SeededGenerator(seed: 6)
        let alphabet = Array(#"{}[]",:\u0 1-.e"#.utf8) + [0x80, 0xC3, 0xA9]
        for _ in 0..<80_000 {
            let count = Int.random(in: 0...24, using: &generator)
            _ = checkedRefusal(of: (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 })
        }
    }

    func testScannerAtAnyOffsetStaysWithinTheBytes() {
        for seed in Self.seeds {
            for start in -1...seed.count + 1 {
                var scanner = JSONScanner(at: start)
                try? scanner.skipValue(in: seed.span)
                let bounds = min(start, 0)...max(start, seed.count)
                XCTAssertTrue(bounds.contains(scanner.offset), "from \(start) to \(scanner.offset) of \(seed.count)")
            }
        }
    }

    func testTruncatedDocumentIsRejected() throws {
        for seed in Self.seeds {
            let document = [UInt8(ascii: "[")] + seed + [UInt8(ascii: "]")]
            XCTAssertNil(checkedRefusal(of: document), Self.shown(document))
            for end in document.indices {
                let cut = Array(document[..<end])
                XCTAssertNotNil(checkedRefusal(of: cut), "\(Self.shown(cut)): accepted, and it is cut")
            }
        }
    }

    /// Returns the error of scanning `bytes`; fails the test if the error names an offset outside of them.
    private func checkedRefusal(of bytes: [UInt8], line: UInt = #line) -> JSONError? {
        var scanner = JSONScanner()
        var refusal: JSONError?
        do throws(JSONError) {
            scanner.skipByteOrderMark(in: bytes.span)
            try scanner.skipValue(in: bytes.span)
            try scanner.finish(in: bytes.span)
        } catch {
            refusal = error
        }
        let position =
            switch refusal {
            case .syntax(let offset, _), .notUTF8(let offset), .tooDeep(let offset): offset
            case nil: bytes.count
            }
        if !(0...bytes.count).contains(position) || !(0...bytes.count).contains(scanner.offset) {
            XCTFail("\(Self.shown(bytes)): names offset \(position), is at \(scanner.offset)", line: line)
        }
        return refusal
    }

    private static func shown(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).debugDescription + " \(bytes)"
    }
}
