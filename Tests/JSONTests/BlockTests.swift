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
}
