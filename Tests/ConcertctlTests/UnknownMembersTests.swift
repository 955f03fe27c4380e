import TestSupport
import XCTest

@testable import concertctl

/// Tests of the suggestions for misspelled members.
final class UnknownMembersTests: XCTestCase {
    func testSimilarMembersAreSuggested() {
        let cases: [(payload: String, found: [String: String])] = [
            (#"{"artist_id":"a","popularity":1}"#, ["popularity": "popularity_score"]),
            (#"{"Status":"x","NAME":"y"}"#, ["Status": "status", "NAME": "name"]),
            (
                #"{"popularty_score":1,"evnt_date":1}"#,
                ["popularty_score": "popularity_score", "evnt_date": "event_date"]
            ),
            (#"{"data":{"tiket_tier":"vip"}}"#, ["tiket_tier": "ticket_tier"]),
            // Escapes are resolved; other members of the producer, and members of other objects, are not reported.
            (#"{"\u0053tatus":"x","my_own":{"Status":1},"x":1,"ids":[]}"#, ["Status": "status"]),
            (#"{"name":"n","raw_data":{"Name":1},"test":false}"#, [:]),
            ("[1]", [:]), ("{", [:]), ("", [:]), ("{\"\(String(repeating: "name", count: 100))\":1}", [:]),
        ]
        for (payload, found) in cases {
            var members = UnknownMembers()
            members.add(Array(payload.utf8), origin: "f:1")
            XCTAssertEqual(
                Dictionary(uniqueKeysWithValues: members.findings.map { ($0.name, $0.suggestion) }), found, payload)
        }
    }

    func testDifferentNamesAreLimited() {
        var members = UnknownMembers()
        for number in 0..<3000 { members.add(Array("{\"name_\(number)\":1,\"Status\":2}".utf8), origin: "f:\(number)") }
        XCTAssertLessThanOrEqual(members.findings.count, 1000)
        let status = members.findings.first { $0.name == "Status" }
        XCTAssertEqual(status?.count, 3000)
        XCTAssertEqual(status?.first, "f:0")
    }

    func testReplayAndPutReportThem() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "{\"artist_id\":\"a\",\"name\":\"n\"}\n{\"artist_id\":\"b\",\"name\":\"n\",\"popularity\":1}\n",
            to: "up.ndjson")
        let expected = "popularity: did you mean popularity_score? (1 record, first \(path):2)"
        let text = try Concertctl.run(["replay", path])
        XCTAssertEqual(text.status, 0, text.notes)
        XCTAssertTrue(text.output.contains(expected), text.output)
        let json = try Concertctl.run(["replay", path, "--output", "json"]).json()
        let members = json["unknownMembers"] as? [[String: Any]]
        XCTAssertEqual(members?.first?["suggestion"] as? String, "popularity_score")
        let put = try Concertctl.run(
            ["stream", "put", path, "--dry-run", "--stream-name", "s"],
            environment: ["AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"])
        XCTAssertEqual(put.status, 0, put.notes)
        XCTAssertTrue(put.notes.contains(expected), put.notes)
    }
}
