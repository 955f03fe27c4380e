import RuntimeServer
import TestSupport
import XCTest

@testable import LambdaRuntime

/// Tests with mutated responses over a real connection: each is parsed or rejected without harm.
final class ResponseFuzzTests: XCTestCase {
    private static let seeds = [
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: r\r\n"
            + "Lambda-Runtime-Deadline-Ms: 1794198257000\r\nContent-Length: 14\r\n\r\n{\"Records\":[]}",
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\n{\"Rec\r\n9;x=y\r\nords\":[]}\r\n0\r\nTrailer: t\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\n{\"status\":\"OK\"}",
    ]
    private static let words = [
        "\r\n", "\n", "\r\n\r\n", ":", " ", "0", "9", "ffffffff", "-1", "99999999999999999999", "chunked",
        "HTTP/1.1 200 OK\r\n", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "\u{0}", "\u{FF}", ";",
    ].map { Array($0.utf8) }

    func testMutatedResponsesAreParsedOrRejected() throws {
        let server = try RuntimeServer()
        var connection = RuntimeConnection(try XCTUnwrap(Endpoint(server.address)))
        let request = Array("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n".utf8)
        var random = SeededGenerator(seed: 0x5EED)
        var understood = 0
        for round in 0..<2000 {
            let response = Self.mutate(Array(Self.seeds[round % Self.seeds.count].utf8), with: &random)
            server.add(Fault(.next, .raw(response)))
            do throws(HTTPError) {
                let answer = try connection.exchange(request.span)
                understood += 1
                XCTAssertTrue((200..<1000).contains(answer.head.status), String(decoding: response, as: UTF8.self))
                XCTAssertLessThanOrEqual(answer.body.upperBound, connection.buffer.count)
            } catch {
                XCTAssertFalse("\(error)".isEmpty)
            }
            connection.disconnect()
        }
        XCTAssertTrue(
            (200..<1900).contains(understood), "\(understood) of 2000 were understood: the fuzz test is ineffective")
    }

    /// Returns bytes with one to three changes: a flipped byte, a removed or repeated part, an inserted word, a
    /// truncated end.
    private static func mutate(_ bytes: [UInt8], with random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
            let position = Int.random(in: 0..<bytes.count, using: &random)
            let piece = position..<min(bytes.count, position + Int.random(in: 1...8, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[position] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.removeSubrange(piece)
            case 2: bytes.insert(contentsOf: bytes[piece], at: position)
            case 3: bytes.insert(contentsOf: words.randomElement(using: &random) ?? [], at: position)
            default: bytes.removeSubrange(position...)
            }
        }
        return bytes
    }
}
