import Foundation
import Telemetry
import XCTest

@testable import JSON
@testable import Processor

final class WindowAggregatesTests: XCTestCase {
    private static func sale(_ id: Int, of concert: String, _ quantity: Int, _ price: String, total: String? = nil)
        -> String
    {
        #"{"sale_id":"s\#(id)","concert_id":"\#(concert)","ticket_tier":"vip","quantity":\#(quantity),"#
            + #""unit_price":\#(price),"purchase_timestamp":"2026-11-09T10:00:00Z"\#(total.map { #","total_price":\#($0)"# } ?? "")}"#
    }

    private static func concert(_ id: String, _ status: String) -> String {
        #"{"concert_id":"\#(id)","event_date":"2027-01-01","status":"\#(status)"}"#
    }

    private func pipeline(_ processors: [any RecordProcessor], _ lines: CollectedLines) -> Pipeline {
        Pipeline(
            dispatcher: Dispatcher(processors), log: Logger(level: .info, sink: lines),
            metrics: InvocationMetrics(functionName: "f", sink: lines), aggregatesWindows: true)
    }

    /// Returns the state and the whole response for an event with `payloads`.
    private func respond(
        _ payloads: [String], state: String = "{}", isFinal: Bool = false, _ pipeline: inout Pipeline
    ) throws -> (state: JSONValue, response: JSONValue) {
        let head =
            #""window":{"start":"2026-11-09T10:00:00Z","end":"2026-11-09T10:02:00Z"},"state":\#(state),"#
            + #""isFinalInvokeForWindow":\#(isFinal),"#
        let event = EventText(payloads.enumerated().map { .init($0.element, "\($0.offset + 1)") }, before: head).bytes
        let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(60))
        var response: [UInt8] = []
        _ = try pipeline.respond(to: event, 0..<event.count, context: context, into: &response)
        let value = try JSONValue(parsing: response)
        return (try XCTUnwrap(value["state"]), value)
    }

    func testWindowFiguresAccumulateAndAreLoggedAtTheEnd() throws {
        let lines = CollectedLines()
        var pipeline = pipeline([ScriptedProcessor()], lines)
        let first = try respond(
            [
                Self.sale(1, of: "c1", 2, "48.50"), Self.sale(2, of: "c2", 1, "0.10", total: "0.11"),
                Self.concert("c1", "scheduled"), Sample.artist("a"),
            ], state: #"{"mine":[1,2]}"#, &pipeline)
        XCTAssertEqual(first.state["mine"], [1, 2])
        let second = try respond(
            [Self.sale(3, of: "c1", 3, "1e1"), Self.concert("c1", "cancelled"), Self.concert("c1", "cancelled")],
            state: first.state.text, isFinal: true, &pipeline)
        let aggregates = try XCTUnwrap(second.state["aggregates"])
        XCTAssertEqual(aggregates["records"], ["artist": 1, "concert": 3, "ticket_sale": 3])
        XCTAssertEqual(aggregates["tickets"], 6)
        XCTAssertEqual(aggregates["revenue"], "127.11")
        XCTAssertEqual(aggregates["statusChanges"], ["cancelled": 1])
        XCTAssertEqual(
            aggregates["concerts"]?["c1"],
            ["sales": 2, "tickets": 5, "revenue": "127.00", "status": "cancelled"])
        let closed = lines.objects.filter { $0["message"] as? String == "window closed" }
        XCTAssertEqual(closed.count, 1)
        XCTAssertEqual(closed.first?["end"] as? String, "2026-11-09T10:02:00Z")
        let revenue = lines.objects.compactMap { $0["WindowRevenue"] as? Double }
        XCTAssertEqual(revenue, [127.11])
    }

    func testOnlyAcknowledgedRecordsCount() throws {
        let lines = CollectedLines()
        let processor = ScriptedProcessor(outcomes: [1: .retryable(reason: "down")])
        var pipeline = pipeline([processor], lines)
        let answer = try respond(
            (1...4).map { Self.sale($0, of: "c", 1, "1") }, isFinal: true, &pipeline)
        XCTAssertEqual(answer.state["aggregates"]?["sales"], 1)
        XCTAssertEqual(answer.response["batchItemFailures"]?.array?.count, 1)
        XCTAssertEqual(lines.objects.count { $0["message"] as? String == "window closed" }, 0)
    }

    func testCanonicallyEquivalentIDsAreTwoConcerts() throws {
        // The texts of each pair are equal as `String`s, but differ in their bytes.
        let pairs = [
            ("caf\u{E9}-1", "cafe\u{301}-1"), ("\u{1100}\u{1161}", "\u{AC00}"), ("x\u{307}\u{323}", "x\u{323}\u{307}"),
            ("\u{2126}", "\u{3A9}"),
        ]
        for (one, other) in pairs {
            var pipeline = pipeline([ScriptedProcessor()], CollectedLines())
            var state = "{}"
            for round in 1...3 {
                let payloads = [
                    Self.concert(one, "scheduled"), Self.concert(other, "cancelled"), Self.sale(1, of: one, 2, "1"),
                    Self.sale(2, of: other, 1, "10"),
                ]
                let answer = try respond(payloads, state: state, &pipeline)
                let aggregates = try XCTUnwrap(answer.state["aggregates"])
                XCTAssertEqual(aggregates["statusChanges"], [:], "no concert changed its status")
                let concerts = try XCTUnwrap(aggregates["concerts"]?.object)
                XCTAssertEqual(concerts.members.count, 2, one)
                XCTAssertEqual(concerts[one]?["tickets"]?.integer, 2 * round, one)
                XCTAssertEqual(concerts[one]?["status"], "scheduled", one)
                XCTAssertEqual(concerts[other]?["revenue"]?.string, "\(10 * round).00", one)
                XCTAssertEqual(concerts[other]?["status"], "cancelled", one)
                state = answer.state.text
            }
        }
    }

    func testStateStaysBelowAMegabyte() throws {
        let lines = CollectedLines()
        var pipeline = pipeline([ScriptedProcessor()], lines)
        let other = #"{"other":""# + String(repeating: "x", count: 600_000) + #""}"#
        var state = other
        for round in 0..<4 {
            let sales = (0..<2500).map { number in
                Self.sale(number, of: "c\(round)-\(number)-\\u0001" + String(repeating: "é", count: 40), 1, "1")
            }
            state = try respond(sales, state: state, &pipeline).state.text
            XCTAssertLessThan(state.utf8.count, 1_000_000)
        }
        let aggregates = try JSONValue(parsing: Array(state.utf8))["aggregates"]
        XCTAssertEqual(aggregates?["sales"], 10_000)
        XCTAssertEqual(aggregates?["revenue"], "10000.00")
        XCTAssertGreaterThan(aggregates?["omittedConcerts"]?.integer ?? 0, 0)
    }

    func testForeignStateIsIgnored() throws {
        let lines = CollectedLines()
        for state in [
            #"{"aggregates":5}"#,
            #"{"aggregates":{"sales":-1,"tickets":1e300,"revenue":"x","records":{"artist":"y"}}}"#,
            #"{"aggregates":{"sales":9223372036854775807,"revenue":"9e99","concerts":{"c":[]},"statusChanges":7}}"#,
        ] {
            var pipeline = pipeline([ScriptedProcessor()], lines)
            let answer = try respond([Self.sale(1, of: "c", 1, "1")], state: state, &pipeline)
            XCTAssertEqual(answer.state["aggregates"]?["sales"], 1, state)
        }
    }

    func testMoneyIsExactAndNeverOverflows() {
        func money(_ text: String) -> Money { Money(text) }
        for (text, shown) in [
            ("0", "0.00"), ("48.5", "48.50"), ("0.0001", "0.0001"), ("0.00009", "0.00"), ("-3.25", "-3.25"),
            ("1e3", "1000.00"), ("1e400", "100000000000.00"), ("12345678901.2345", "12345678901.2345"), ("x", "0.00"),
        ] {
            XCTAssertEqual(money(text).description, shown, text)
        }
        var sum = Money()
        for _ in 0..<1000 { sum.add(money("0.1")) }
        XCTAssertEqual(sum.description, "100.00")
        for _ in 0..<3 { sum.add(money("1e99")) }
        XCTAssertEqual(sum.description, "100000000000.00")
    }
}
