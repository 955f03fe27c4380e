import JSON
import XCTest

final class BlockTests: XCTestCase {
    func testTextStandsWhereAllOfItsBytesDoAndNowhereElse() {
        for count in 0...100 {
            let text = (0..<count).map { UInt8(1 + $0 * 7 % 250) }
            // The text twice, something before, between and behind.
            for gap in [0, 1, 40] {
                let filler = [UInt8](repeating: 255, count: gap)
                var bytes = filler + text + filler + text + filler
                let (first, second) = (gap, 2 * gap + count)
                XCTAssertTrue(bytes.span.stands(first..<first + count, at: second), "\(count) \(gap)")
                for index in 0..<count {
                    bytes[second + index] ^= 1
                    XCTAssertFalse(bytes.span.stands(first..<first + count, at: second), "\(count) \(gap) \(index)")
                    bytes[second + index] ^= 1
                }
                if count > 0 {
                    XCTAssertFalse(bytes.span.stands(first..<first + count, at: bytes.count - count + 1))
                    XCTAssertFalse(bytes.span.stands(first..<first + count, at: bytes.count))
                }
            }
        }
    }

    func testAByteIsFoundWhereItStandsFirst() {
        for count in 0...50 {
            for place in 0..<max(1, count) {
                var bytes = [UInt8](repeating: 7, count: count)
                if place < count { bytes[place] = 10 }
                for start in 0...count {
                    for end in [start, min(start + 16, count), count] {
                        let expected = bytes[start..<end].firstIndex(of: 10)
                        XCTAssertEqual(bytes.span.firstIndex(of: 10, in: start..<end), expected, "\(count) \(place)")
                    }
                }
            }
        }
    }
}
