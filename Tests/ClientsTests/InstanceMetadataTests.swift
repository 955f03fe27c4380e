import Transport
import XCTest

@testable import Clients

/// Tests of responses of the instance metadata service, and of the errors of those without credentials.
final class InstanceMetadataTests: XCTestCase {
    private typealias Step = ScriptedHTTPClient.Step

    private static let token = Step.json(200, "imds-token")
    private static let role = Step.json(200, "role\nother\n")
    private static let document = Step.json(
        200, #"{"Code":"Success","AccessKeyId":"AKIDI","SecretAccessKey":"s","Token":"t"}"#)

    private func outcome(
        _ steps: [ScriptedHTTPClient.Step], _ variables: [String: String] = [:]
    ) async -> (text: String, requests: [HTTPRequest]) {
        let http = ScriptedHTTPClient(steps)
        do {
            let fetch = try InstanceMetadataCredentials(Variables(variables)).fetch(http)
            return (try await fetch().accessKeyID, await http.requests)
        } catch { return ("\(error)", await http.requests) }
    }

    func testErrorsDescribeTheResponse() async {
        let cases: [(steps: [ScriptedHTTPClient.Step], words: [String])] = [
            ([.json(404, "")], ["status 404 for a session token", "IMDSv2"]),
            ([.json(405, "")], ["status 405 for a session token", "IMDSv2"]),
            ([.json(403, "")], ["status 403", "disabled", "--http-endpoint enabled"]),
            ([.json(400, "")], ["status 400 for /latest/api/token"]),
            ([.timeout], ["timed out", "hop limit must be 2", "--http-put-response-hop-limit 2"]),
            ([Self.token, .json(404, "")], ["the instance has no role"]),
            ([Self.token, .json(200, "\r\n")], ["the instance has no role"]),
            ([Self.token, Self.role, .json(404, "")], ["the instance's role has no credentials"]),
            ([Self.token, .json(401, "")], ["status 401 for /latest/meta-data/iam/security-credentials/"]),
            (
                [Self.token, Self.role, .json(200, #"{"Code":"AssumeRoleUnauthorizedAccess"}"#)],
                ["the role's credentials are not available: AssumeRoleUnauthorizedAccess"]
            ),
        ]
        for row in cases {
            let found = await outcome(row.steps)
            for word in row.words { XCTAssertTrue(found.text.contains(word), "\(word): \(found.text)") }
            XCTAssertEqual(found.requests.count, row.steps.count, found.text)
        }
        let hostile = await outcome([Self.token, Self.role, .json(200, "{\"Code\":\"\u{1B}[31m x\"}")])
        XCTAssertTrue(hostile.text.hasSuffix("the role's credentials are not available"), hostile.text)
        let later = await outcome([Self.token, .timeout])
        XCTAssertFalse(later.text.contains("hop limit"), "only the response to PUT has the limit: \(later.text)")
    }

    func testAttemptsAndTimeoutApplyToEachRequest() async {
        let variables = ["AWS_METADATA_SERVICE_NUM_ATTEMPTS": "3", "AWS_METADATA_SERVICE_TIMEOUT": "5"]
        let found = await outcome(
            [.timeout, .json(500, ""), Self.token, .refusedConnection, Self.role, .timeout, .timeout, Self.document],
            variables)
        XCTAssertEqual(found.text, "AKIDI")
        XCTAssertEqual(found.requests.map(\.method), ["PUT", "PUT", "PUT", "GET", "GET", "GET", "GET", "GET"])
        XCTAssertTrue(found.requests.allSatisfy { $0.timeout == .seconds(5) })
        let given = await outcome([.timeout, .timeout, .timeout, Self.token], variables)
        XCTAssertEqual(given.requests.count, 3, given.text)
        let refused = await outcome([.json(404, ""), Self.token], variables)
        XCTAssertEqual(refused.requests.count, 1, "a refusal is not tried again: \(refused.text)")
        let single = await outcome([.json(503, ""), Self.token])
        XCTAssertEqual(single.requests.count, 1, single.text)
        XCTAssertEqual(single.requests.first?.timeout, .seconds(1))
    }

    func testErrorNamesNumbersOutOfRange() async {
        for (name, value, range) in [
            ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0", "1...20"), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "x", "1...20"),
            ("AWS_METADATA_SERVICE_TIMEOUT", "1.5", "1...60"), ("AWS_METADATA_SERVICE_TIMEOUT", "61", "1...60"),
        ] {
            let found = await outcome([], [name: value])
            XCTAssertTrue(found.text.contains("\(name) or "), found.text)
            XCTAssertTrue(found.text.contains("is \"\(value)\"; expected a whole number in \(range)"), found.text)
        }
    }

    func testProfileCanSetAttemptsAndTimeout() async throws {
        let values: TextTable<String> = [
            "metadata_service_num_attempts": "2", "metadata_service_timeout": "7",
            "ec2_metadata_service_endpoint": "http://h/base//", "ec2_metadata_service_endpoint_mode": "IPv6",
        ]
        let profile = SharedConfiguration.Profile(name: "x", values: values)
        let http = ScriptedHTTPClient([.timeout, Self.token, Self.role, Self.document])
        _ = try await InstanceMetadataCredentials(Variables([:]), profile).fetch(http)()
        let requests = await http.requests
        XCTAssertEqual(
            requests.map(\.url).prefix(2), ["http://h/base/latest/api/token", "http://h/base/latest/api/token"])
        XCTAssertEqual(requests.first?.timeout, .seconds(7))
    }
}
