import RuntimeServer
import XCTest

@testable import LambdaRuntime

/// Tests of lengths that the peer chooses.
final class ResponseSizeTests: XCTestCase {
    private static let head = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r\r\n"

    /// Returns the error of an exchange that gets `response` before the connection closes, nil for success, and the
    /// capacity of the connection's buffer afterwards.
    private func exchange(_ response: String) throws -> (error: HTTPError?, body: Int, room: Int) {
        let server = try RuntimeServer()
        server.add(Fault(.next, .raw(Array(response.utf8))))
        var connection = RuntimeConnection(try XCTUnwrap(Endpoint(server.address)))
        let request = Array("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n".utf8)
        do throws(HTTPError) {
            let answer = try connection.exchange(request.span)
            return (nil, answer.body.count, connection.buffer.count)
        } catch {
            return (error, 0, connection.buffer.count)
        }
    }

    func testMemoryGrowsWithReceivedBytesOnly() throws {
        let few = String(repeating: "x", count: 100_000)
        let cases: [(name: String, response: String, line: UInt)] = [
            ("a length", "Content-Length: 268435456\r\n\r\n\(few)", #line),
            ("a length alone", "Content-Length: 268435000\r\n\r\n", #line),
            ("a chunk", "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n\(few)", #line),
            ("a later chunk", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\nffffff0\r\n\(few)", #line),
        ]
        for (name, response, line) in cases {
            let found = try exchange(Self.head + response)
            XCTAssertEqual(found.error, .closedEarly(isUntouched: false), name, line: line)
            XCTAssertLessThanOrEqual(found.room, 2 * 1024 * 1024, name, line: line)
        }
    }

    func testLengthAboveTheLimitIsRejectedImmediately() throws {
        for length in ["268435457", "9223372036854775807"] {
            let found = try exchange(Self.head + "Content-Length: \(length)\r\n\r\nx")
            XCTAssertEqual(found.error, .tooLarge(268_435_456), length)
        }
        let chunk = try exchange(Self.head + "Transfer-Encoding: chunked\r\n\r\nffffffff\r\nx")
        XCTAssertEqual(chunk.error, .malformed("a chunk's size"))
    }

    func testTrailersHaveALimit() throws {
        let chunked = Self.head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
        let few = try exchange(chunked + String(repeating: "a: b\r\n", count: 1000) + "\r\n")
        XCTAssertNil(few.error)
        XCTAssertEqual(few.body, 3)
        let many = try exchange(chunked + String(repeating: "a: b\r\n", count: 1_000_000))
        XCTAssertEqual(many.error, .tooLarge(ResponseHead.limit))
        XCTAssertLessThanOrEqual(many.room, 1024 * 1024)
    }

    func testChunkFramingUsesNoMemory() throws {
        let chunks = String(repeating: "1;comment=\(String(repeating: "c", count: 80))\r\nx\r\n", count: 100_000)
        let found = try exchange(Self.head + "Transfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n")
        XCTAssertNil(found.error)
        XCTAssertEqual(found.body, 100_000)
        XCTAssertLessThanOrEqual(found.room, 1024 * 1024, "for \(chunks.utf8.count) bytes on the wire")
    }

    func testChunksOfAnySizeAreJoined() throws {
        var (body, text) = ("", "")
        for number in 0..<3000 {
            let part = String(repeating: Character(UnicodeScalar(UInt8(97 + number % 26))), count: number % 37 + 1)
            body += part
            text += String(part.utf8.count, radix: 16) + ";e=\(number)\r\n" + part + "\r\n"
        }
        let server = try RuntimeServer()
        server.add(
            Fault(.next, .raw(Array((Self.head + "Transfer-Encoding: chunked\r\n\r\n" + text + "0\r\n\r\n").utf8))))
        var connection = RuntimeConnection(try XCTUnwrap(Endpoint(server.address)))
        let request = Array("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n".utf8)
        let answer = try connection.exchange(request.span)
        XCTAssertEqual(String(decoding: connection.buffer[answer.body], as: UTF8.self), body)
    }

    func testInterimResponsesHaveALimit() throws {
        let announcement = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        let real = Self.head + "Content-Length: 2\r\n\r\nok"
        XCTAssertNil(try exchange(String(repeating: announcement, count: 8) + real).error)
        XCTAssertNotNil(try exchange(String(repeating: announcement, count: 9) + real).error)
    }

    func testErrorQuotesTheBeginningOfALongLine() throws {
        let marks = String(repeating: "\u{301}", count: 20_000)
        for line in ["broken a\(marks)", "Transfer-Encoding: a\(marks)", "Content-Length: 1\(marks)"] {
            let error = try XCTUnwrap(exchange("HTTP/1.1 200 OK\r\n\(line)\r\n\r\n").error)
            XCTAssertLessThan("\(error)".utf8.count, 400)
        }
    }
}
