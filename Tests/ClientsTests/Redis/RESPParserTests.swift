import XCTest

@testable import Clients

final class RESPParserTests: XCTestCase {
    private func replies(_ text: String, piece: Int = .max) throws -> [RESPValue] {
        var parser = RESPParser()
        var replies: [RESPValue] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            parser.buffer += rest.prefix(piece)
            rest = rest.dropFirst(piece)
            while let reply = try parser.next() { replies.append(reply) }
        }
        XCTAssertTrue(parser.isEmpty)
        return replies
    }

    private let cases: [(text: String, replies: [RESPValue])] = [
        ("+OK\r\n", [.simple("OK")]), ("-ERR no\r\n", [.error("ERR no")]), (":-42\r\n", [.integer(-42)]),
        ("$5\r\nhello\r\n", [.bytes(Array("hello".utf8))]), ("$0\r\n\r\n", [.bytes([])]), ("$-1\r\n", [.null]),
        ("$2\r\n\r\n\r\n", [.bytes([13, 10])]), ("*0\r\n", [.array([])]), ("*-1\r\n", [.null]),
        ("*2\r\n:1\r\n*1\r\n$1\r\na\r\n", [.array([.integer(1), .array([.bytes([97])])])]),
        ("_\r\n#t\r\n#f\r\n", [.null, .integer(1), .integer(0)]), (",3.14\r\n", [.simple("3.14")]),
        ("(123456789012345678901234567890\r\n", [.simple("123456789012345678901234567890")]),
        ("!5\r\nERR x\r\n", [.error("ERR x")]), ("=7\r\ntxt:abc\r\n", [.bytes(Array("abc".utf8))]),
        ("%1\r\n+a\r\n:1\r\n", [.array([.simple("a"), .integer(1)])]), ("~1\r\n:7\r\n", [.array([.integer(7)])]),
        (">2\r\n+message\r\n+x\r\n+OK\r\n", [.simple("OK")]), ("|1\r\n+a\r\n+b\r\n:5\r\n", [.integer(5)]),
        ("+a\r\n+b\r\n", [.simple("a"), .simple("b")]),
    ]

    func testParsesEveryTypeInPiecesOfAnySize() throws {
        for row in cases {
            for piece in [1, 2, 3, 7, Int.max] {
                XCTAssertEqual(try replies(row.text, piece: piece), row.replies, "\(row.text) in pieces of \(piece)")
            }
        }
    }

    func testRejectsInvalidRepliesBeforeAllocating() {
        let refused = [
            "HTTP/1.1 400 Bad Request\r\n", "\r\n", "$x\r\n", "$-2\r\n", "$999999999999\r\n", "*99999999\r\n",
            "*-2\r\n",
            ":\r\n", ":1 \r\n", "$1\r\nab\r\n", "+a\rb", String(repeating: "*1\r\n", count: 100),
            "+" + String(repeating: "x", count: 70_000), "$99999999999999999999\r\n",
        ]
        for text in refused { XCTAssertThrowsError(try replies(text), String(text.prefix(40))) }
    }

    func testMutatedInputNeverTraps() {
        var state: UInt64 = 42
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        let all = Array(cases.map(\.text).joined().utf8)
        for _ in 0..<3000 {
            var bytes = Array(all[..<random(all.count)])
            for _ in 0..<random(4) where !bytes.isEmpty { bytes[random(bytes.count)] = UInt8(random(256)) }
            var parser = RESPParser()
            parser.buffer = bytes
            while (try? parser.next()) != nil {
                guard let reply = try? parser.next() else { break }
                _ = reply
            }
        }
    }

    func testSerializesCommandsWithTheirLengths() {
        var commands = RESPCommands()
        commands.append([Array("SET".utf8), Array("é".utf8), []])
        commands.append([Array("PING".utf8)])
        XCTAssertEqual(
            String(decoding: commands.bytes, as: UTF8.self),
            "*3\r\n$3\r\nSET\r\n$2\r\né\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n")
        XCTAssertEqual(commands.count, 2)
    }

    /// Braces select the hashed part of a key.
    ///
    /// Source: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>
    func testSlotsFollowTheSpecification() {
        let cases: [(key: String, same: String?, slot: Int?)] = [
            ("123456789", nil, 0x31C3 % 16_384), ("{user1000}.following", "user1000", nil),
            ("foo{}{bar}", nil, HashSlot.slot(of: Array("foo{}{bar}".utf8))), ("foo{{bar}}zap", "{bar", nil),
            ("foo{bar}{zap}", "bar", nil), ("", nil, 0), ("foo{bar", nil, HashSlot.slot(of: Array("foo{bar".utf8))),
        ]
        for row in cases {
            let slot = HashSlot.slot(of: Array(row.key.utf8))
            if let same = row.same { XCTAssertEqual(slot, HashSlot.slot(of: Array(same.utf8)), row.key) }
            if let expected = row.slot { XCTAssertEqual(slot, expected, row.key) }
        }
        XCTAssertNotEqual(HashSlot.slot(of: Array("foo{}{bar}".utf8)), HashSlot.slot(of: Array("bar".utf8)))
    }
}
