import Foundation
import RuntimeServer
import XCTest

/// A test of the built `bootstrap` with a Runtime API server, which prints the output of both if it fails.
class BootstrapTestCase: XCTestCase {
    /// Runs `body` with a new server and a new `bootstrap`, and ends them.
    ///
    /// - Parameter faults: The faults that are set before `bootstrap` starts.
    func withBootstrap(
        environment: [String: String] = [:], faults: [Fault] = [],
        _ body: (RuntimeServer, BootstrapProcess) throws -> Void
    ) throws {
        let server = try RuntimeServer(isRecording: true)
        for fault in faults { server.add(fault) }
        let bootstrap = try BootstrapProcess(server, environment: environment)
        let failures = testRun?.failureCount ?? 0
        defer {
            if (testRun?.failureCount ?? 0) > failures { report(server, bootstrap) }
            server.stop()
        }
        do { try body(server, bootstrap) } catch {
            report(server, bootstrap)
            throw error
        }
    }

    private func report(_ server: RuntimeServer, _ bootstrap: BootstrapProcess) {
        let requests = server.received.suffix(20).map { "  \($0.connection): \($0.method) \($0.path)" }
        print("requests, the last 20:", requests.joined(separator: "\n"), separator: "\n")
        print("bootstrap wrote:", String(bootstrap.log.suffix(4000)), separator: "\n")
    }

    /// Checks that an invocation with the smallest fixture succeeds.
    func assertServes(_ server: RuntimeServer, file: StaticString = #filePath, line: UInt = #line) throws {
        let fixture = try Fixture(named: "one-artist")
        assertResponse(server.invoke(fixture.event), equals: fixture.response, file: file, line: line)
    }
}

/// Checks an invocation's result, as JSON.
func assertResponse(
    _ answer: Answer, equals expected: JSONValue, _ message: String = "", file: StaticString = #filePath,
    line: UInt = #line
) {
    guard case .response(let body, _) = answer else {
        return XCTFail("\(message) expected a response, got \(summary(of: answer))", file: file, line: line)
    }
    XCTAssertEqual(try? JSONValue(parsing: body), expected, message, file: file, line: line)
}

/// Checks that an invocation failed as a whole, with an error type in the header and in the body.
func assertError(_ answer: Answer, type: String, file: StaticString = #filePath, line: UInt = #line) throws {
    guard case .error(let header, let body, _) = answer else {
        return XCTFail("expected an error, got \(summary(of: answer))", file: file, line: line)
    }
    XCTAssertEqual(header, type, file: file, line: line)
    let document = try JSONValue(parsing: body)
    XCTAssertEqual(document["errorType"], .string(type), file: file, line: line)
    XCTAssertNotEqual(document["errorMessage"].string ?? "", "", file: file, line: line)
    XCTAssertEqual(document["stackTrace"], [], file: file, line: line)
}

/// Returns a response as text.
func summary(of answer: Answer) -> String {
    switch answer {
    case .response(let body, _): "response \(String(decoding: body.prefix(500), as: UTF8.self))"
    case .error(let type, let body, _): "error \(type ?? "without type") \(String(decoding: body, as: UTF8.self))"
    case .initError(let type, let body): "init error \(type ?? "without type") \(String(decoding: body, as: UTF8.self))"
    case .timedOut: "no answer in time"
    case .lost(let reason): "lost: \(reason)"
    }
}

/// The recorded requests, by call.
extension RuntimeServer {
    /// Returns the requests whose path has a suffix, in order.
    func received(_ ending: String) -> [ReceivedRequest] { received.filter { $0.path.hasSuffix(ending) } }

    /// Waits for a number of requests whose path has a suffix.
    func await(_ ending: String, count: Int = 1, file: StaticString = #filePath, line: UInt = #line) {
        let isThere = waitUntil { received(ending).count >= count }
        XCTAssertTrue(isThere, "no \(count) requests to \(ending) came", file: file, line: line)
    }
}
