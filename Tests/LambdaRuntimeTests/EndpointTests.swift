import XCTest

@testable import LambdaRuntime

/// Tests of the value of `AWS_LAMBDA_RUNTIME_API`.
final class EndpointTests: XCTestCase {
    func testParsesHostAndPort() throws {
        let endpoints: [(text: String, host: String, port: UInt16, isNumeric: Bool)] = [
            ("127.0.0.1:9001", "127.0.0.1", 9001, true), ("127.0.0.1", "127.0.0.1", 80, true),
            ("localhost:1", "localhost", 1, false), ("sandbox.local:65535", "sandbox.local", 65535, false),
            ("[::1]:9001", "::1", 9001, true), ("[::1]", "::1", 80, true),
        ]
        for expected in endpoints {
            let endpoint = try XCTUnwrap(Endpoint(expected.text), expected.text)
            XCTAssertEqual(endpoint.host, expected.host)
            XCTAssertEqual(endpoint.port, expected.port)
            XCTAssertEqual(endpoint.isNumeric, expected.isNumeric)
            XCTAssertEqual(endpoint.description, expected.text)
        }
    }

    func testParsesPath() throws {
        let endpoints: [(text: String, port: UInt16, authority: String, path: String, line: UInt)] = [
            ("localhost:5050/Function", 5050, "localhost:5050", "/Function", #line),
            ("localhost:5050/a/b-c_1.2/", 5050, "localhost:5050", "/a/b-c_1.2", #line),
            ("localhost:5050/", 5050, "localhost:5050", "", #line),
            ("localhost/Function", 80, "localhost", "/Function", #line),
            ("localhost/a:1", 80, "localhost", "/a:1", #line),
            ("[::1]:9001/a]:2", 9001, "[::1]:9001", "/a]:2", #line), ("[::1]:9001", 9001, "[::1]:9001", "", #line),
        ]
        for (text, port, authority, path, line) in endpoints {
            let endpoint = try XCTUnwrap(Endpoint(text), text, line: line)
            XCTAssertEqual(endpoint.port, port, line: line)
            XCTAssertEqual(endpoint.authority, authority, line: line)
            XCTAssertEqual(endpoint.basePath, path, line: line)
        }
    }

    func testRejectsInvalidEndpoints() {
        let texts = [
            "", ":", ":80", "host:", "host:0", "host:65536", "host:+80", "host:-1", "host:http", "host:80 ", "a b:80",
            "http://host:80", "/path", ":80/path", "host:80/a b", "host:80/a?b", "host:80/#",
            "host:80/f\u{F6}", "h\u{F6}st:80", "host\r\n:80", "[]:80", "[]",
        ]
        for text in texts { XCTAssertNil(Endpoint(text), text) }
    }
}
