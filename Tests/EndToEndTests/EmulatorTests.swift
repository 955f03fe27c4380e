import XCTest

/// Tests of the built `bootstrap` with AWS's emulator of the Runtime API.
final class EmulatorTests: XCTestCase {
    func testFixturesReturnTheExpectedResponses() throws {
        try withEmulator { emulator in
            for fixture in try Fixture.all() {
                let answer = try emulator.invoke(fixture.event)
                XCTAssertEqual(answer.status, 200, fixture.name)
                XCTAssertEqual(try? JSONValue(parsing: answer.body), fixture.response, fixture.name)
            }
        }
    }

    func testErrorReachesTheCallerAndTheNextInvocationSucceeds() throws {
        try withEmulator { emulator in
            let error = try JSONValue(parsing: try emulator.invoke(Array("{}".utf8)).body)
            XCTAssertEqual(error["errorType"], "Runtime.InvalidEvent")

            let fixture = try Fixture(named: "one-venue")
            XCTAssertEqual(try JSONValue(parsing: try emulator.invoke(fixture.event).body), fixture.response)
        }
    }

    func testEventOfFiveMegabytesIsProcessed() throws {
        try withEmulator { emulator in
            let event = MadeEvent.artists(8_000).bytes
            XCTAssertTrue((4_500_000...6_000_000).contains(event.count), "\(event.count)")
            for _ in 0..<2 {
                XCTAssertEqual(try JSONValue(parsing: try emulator.invoke(event).body), ["batchItemFailures": []])
            }
        }
    }

    func testInvalidSettingsReachTheCaller() throws {
        try withEmulator(environment: ["PROCESSORS": "teleporter", "METRICS": "maybe"]) { emulator in
            let answer = try emulator.invoke(Array("{}".utf8))
            let error = try JSONValue(parsing: answer.body)
            XCTAssertEqual(error["errorType"], "Runtime.InvalidSettings")
            let message = error["errorMessage"].string ?? ""
            XCTAssertTrue(message.contains("PROCESSORS") && message.contains("METRICS"), message)
        }
    }

    /// Runs `body` with a new emulator, and prints its output if the test fails.
    private func withEmulator(environment: [String: String] = [:], _ body: (Emulator) throws -> Void) throws {
        let emulator = try Emulator(environment: environment)
        let failures = testRun?.failureCount ?? 0
        do { try body(emulator) } catch {
            print("the emulator wrote:", String(emulator.log.suffix(4000)), separator: "\n")
            throw error
        }
        if (testRun?.failureCount ?? 0) > failures {
            print("the emulator wrote:", String(emulator.log.suffix(4000)), separator: "\n")
        }
    }
}
