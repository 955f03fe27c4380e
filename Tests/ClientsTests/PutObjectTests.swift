import Foundation
import XCTest

@testable import Clients

/// Tests of the S3 call that writes an object.
final class PutObjectTests: XCTestCase {
    func testPutObjectContainsTheBodysSHA256() throws {
        // Calculated with `openssl dgst -sha256 -binary
        //  base64`.
        let cases: [(body: String, checksum: String, line: UInt)] = [
            ("", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", #line),
            ("abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", #line),
            (#"{"reason":"json"}"#, "K8T/cd5sRrnBKf+qSLbOPyXvYaYF2RuTN0GaVlj51xY=", #line),
        ]
        for (body, checksum, line) in cases {
            let request = AWSRequest.putObject(
                bucket: "letters", key: "a/b.json", contentType: "application/json", body: Array(body.utf8))
            let found = request.headers.filter { $0.name == "x-amz-checksum-sha256" }
            XCTAssertEqual(found.map(\.value), [checksum], line: line)
            XCTAssertEqual(request.body, Array(body.utf8), line: line)
        }
    }

    func testChecksumIsSigned() async throws {
        let credentials = AWSCredentials(accessKeyID: "key", secretAccessKey: "secret")
        let http = ScriptedHTTPClient([.json(200, "")])
        let client = AWSClient(
            AWSClient.Configuration(
                region: "eu-west-1", credentials: StaticCredentials(credentials, origin: "a test")), http: http)
        _ = try await client.send(
            .putObject(bucket: "letters", key: "a.json", contentType: "application/json", body: Array("{}".utf8)))
        let sent = await http.requests
        let authorization = try XCTUnwrap(sent.first?.header("Authorization"))
        XCTAssertTrue(authorization.contains("x-amz-checksum-sha256"), authorization)
    }
}
