import XCTest

@testable import Transport

/// Tests of the client with a real server on the loopback interface, without TLS.
final class CurlHTTPClientTests: XCTestCase {
    private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    func testSendsHeadersAndBodyExactlyAsGiven() async throws {
        let server = try LoopbackServer()
        let client = CurlHTTPClient(CurlHTTPClient.Configuration())
        let url = "http://127.0.0.1:\(server.port)/a/../b%20c?x=1&x=%2F"
        let host = "Host: 127.0.0.1:\(server.port)\r\n"
        let put = HTTPRequest(
            method: "PUT", url: url, headers: [.init("X-One", "1"), .init("x-empty", ""), .init("Content-Type", "é")],
            body: [0, 13, 10, 255])
        let answer = try await client.send(put)
        XCTAssertEqual(answer.status, 200)
        let head = "PUT /a/../b%20c?x=1&x=%2F HTTP/1.1\r\n\(host)X-One: 1\r\nx-empty:\r\nContent-Type: é\r\n"
        XCTAssertEqual(answer.body, Array("\(head)Content-Length: 4\r\n\r\n".utf8) + [0, 13, 10, 255])

        // Nothing of that request affects the next one.
        let get = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/"))
        XCTAssertEqual(text(get), "GET / HTTP/1.1\r\n\(host)\r\n")
        let post = try await client.send(HTTPRequest(method: "POST", url: "http://127.0.0.1:\(server.port)/"))
        XCTAssertEqual(text(post), "POST / HTTP/1.1\r\n\(host)Content-Length: 0\r\n\r\n")
        let delete = try await client.send(HTTPRequest(method: "DELETE", url: "http://127.0.0.1:\(server.port)/"))
        XCTAssertEqual(text(delete), "DELETE / HTTP/1.1\r\n\(host)\r\n")
    }

    func testSendsALargeBodyWithoutWaitingForContinue() async throws {
        let server = try LoopbackServer()
        let client = CurlHTTPClient(CurlHTTPClient.Configuration())
        let body = [UInt8](repeating: 7, count: 6 << 20)
        let answer = try await client.send(
            HTTPRequest(method: "POST", url: "http://127.0.0.1:\(server.port)/", body: body))
        XCTAssertTrue(Array(answer.body.suffix(body.count)) == body)
        XCTAssertFalse(String(decoding: answer.body.prefix(500), as: UTF8.self).contains("Expect"))
    }

    func testReadsHeadersInAnyCaseAndIgnoresInterimResponses() async throws {
        let server = try LoopbackServer()
        let client = CurlHTTPClient(CurlHTTPClient.Configuration())
        let interim = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/interim"))
        XCTAssertEqual(interim.headers["x-mixed"], "a b")
        XCTAssertEqual(interim.headers["X-LATE"], "yes")
        XCTAssertNil(interim.headers["X-Early"])
        let chunked = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/chunked"))
        XCTAssertEqual(text(chunked), "first second")
        XCTAssertNil(chunked.headers["X-Trailer"])
        let head = try await client.send(HTTPRequest(method: "HEAD", url: "http://127.0.0.1:\(server.port)/head"))
        XCTAssertEqual(head.headers["content-length"], "5")
        XCTAssertEqual(head.body, [])
    }

    func testDoesNotFollowRedirects() async throws {
        let server = try LoopbackServer()
        let client = CurlHTTPClient(CurlHTTPClient.Configuration())
        let answer = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/redirect"))
        XCTAssertEqual(answer.status, 302)
        XCTAssertEqual(answer.headers["location"], "/echo")
    }

    func testReusesOneConnection() async throws {
        let server = try LoopbackServer()
        let client = CurlHTTPClient(CurlHTTPClient.Configuration())
        for _ in 1...20 { _ = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/")) }
        let count = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/connections"))
        XCTAssertEqual(text(count), "1")
    }

    func testTimesOut() async throws {
        let server = try LoopbackServer()
        let client = CurlHTTPClient(CurlHTTPClient.Configuration())
        let url = "http://127.0.0.1:\(server.port)"
        let error = await failure(of: client, HTTPRequest(url: "\(url)/hang", timeout: .milliseconds(50)))
        XCTAssertEqual(error?.isTimeout, true, "\(String(describing: error))")
        XCTAssertEqual(error?.isRetryable, true)
        // The client remains usable, and the timeout does not apply to the next request.
        let answer = try await client.send(HTTPRequest(url: "\(url)/connections"))
        XCTAssertEqual(text(answer), "2")
    }

    func testErrorsDescribeTheFailure() async throws {
        let server = try LoopbackServer()
        let url = "http://127.0.0.1:\(server.port)"
        var configuration = CurlHTTPClient.Configuration()
        configuration.bodyLimit = 100_000
        let client = CurlHTTPClient(configuration)
        struct Case {
            var request: HTTPRequest, code: Int, isRetryable: Bool, text: String, line: UInt
            init(_ request: HTTPRequest, _ code: Int, _ isRetryable: Bool, _ text: String, line: UInt = #line) {
                (self.request, self.code, self.isRetryable, self.text) = (request, code, isRetryable, text)
                self.line = line
            }
        }
        let cases = [
            Case(.init(url: "http://127.0.0.1:1/"), 7, true, "127.0.0.1:1: "),
            Case(.init(url: "\(url)/cut"), 18, true, "5 bytes remaining"),
            Case(.init(url: "\(url)/endless"), 63, false, "longer than 100000 bytes"),
            Case(.init(url: "\(url)/torn"), 56, true, "within the head"),
            Case(.init(url: "\(url)/headers"), 63, false, "headers are longer than 262144 bytes"),
            Case(.init(url: "ftp://127.0.0.1/"), 1, false, "ftp"),
            Case(.init(url: "file:///etc/passwd"), 1, false, "file"),
            Case(.init(url: "http://u:secret@127.0.0.1:1/?k=secret"), 7, true, ":1: "),
            Case(.init(url: "\(url)/", headers: [.init("A", "1\r\nB: 2")]), 43, false, "header A"),
            Case(.init(method: "GET / HTTP/1.1\r\n", url: url), 43, false, "method"),
            Case(.init(url: "\(url)/\r\n"), 43, false, "URL"),
            Case(.init(url: "https://127.0.0.1/"), 77, false, "AWS_CA_BUNDLE"),
        ]
        for row in cases {
            let error = await failure(of: client, row.request)
            let found = "\(row.request.url): \(String(describing: error))"
            XCTAssertEqual(error?.code, row.code, found, line: row.line)
            XCTAssertEqual(error?.isRetryable, row.isRetryable, found, line: row.line)
            XCTAssertTrue(error?.description.contains(row.text) ?? false, found, line: row.line)
            XCTAssertFalse(error?.description.contains("secret") ?? true, found, line: row.line)
        }
    }

    func testCutBodyIsAcceptedAfterTheHead() async throws {
        let server = try LoopbackServer()
        let url = "http://127.0.0.1:\(server.port)"
        var configuration = CurlHTTPClient.Configuration()
        configuration.bodyLimit = 10_000
        configuration.cutsBody = true
        let client = CurlHTTPClient(configuration)
        for path in ["endless", "cut"] {
            let answer = try await client.send(HTTPRequest(url: "\(url)/\(path)", timeout: .seconds(20)))
            XCTAssertEqual(answer.status, 200, path)
            XCTAssertLessThanOrEqual(answer.body.count, 10_000, path)
        }
        // A head without an end is incomplete, and an interim head does not count.
        for path in ["headers", "early", "torn"] {
            let error = await failure(of: client, HTTPRequest(url: "\(url)/\(path)", timeout: .seconds(20)))
            XCTAssertNotNil(error, path)
        }
        let next = try await client.send(HTTPRequest(url: "\(url)/"))
        XCTAssertEqual(next.status, 200)
    }

    func testCancellationEndsRunningTransfer() async throws {
        let server = try LoopbackServer()
        let client = CurlHTTPClient(CurlHTTPClient.Configuration())
        let request = HTTPRequest(url: "http://127.0.0.1:\(server.port)/hang")
        let task = Task { try await client.send(request) }
        XCTAssertEqual(server.nextLine(), "hanging")
        task.cancel()
        do {
            let answer = try await task.value
            XCTFail("an answer to a cancelled request: \(answer)")
        } catch { XCTAssertTrue(error is CancellationError, "\(error)") }
        let next = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/connections"))
        XCTAssertEqual(text(next), "2")
    }

    func testCancelledTaskSendsNothing() async throws {
        let server = try LoopbackServer()
        let client = CurlHTTPClient(CurlHTTPClient.Configuration())
        let request = HTTPRequest(url: "http://127.0.0.1:\(server.port)/")
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await client.send(request)
        }
        let result = await task.result
        XCTAssertThrowsError(try result.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
        let count = try await client.send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/connections"))
        XCTAssertEqual(text(count), "1")
    }
}

/// Tests of the client's TLS with a server whose certificate authority is created for the test.
final class CurlHTTPClientTLSTests: XCTestCase {
    private func client(trusting path: String) -> CurlHTTPClient {
        CurlHTTPClient(CurlHTTPClient.Configuration(certificateBundle: CertificateBundle(path: path)))
    }

    func testTrustsOnlyTheGivenAuthorityForTheRightHost() async throws {
        let certificates = try TestCertificates()
        let server = try LoopbackServer(certificate: certificates.path("localhost"))
        let impostor = try LoopbackServer(certificate: certificates.path("elsewhere"))
        let trusting = client(trusting: certificates.path("ca.crt"))
        for host in ["localhost", "127.0.0.1"] {
            let answer = try await trusting.send(HTTPRequest(url: "https://\(host):\(server.port)/connections"))
            XCTAssertEqual(answer.status, 200, host)
        }

        let wrongHost = await failure(of: trusting, HTTPRequest(url: "https://localhost:\(impostor.port)/"))
        XCTAssertEqual(wrongHost?.code, 60, "\(String(describing: wrongHost))")
        XCTAssertEqual(wrongHost?.isRetryable, false)
        let distrusting = client(trusting: certificates.path("other-ca.crt"))
        let wrongAuthority = await failure(of: distrusting, HTTPRequest(url: "https://localhost:\(server.port)/"))
        XCTAssertEqual(wrongAuthority?.code, 60, "\(String(describing: wrongAuthority))")
        XCTAssertNotNil(wrongAuthority?.advice)
        let missing = client(trusting: certificates.path("none.crt"))
        let noBundle = await failure(of: missing, HTTPRequest(url: "https://localhost:\(server.port)/"))
        XCTAssertEqual(noBundle?.code, 77, "\(String(describing: noBundle))")
    }

    func testReusesOneTLSConnection() async throws {
        let certificates = try TestCertificates()
        let server = try LoopbackServer(certificate: certificates.path("localhost"))
        let trusting = client(trusting: certificates.path("ca.crt"))
        let request = HTTPRequest(url: "https://localhost:\(server.port)/connections")
        for _ in 1...5 { _ = try await trusting.send(request) }
        let answer = try await trusting.send(request)
        XCTAssertEqual(answer.body, Array("1".utf8))
    }
}

/// Returns the error of `request`; fails the test and returns `nil` if it succeeds or throws another error.
private func failure(
    of client: CurlHTTPClient, _ request: HTTPRequest, file: StaticString = #filePath, line: UInt = #line
) async -> TransportError? {
    do {
        let answer = try await client.send(request)
        XCTFail("\(request.url) was answered with \(answer.status)", file: file, line: line)
    } catch let error as TransportError {
        return error
    } catch { XCTFail("\(request.url) ended with \(error)", file: file, line: line) }
    return nil
}
