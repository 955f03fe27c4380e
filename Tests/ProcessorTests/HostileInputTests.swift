import Telemetry
import TestSupport
import XCTest

@testable import JSON
@testable import Processor

/// The CPU time of a whole invocation with hostile records, which must be proportional to their length.
final class HostileInputTests: XCTestCase {
    private struct NullSink: LineSink {
        func write(_ lines: [UInt8]) {}
    }

    /// Runs records with all readers enabled: window aggregates, logged documents, metrics, responses.
    private func pipeline() -> Pipeline {
        let log = Logger(level: .debug, sink: NullSink())
        return Pipeline(
            dispatcher: Dispatcher([LogProcessor(log: log)]), deadLetters: FakeDeadLetterSink(), log: log,
            metrics: InvocationMetrics(functionName: "f", sink: NullSink()), aggregatesWindows: true)
    }

    private func check(
        _ name: String, lengths: [Int] = CPUTimeGrowth.lengths, _ event: (Int) throws -> [UInt8], line: UInt = #line
    ) rethrows {
        let growth = try CPUTimeGrowth(lengths: lengths, make: event) { event in
            var pipeline = pipeline()
            var response: [UInt8] = []
            let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(3600))
            _ = try? pipeline.respond(to: event, 0..<event.count, context: context, into: &response)
        }
        XCTAssertTrue(growth.isProportional(), "\(name): \(growth)", line: line)
    }

    private func check(_ cases: [String: (Int) -> String]) {
        for (name, text) in cases.sorted(by: { $0.key < $1.key }) {
            check(name) { EventText([.init(text($0), "1")], before: Self.window).bytes }
        }
    }

    private static let window = #""window":{"start":"a","end":"b"},"isFinalInvokeForWindow":true,"#
    private static let concert = #""concert_id":"c","event_date":"2027-01-01""#
    private static let sale =
        #""sale_id":"s","concert_id":"c","ticket_tier":"t","quantity":3,"purchase_timestamp":"2027-01-01""#

    private static func marks(_ count: Int) -> String { "a" + String(repeating: "\u{301}\u{323}", count: count) }
    private static func digits(_ count: Int) -> String { String(repeating: "9", count: count) }

    func testTextOfCombiningMarks() {
        check([
            "ID": { #"{"artist_id":"\#(Self.marks($0))","name":"n"}"# },
            "ID of a concert": { #"{"concert_id":"\#(Self.marks($0))","event_date":"2027-01-01"}"# },
            "ID in escapes": { "{\"concert_id\":\"\(String(repeating: "\\u0301", count: $0))\",\"event_date\":\"\"}" },
            "name": { #"{"venue_id":"v","name":"\#(Self.marks($0))","city":"c","country":"d"}"# },
            "name of an artist": { #"{"artist_id":"a","name":"\#(Self.marks($0))"}"# },
            "genre": { #"{"artist_id":"a","name":"n","genre":"\#(Self.marks($0))"}"# },
            "upper-case genre": {
                #"{"artist_id":"a","name":"n","genre":"\#(String(repeating: "Ä\u{301}", count: $0))"}"#
            },
            "tier": { #"{\#(Self.concert),"ticket_prices":{"\#(Self.marks($0))":1}}"# },
            "status": { #"{\#(Self.concert),"status":"\#(Self.marks($0))"}"# },
            "key": { #"{\#(Self.concert),"\#(Self.marks($0))":1}"# },
            "data type": { #"{"data_type":"\#(Self.marks($0))"}"# },
            "timestamp": { #"{"concert_id":"c","event_date":"2027-01-01T\#(Self.marks($0))"}"# },
            "white space": { "{\(Self.concert),\"name\":\"\(String(repeating: "\u{3000}", count: $0))x\u{3000}\"}" },
        ])
    }

    func testManyMembersAndElements() {
        func joined(_ count: Int, _ part: (Int) -> String) -> String {
            (0..<count / 10).map(part).joined(separator: ",")
        }
        check([
            "unknown keys": { length in "{\(Self.concert),\(joined(length) { "\"k\($0)\":0" })}" },
            "known keys": { length in "{\(joined(length) { "\"status\":\"\($0)\"" }),\(Self.concert)}" },
            "raw data": { length in "{\(Self.concert),\"raw_data\":{\(joined(length) { "\"k\($0)\":{}" })}}" },
            "list": { length in "{\"artist_id\":\"a\",\"name\":\"n\",\"genres\":[\(joined(length) { "\"g\($0)\"" })]}"
            },
            "list in text": { length in
                "{\"artist_id\":\"a\",\"name\":\"n\",\"genre\":\"\(joined(length) { "g\($0)" })\"}"
            },
            "separators": { "{\"artist_id\":\"a\",\"name\":\"n\",\"genre\":\"\(String(repeating: ",", count: $0))\"}" },
            "tiers": { length in "{\(Self.concert),\"ticket_prices\":{\(joined(length) { "\"t\($0)\":1" })}}" },
            "tiers that repeat": { length in
                "{\(Self.concert),\"ticket_prices\":{\(joined(length) { "\"t\($0 % 7)\":1" })}}"
            },
            "tiers with bad prices": { length in
                "{\(Self.concert),\"ticket_prices\":{\(joined(length) { "\"t\($0)\":-1" })}}"
            },
            "tiers in text": { length in
                "{\(Self.concert),\"ticket_prices\":\"\(joined(length) { "t\($0):1" }.replacing(",", with: "|"))\"}"
            },
            "spotify's followers": { length in
                "{\"artist_id\":\"a\",\"name\":\"n\",\"raw_data\":{\"followers\":{\(joined(length) { "\"t\($0)\":1" }),\"total\":1}}}"
            },
        ])
    }

    func testNestingAndBrokenText() {
        check([
            "deep lists": { String(repeating: "[", count: $0) },
            "deep objects": { String(repeating: #"{"a":"#, count: $0) },
            "deep objects of known keys": { String(repeating: #"{"data":"#, count: $0) },
            "lists side by side": { "{\(Self.concert),\"x\":[\(String(repeating: "[[[]]],", count: $0 / 7))0]}" },
            "a cut text": { "{\(Self.concert),\"name\":\"\(String(repeating: "x", count: $0))" },
            "escapes": { "{\(Self.concert),\"name\":\"\(String(repeating: "\\n\\u00e9", count: $0 / 8))\"}" },
            "surrogates alone": { "{\(Self.concert),\"name\":\"\(String(repeating: "\\ud83c", count: $0 / 6))\"}" },
            "white space": { "{\(Self.concert)\(String(repeating: " \n", count: $0 / 2))}" },
            "a second value": { "{\(Self.concert),\"name\":\"\(String(repeating: "x", count: $0))\"} 1" },
        ])
        check("bad UTF-8 at the end") { length in
            let bytes = Array("{\(Self.concert),\"name\":\"\(String(repeating: "é", count: length))".utf8) + [0xFF]
            return EventText([.init(bytes: bytes, "1")]).bytes
        }
        check("no base64") { EventText([.init(base64: String(repeating: "A", count: $0) + "!", "1")]).bytes }
        check("base64 in escapes") { EventText([.init(base64: String(repeating: #"\/"#, count: $0 * 4), "1")]).bytes }
    }

    func testLongNumbers() {
        check([
            "digits": { "{\(Self.concert),\"revenue\":\(Self.digits($0))}" },
            "digits in text": { "{\(Self.concert),\"revenue\":\"\(Self.digits($0))\"}" },
            "decimals": { "{\(Self.concert),\"revenue\":0.\(Self.digits($0))}" },
            "zeros": { "{\(Self.concert),\"revenue\":0.\(String(repeating: "0", count: $0))1}" },
            "an exponent": { "{\(Self.concert),\"revenue\":1e\(String(repeating: "0", count: $0))2}" },
            "a whole number": { "{\(Self.concert),\"total_attendance\":\(Self.digits($0))}" },
            "a price": { "{\(Self.concert),\"ticket_prices\":{\"vip\":0.\(Self.digits($0))}}" },
            "a sum": { "{\(Self.sale),\"unit_price\":1.\(Self.digits($0)),\"total_price\":6.0\(Self.digits($0))}" },
            "a sum of other lengths": { "{\(Self.sale),\"unit_price\":2,\"total_price\":6.00\(Self.digits($0))}" },
            "a score": { "{\"artist_id\":\"a\",\"name\":\"n\",\"popularity_score\":99.\(Self.digits($0))}" },
        ])
    }

    func testManyRecords() throws {
        let bad = Array(Sample.nameless.utf8)
        check("an aggregate of bad records") { length in
            EventText([.init(bytes: Aggregate(keys: ["k"], (0..<length / 10).map { _ in (0, bad) }).bytes, "1")]).bytes
        }
        check("records of forms that never repeat") { length in
            EventText((0..<length / 50).map { .init("{\(Self.concert),\"k\($0)\":{\"x\($0)\":1}}", "\($0 + 1)") }).bytes
        }
        check("concerts of a window") { length in
            let records = (0..<length / 50).map { number in
                EventText.Record(
                    #"{"concert_id":"\#(Self.marks(5))\#(number)","event_date":"2027-01-01"}"#, "\(number + 1)")
            }
            return EventText(records, before: Self.window).bytes
        }
        check("sequence numbers that are escaped") { length in
            EventText((0..<length / 50).map { .init(Sample.concert, #"\u0031"# + "\($0)") }).bytes
        }
    }

    func testCompressedRecords() {
        check("marks") { length in
            let text = #"{"concert_id":"\#(Self.marks(length))","event_date":"2027-01-01"}"#
            return EventText([.init(bytes: GzipWriter.member(Array(text.utf8)), "1")], before: Self.window).bytes
        }
        check("members") { length in
            let member = GzipWriter.member([])
            return EventText([.init(bytes: Array(repeatElement(member, count: length / 20).joined()), "1")]).bytes
        }
    }

    func testTheStateOfAWindow() {
        let states: [String: (Int) -> String] = [
            "a name": { #"{"aggregates":{"concerts":{"\#(Self.marks($0))":{"sales":1}}}}"# },
            "a status": { #"{"aggregates":{"concerts":{"c":{"status":"cancelled\#(Self.marks($0))"}}}}"# },
            "names": { length in
                let members = (0..<length / 50).map { #""\#(Self.marks(8))\#($0)":{"sales":1,"revenue":"1.00"}"# }
                return #"{"aggregates":{"concerts":{\#(members.joined(separator: ","))}}}"#
            },
            "revenue": { #"{"aggregates":{"revenue":"\#(Self.digits($0))"}}"# },
            "count": { #"{"aggregates":{"sales":\#(Self.digits($0))}}"# },
            "another's member": { #"{"\#(Self.marks($0))":[\#(String(repeating: "0,", count: $0))0]}"# },
        ]
        for (name, state) in states.sorted(by: { $0.key < $1.key }) {
            check(name) { length in
                EventText([.init(Sample.concert, "1")], before: "\(Self.window)\"state\":\(state(length)),").bytes
            }
        }
    }
}
