import Foundation
import XCTest

@testable import bootstrap

final class TraceVariableTests: XCTestCase {
    private var value: String? { ProcessInfo.processInfo.environment["_X_AMZN_TRACE_ID"] }

    func testVariableContainsTheCurrentTrace() {
        let variable = TraceVariable()
        defer { variable.set(nil) }
        XCTAssertNil(value)
        for trace in ["Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", "Root=1", "", "Root=2;Parent=é"] {
            variable.set(trace)
            XCTAssertEqual(value, trace)
        }
        variable.set(nil)
        XCTAssertNil(value)
        variable.set("again")
        XCTAssertEqual(value, "again")
        // The longest value that fits, and a longer one.
        let room = 1024 - "_X_AMZN_TRACE_ID=".utf8.count - 1
        variable.set(String(repeating: "x", count: room))
        XCTAssertEqual(value?.count, room)
        variable.set(String(repeating: "x", count: room + 1))
        XCTAssertNil(value)
    }
}
