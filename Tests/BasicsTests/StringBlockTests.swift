import TestSupport
import XCTest

@testable import Basics

final class StringBlockTests: XCTestCase {
    /// Each architecture uses its own instructions, which tests on another one do not cover.
    func testPortableAndNativeBlocksAgree() {
        var generator = SeededGenerator(seed: 3)
        for round in 0..<50_000 {
            var (bytes, other) = (SIMD32<UInt8>(repeating: 0x61), SIMD32<UInt8>(repeating: 0x61))
            for _ in 0..<round % 5 {
                let position = Int.random(in: 0..<32, using: &generator)
                bytes[position] = UInt8.random(in: .min ... .max, using: &generator)
                if Bool.random(using: &generator) { other[position] = bytes[position] }
            }
            let (block, second) = (StringBlock(bytes), StringBlock(other))
            XCTAssertEqual(block.stops, block.portableStops, "\(bytes)")
            XCTAssertEqual(block.digits, block.portableDigits, "\(bytes)")
            let byte = bytes[Int.random(in: 0..<32, using: &generator)]
            XCTAssertEqual(block.positions(of: byte), block.portablePositions(of: byte), "\(bytes)")
            XCTAssertEqual(
                block.differences(from: second), block.portableDifferences(from: second), "\(bytes) \(other)")
            let count = round % 33
            let start = block.start(count).bytes
            XCTAssertEqual(start, block.portableStart(count).bytes, "\(count) of \(bytes)")
            for place in 0..<32 {
                XCTAssertEqual(start[place], place < count ? bytes[place] : 0, "\(count) of \(bytes)")
            }
        }
    }

    func testEachByteIsClassifiedAtEachIndex() {
        for position in 0..<32 {
            for byte in UInt8.min...UInt8.max {
                var bytes = SIMD32<UInt8>(repeating: 0x20)
                bytes[position] = byte
                let isPlain = (0x20..<0x80).contains(byte) && byte != 0x22 && byte != 0x5C
                XCTAssertEqual(StringBlock(bytes).firstStop, isPlain ? 32 : position, "\(byte) at \(position)")
                let digits = SIMD32<UInt8>(repeating: 0x35).replacing(with: bytes, where: bytes .!= 0x20)
                let isDigit = (0x30..<0x3A).contains(byte) || byte == 0x20
                XCTAssertEqual(StringBlock(digits).leadingDigits, isDigit ? 32 : position, "\(byte) at \(position)")
            }
        }
    }

    func testBlockNearTheEndIsPaddedWithZeros() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(1 + $0) }
            for offset in [-1, Int.min, Int.max] + Array(0...count + 2) {
                let block = bytes.span.stringBlock(at: offset).bytes
                for position in 0..<32 {
                    let index = offset.addingReportingOverflow(position).partialValue
                    XCTAssertEqual(block[position], offset >= 0 && bytes.indices.contains(index) ? bytes[index] : 0)
                }
            }
        }
    }

    func testMaskHasABitForEachByte() {
        XCTAssertEqual([0, 1, 5, 31, 32, 33].map(StringBlock.mask), [0, 1, 31, .max >> 1, .max, .max])
    }

    func testMatchesOnlyWhereAllBytesAreEqual() {
        for count in 0...100 {
            let text = (0..<count).map { UInt8(1 + $0 * 7 % 250) }
            // The text twice, with other bytes before, between and after.
            for gap in [0, 1, 40] {
                let filler = [UInt8](repeating: 255, count: gap)
                var bytes = filler + text + filler + text + filler
                let (first, second) = (gap, 2 * gap + count)
                XCTAssertTrue(bytes.span.matches(first..<first + count, at: second), "\(count) \(gap)")
                for index in 0..<count {
                    bytes[second + index] ^= 1
                    XCTAssertFalse(bytes.span.matches(first..<first + count, at: second), "\(count) \(gap) \(index)")
                    bytes[second + index] ^= 1
                }
                if count > 0 {
                    XCTAssertFalse(bytes.span.matches(first..<first + count, at: bytes.count - count + 1))
                    XCTAssertFalse(bytes.span.matches(first..<first + count, at: bytes.count))
                }
            }
        }
    }

    func testFindsFirstIndexOfByte() {
        for count in 0...50 {
            for position in 0..<max(1, count) {
                var bytes = [UInt8](repeating: 7, count: count)
                if position < count { bytes[position] = 10 }
                for start in 0...count {
                    for end in [start, min(start + 16, count), count] {
                        let expected = bytes[start..<end].firstIndex(of: 10)
                        XCTAssertEqual(bytes.span.firstIndex(of: 10, in: start..<end), expected, "\(count) \(position)")
                    }
                }
            }
        }
    }
}
