import Foundation
import JSON
import TestSupport
import Transport
import XCTest

@testable import Clients

/// Tests of sent requests, which botocore's signer verifies.
final class SignatureOracleTests: XCTestCase {
    private static let lasting = AWSCredentials(
        accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    private static let temporary = AWSCredentials(
        accessKeyID: "ASIATESTSESSION", secretAccessKey: "sessionSecret/abc+def",
        sessionToken: "FwoGZXIvYXdzEBYaDEXAMPLE+/token==")

    private func client(_ oracle: SigV4Oracle, _ credentials: AWSCredentials) -> AWSClient {
        var configuration = AWSClient.Configuration(
            region: "us-east-1", credentials: StaticCredentials(credentials, origin: "a test"))
        configuration.endpointURL = { [url = oracle.url] _ in url }
        configuration.retries.maxAttempts = 1
        return AWSClient(configuration, http: CurlHTTPClient(CurlHTTPClient.Configuration()))
    }

    /// Difficult requests of every protocol.
    private var requests: [AWSRequest] {
        let odd = "arn:aws:lambda:us-east-1:123456789012:function:é a+b/c=~*'()$LATEST"
        var object = AWSRequest(
            service: .s3, operation: "PutObject", method: "PUT", path: ["bucket", "a b", "c+d=é~*'()", "", "x:y.json"])
        object.body = Array("{}".utf8)
        object.query = [AWSRequest.QueryItem("tagging", ""), AWSRequest.QueryItem("versionId", "a/b+c==")]
        var spaced = AWSRequest.kinesis("ListStreams", [:])
        spaced.headers += [
            HTTPHeader("X-Amz-A", "  1  2\t3 "), HTTPHeader("X-Amz-A-B", "4"), HTTPHeader("x-amz-a1", ""),
        ]
        return [
            .kinesis("PutRecords", ["Records": [], "StreamName": "é\u{10348} \"quoted\""]),
            .kinesis("PutRecord", ["Data": .string(String(repeating: "x", count: 1 << 20))]),
            .lambda("GetFunction", "GET", ["functions", odd]),
            .lambda("DeleteEventSourceMapping", "DELETE", ["event-source-mappings", "a/../b"]),
            .lambda("UpdateEventSourceMapping", "PUT", ["event-source-mappings", "uuid"], body: ["BatchSize": 1]),
            .lambda(
                "ListEventSourceMappings", "GET", ["event-source-mappings", ""],
                query: [
                    AWSRequest.QueryItem("MaxItems", "10"), AWSRequest.QueryItem("FunctionName", odd),
                    AWSRequest.QueryItem("Marker", "a+b/c==&d?e#f%g"), AWSRequest.QueryItem("E", ""),
                    AWSRequest.QueryItem("A", "2"), AWSRequest.QueryItem("A", "1"),
                ]),
            .sts("GetCallerIdentity"),
            .iam("GetPolicy", [AWSRequest.QueryItem("PolicyArn", odd)]),
            .cloudWatch("GetMetricStatistics", [AWSRequest.QueryItem("Namespace", "AWS/Kinesis &=+%")]),
            .sqs("GetQueueAttributes", ["QueueUrl": "http://localhost/1/q"]),
            .sns("GetTopicAttributes", [AWSRequest.QueryItem("TopicArn", odd)]),
            object, spaced,
        ]
    }

    func testSignaturesEqualThoseOfBotocore() async throws {
        let oracle = try SigV4Oracle()
        for credentials in [Self.lasting, Self.temporary] {
            let client = client(oracle, credentials)
            for request in requests {
                do {
                    let response = try await client.send(request)
                    XCTAssertEqual(response.status, 200, request.operation)
                } catch {
                    XCTFail("\(request.service.name) \(request.operation) with \(credentials): \(error)")
                }
            }
        }
    }

    func testWrongSecretIsRejectedOnceAndNotShown() async throws {
        let oracle = try SigV4Oracle()
        var wrong = Self.temporary
        wrong.secretAccessKey = "another-secret-text"
        do {
            _ = try await client(oracle, wrong).send(.sts("GetCallerIdentity"))
            XCTFail("a wrong signature was accepted")
        } catch let error as AWSError {
            XCTAssertEqual(error.code, "SignatureDoesNotMatchException")
            XCTAssertFalse(error.isRetryable)
            for secret in [wrong.secretAccessKey, wrong.sessionToken ?? "", wrong.accessKeyID] {
                XCTAssertFalse("\(error)".contains(secret), "\(error)")
            }
        }
    }
}
