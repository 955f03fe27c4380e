import Glibc
import XCTest

@testable import RuntimeServer

/// Tests of requests that violate HTTP's rules.
final class RequestReaderTests: XCTestCase {
    /// Returns the result of reading `text`, with nothing after it.
    private func read(_ text: String) throws -> (head: RequestReader.Head, body: [UInt8]?)? {
        var descriptors: [Int32] = [0, 0]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &descriptors) == 0 else {
            throw ListenError(doing: "make a pair of sockets")
        }
        let (near, far) = (ClientSocket(descriptors[0]), ClientSocket(descriptors[1]))
        let bytes = Array(text.utf8)
        let writer = Thread {
            _ = far.send(bytes[...])
            far.shutDown()
        }
        writer.start()
        var reader = RequestReader(near)
        guard let head = try reader.readHead() else { return nil }
        return (head, try reader.readBody(of: head))
    }

    private func request(_ headers: String..., body: String = "") -> String {
        (["POST /path HTTP/1.1"] + headers + ["", body]).joined(separator: "\r\n")
    }

    func testHeadersAreReadAsBytes() throws {
        let cases: [(header: String, name: String, value: String?)] = [
            ("Name: value \t", "name", "value"), ("NAME:\u{301}x", "name", "\u{301}x"), ("Name:", "Name", ""),
            ("Name: a:b", "Name", "a:b"), ("\u{212A}ey: kelvin", "key", nil), ("e\u{301}: x", "\u{E9}", nil),
        ]
        for row in cases {
            let head = try XCTUnwrap(read(request(row.header)), row.header).head
            XCTAssertEqual(
                head.value(of: row.name).map { Array($0.utf8) }, row.value.map { Array($0.utf8) }, row.header)
        }
        for header in ["no colon", ": no name", "a name: x"] {
            XCTAssertThrowsError(try read(request(header)), header)
        }
    }

    func testLengthsAreLimitedDigits() throws {
        let good: [(String, [UInt8])] = [
            (request("Content-Length: 3", body: "abc"), Array("abc".utf8)),
            (request("Content-Length: 2", body: "abc"), Array("ab".utf8)),
            (
                request("Transfer-Encoding: Chunked", body: "2;x=y\r\nab\r\nA\r\n0123456789\r\n0\r\nT: t\r\n\r\n"),
                Array("ab0123456789".utf8)
            ),
        ]
        for (text, body) in good { XCTAssertEqual(try read(text)?.body, body, text) }
        let trailers = String(repeating: "T: t\r\n", count: 20_000)
        let bad = [
            request("Content-Length: +3", body: "abc"), request("Content-Length: -1"), request("Content-Length: 1 1"),
            request("Content-Length: 99999999999999999999"), request("Content-Length: 67108865"),
            request("Content-Length: \u{661}"), request("Transfer-Encoding: chunked", body: "+2\r\nab\r\n0\r\n\r\n"),
            request("Transfer-Encoding: chunked", body: "4000001\r\n"),
            request("Transfer-Encoding: chunked", body: "0\r\n\(trailers)\r\n"),
            request("Transfer-Encoding: gzip, chunked"),
        ]
        for text in bad { XCTAssertThrowsError(try read(text), String(text.prefix(80))) }
    }

    func testMemoryGrowsWithReceivedBytesOnly() throws {
        let before = try peakMemory()
        for headers in ["Content-Length: 67108864", "Transfer-Encoding: chunked"] {
            let body = headers.hasPrefix("C") ? "abc" : "4000000\r\nabc"
            XCTAssertNil(try XCTUnwrap(read(request(headers, body: body))).body, "the other side closes before its end")
        }
        XCTAssertLessThan(try peakMemory() - before, 40 << 20)
    }

    /// Returns the peak memory of this process in bytes.
    private func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try XCTUnwrap(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try XCTUnwrap(Int(line.split(separator: " ").dropFirst().first ?? "")) << 10
    }
}
