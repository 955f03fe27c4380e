import TestSupport
import XCTest

@testable import Clients

/// Tests with random, truncated and changed replies, received in pieces of any size.
final class RESPFuzzTests: XCTestCase {
    /// A reply and its serialized form.
    private struct Sample {
        var value: RESPValue
        var bytes: [UInt8]
    }

    private func sample(_ random: inout SeededGenerator, depth: Int = 0) -> Sample {
        let length = Int.random(in: 0...(Int.random(in: 0..<8, using: &random) == 0 ? 300 : 6), using: &random)
        switch Int.random(in: 0..<(depth < 5 ? 8 : 5), using: &random) {
        case 0:
            let text = String(repeating: "é", count: length)
            return Sample(value: .simple(text), bytes: Array("+\(text)\r\n".utf8))
        case 1: return Sample(value: .error("ERR \(length)"), bytes: Array("-ERR \(length)\r\n".utf8))
        case 2:
            let number = Int64.random(in: .min ... .max, using: &random)
            return Sample(value: .integer(number), bytes: Array(":\(number)\r\n".utf8))
        case 3: return Sample(value: .null, bytes: Array(["$-1\r\n", "*-1\r\n", "_\r\n"][length % 3].utf8))
        case 4:
            // Line ends and type bytes within the content have no special meaning.
            let content = (0..<length).map { _ in Array("\r\n$*+:0aé".utf8).randomElement(using: &random) ?? 0 }
            return Sample(value: .bytes(content), bytes: Array("$\(length)\r\n".utf8) + content + [13, 10])
        case 5:
            let inner = sample(&random, depth: depth + 1)
            // Push messages and attributes before a reply or an element are not part of it.
            let aside = Array("|1\r\n+ttl\r\n:\(length)\r\n".utf8)
            return Sample(value: .array([inner.value]), bytes: Array("*1\r\n".utf8) + aside + inner.bytes)
        case 6:
            let pairs = (0..<min(length, 3) * 2).map { _ in sample(&random, depth: depth + 1) }
            return Sample(
                value: .array(pairs.map(\.value)), bytes: Array("%\(pairs.count / 2)\r\n".utf8) + pairs.flatMap(\.bytes)
            )
        default:
            let elements = (0..<min(length, 5)).map { _ in sample(&random, depth: depth + 1) }
            let type = length % 2 == 0 ? "*" : "~"
            return Sample(
                value: .array(elements.map(\.value)),
                bytes: Array("\(type)\(elements.count)\r\n".utf8) + elements.flatMap(\.bytes))
        }
    }

    /// Returns all replies that a parser finds in bytes that arrive in pieces, and whether it failed.
    private func outcome(_ bytes: [UInt8], pieces: () -> Int) -> (replies: [RESPValue], isRefused: Bool, isEmpty: Bool)
    {
        var parser = RESPParser()
        var replies: [RESPValue] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = pieces()
            parser.buffer += rest.prefix(count)
            rest = rest.dropFirst(count)
            do { while let reply = try parser.next() { replies.append(reply) } } catch { return (replies, true, false) }
        }
        return (replies, false, parser.isEmpty)
    }

    func testRepliesRoundTrip() {
        var random = SeededGenerator(seed: 7)
        for round in 0..<400 {
            let samples = (0..<Int.random(in: 1...12, using: &random)).map { _ in sample(&random) }
            let limit = [1, 2, 7, 40, 5000][round % 5]
            let found = outcome(samples.flatMap(\.bytes)) { Int.random(in: 1...limit, using: &random) }
            XCTAssertEqual(found.replies, samples.map(\.value), "round \(round)")
            XCTAssertTrue(found.isEmpty && !found.isRefused, "round \(round)")
        }
    }

    /// The same bytes result in the same replies or the same error, regardless of the sizes of the pieces.
    func testMutatedRepliesDoNotDependOnPieces() {
        var random = SeededGenerator(seed: 11)
        var refused = 0
        for round in 0..<2000 {
            var bytes = (0..<4).flatMap { _ in sample(&random).bytes }
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[position] = Array("$*+-:_#,(!=%~|>0123456789\r\n".utf8).randomElement(using: &random) ?? 0
                case 2: bytes.remove(at: position)
                default: bytes.removeLast(bytes.count - position)
                }
                if bytes.isEmpty { bytes = [UInt8(ascii: "+")] }
            }
            let whole = outcome(bytes) { Int.max }
            let cut = outcome(bytes) { Int.random(in: 1...9, using: &random) }
            XCTAssertEqual(cut.replies, whole.replies, "round \(round)")
            XCTAssertEqual(cut.isRefused, whole.isRefused, "round \(round)")
            refused += whole.isRefused ? 1 : 0
        }
        XCTAssertGreaterThan(refused, 300, "the changes are no changes")
    }

    /// An endless reply is rejected before it exhausts memory.
    func testEndlessReplyIsRejected() {
        let size = 8 << 20
        let string = Array("$\(size)\r\n".utf8) + [UInt8](repeating: 7, count: size) + [13, 10]
        let cases: [(start: String, piece: [UInt8], words: String)] = [
            ("*1000000\r\n", string, "a reply of more than 128 MiB"),
            (">1000000\r\n", string, "a reply of more than 128 MiB"),
            // Each list has the maximum announced length.
            ("", Array("*600000\r\n".utf8), "a list of 1200000 elements"),
        ]
        for row in cases {
            var parser = RESPParser()
            parser.buffer = Array(row.start.utf8)
            var words = ""
            for _ in 0..<20 where words.isEmpty {
                parser.buffer += row.piece
                do throws(RedisError) {
                    let reply = try parser.next()
                    XCTAssertNil(reply)
                } catch { words = "\(error)" }
            }
            XCTAssertTrue(words.contains(row.words), words)
        }
    }

    /// Parsed bytes are not parsed again for each byte that arrives: these inputs would take minutes otherwise.
    func testLongListsAreParsedInLinearTime() throws {
        var parser = RESPParser()
        parser.buffer = Array("*200000\r\n".utf8)
        var replies: [RESPValue] = []
        for _ in 0..<200_000 {
            parser.buffer += Array(":1\r\n".utf8)
            while let reply = try parser.next() { replies.append(reply) }
        }
        XCTAssertEqual(replies.count, 1)
        XCTAssertEqual(replies.first?.array?.count, 200_000)
        XCTAssertTrue(parser.isEmpty)
    }

    func testParserWithPartOfAReplyIsNotEmpty() throws {
        for text in ["*1\r\n", "*2\r\n:1\r\n", "|1\r\n+a\r\n", "+", "$3\r\nab"] {
            var parser = RESPParser()
            parser.buffer = Array(text.utf8)
            XCTAssertNil(try parser.next())
            XCTAssertFalse(parser.isEmpty, text)
        }
    }

    func testNestingIsLimited() throws {
        func nested(_ depth: Int) throws -> RESPValue? {
            var parser = RESPParser()
            parser.buffer = Array((String(repeating: "*1\r\n", count: depth) + ":1\r\n").utf8)
            return try parser.next()
        }
        XCTAssertNotNil(try nested(7))
        XCTAssertThrowsError(try nested(8)) { XCTAssertTrue("\($0)".contains("nested deeper"), "\($0)") }
        XCTAssertThrowsError(try nested(100_000))
    }
}
