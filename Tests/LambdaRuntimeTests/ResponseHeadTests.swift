import XCTest

@testable import LambdaRuntime

/// Tests of accepted and rejected status lines and headers.
final class ResponseHeadTests: XCTestCase {
    func testBodyAndKeepAliveFollowFromTheHeaders() throws {
        let heads: [(text: String, status: Int, body: ResponseHead.Body, keepsAlive: Bool)] = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, .length(5), true),
            ("HTTP/1.1 202 Accepted\r\ncontent-length:5\r\n\r\n", 202, .length(5), true),
            ("HTTP/1.1 200\r\nContent-Length:  5\t \r\n\r\n", 200, .length(5), true),
            ("HTTP/1.1 200 \r\nContent-Length: 005\r\n\r\n", 200, .length(5), true),
            ("HTTP/1.1 200 OK\nContent-Length: 5\n\n", 200, .length(5), true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 200, .length(5), true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: Close\r\n\r\n", 200, .length(5), false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, .length(5), false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\n", 200, .length(5), true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", 200, .chunked, true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n", 200, .chunked, true),
            ("HTTP/1.1 200 OK\r\n\r\n", 200, .untilClose, false),
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, .length(0), true),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, .length(0), true),
            ("HTTP/1.1 100 Continue\r\n\r\n", 100, .length(0), true),
            ("HTTP/1.1 500 \u{FC}\r\nContent-Length: 9223372036854775807\r\n\r\n", 500, .length(.max), true),
        ]
        for expected in heads {
            let head = try Self.head(expected.text)
            XCTAssertEqual(head.status, expected.status, expected.text)
            XCTAssertEqual(head.body, expected.body, expected.text)
            XCTAssertEqual(head.keepsAlive, expected.keepsAlive, expected.text)
        }
    }

    func testMalformedHeadsAreRejected() {
        let heads = [
            "", "\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n", "ICY 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
            "HTTP/1.1 200 OK\r\nName : value\r\n\r\n", "HTTP/1.1 200 OK\r\nName: value\r\n folded: value\r\n\r\n",
            "HTTP/1.1 200 OK\r\nName: value\r\n\tfolded\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        ]
        for text in heads {
            XCTAssertThrowsError(try Self.head(text), text) { error in
                guard case .malformed = error as? HTTPError else { return XCTFail("\(text): \(error)") }
            }
        }
    }

    func testHeaderLookupIgnoresCaseAndEmptyValues() throws {
        let head = try Self.head("HTTP/1.1 200 OK\r\nLambda-X: \u{E9}:1 \r\nEMPTY: \r\nlambda-x: 2\r\n\r\n")

        XCTAssertEqual(head.value(of: "lambda-x"), "\u{E9}:1")
        XCTAssertNil(head.value(of: "empty"))
        XCTAssertNil(head.value(of: "other"))
    }

    private static func head(_ text: String) throws -> ResponseHead {
        let bytes = Array(text.utf8)
        return try ResponseHead(0..<bytes.count, of: bytes.span)
    }
}
