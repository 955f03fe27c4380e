import JSON
import TestSupport
import Transport
import XCTest

@testable import Clients

/// Tests of readable and unreadable responses in every format, and of their errors.
final class AWSResponseTests: XCTestCase {
    private func response(_ status: Int, _ body: String, _ headers: HTTPHeaders = [:]) -> AWSResponse {
        AWSResponse(
            service: "kinesis", operation: "ListStreams", status: status, headers: headers, body: Array(body.utf8))
    }

    private func error(
        _ status: Int, _ body: String, _ headers: HTTPHeaders = [:], mask: SecretMask = SecretMask(nil)
    ) -> AWSError { response(status, body, headers).error(attempts: 1, mask: mask) }

    func testParsesEveryErrorFormat() {
        let xml =
            "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://e/\"><Error><Type>Sender</Type>"
            + "<Code>AccessDenied</Code><Message>a &lt; b</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
        let cases: [(body: String, headers: HTTPHeaders, code: String, message: String, request: String?)] = [
            ("{\"message\":\"m\"}", ["x-amzn-ErrorType": "NotFound:http://i.am/coral"], "NotFound", "m", nil),
            ("{}", ["X-Amzn-Errortype": "com.amazonaws.lambda#NotFound:http://i/#x"], "NotFound", "", nil),
            ("", ["x-amzn-errortype": "NotFound"], "NotFound", "", nil),
            ("<html>", ["x-amzn-errortype": "NotFound"], "NotFound", "", nil),
            ("{\"__type\":\"com.amazonaws.kinesis#InUse\",\"Message\":\"m\"}", [:], "InUse", "m", nil),
            ("{\"__type\":\"InUse\"}", ["x-amzn-errortype": ""], "InUse", "", nil),
            ("{\"__type\":\"\",\"code\":\"InUse\"}", [:], "InUse", "", nil),
            ("{\"code\":\"InUse\",\"errorMessage\":\"m\"}", ["x-amzn-RequestId": "r-2"], "InUse", "m", "r-2"),
            ("{\"Code\":\"InUse\",\"Type\":\"User\"}", ["x-amz-request-id": "r-3"], "InUse", "", "r-3"),
            ("{\"code\":403,\"message\":\"Missing Token\"}", [:], "status 400", "Missing Token", nil),
            (xml, [:], "AccessDenied", "a < b", "r-1"),
            (xml, ["x-amzn-requestid": "r-4"], "AccessDenied", "a < b", "r-4"),
            (
                "<Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>r-5</RequestId></Error>", [:],
                "NoSuchKey", "m", "r-5"
            ),
        ]
        for row in cases {
            let refusal = error(400, row.body, row.headers).refusal
            XCTAssertEqual(refusal?.code, row.code, row.body)
            XCTAssertEqual(refusal?.message, row.message, row.body)
            XCTAssertEqual(refusal?.requestID, row.request, row.body)
        }
    }

    func testForeignErrorResponseIsUnreadable() {
        let bodies = [
            "", "<html><body>Sign in</body></html>", "<!DOCTYPE html><html></html>", "{\"__type\":\"InU", "[]", "null",
            "\"Unauthorized\"", "{}", "<Other><Code>c</Code></Other>", "<Error><Code></Code></Error>", "\u{0}\u{FF}",
        ]
        for body in bodies {
            for status in [301, 403, 407, 502] {
                let error = error(status, body, ["Content-Type": "text/html; charset=utf-8"])
                guard case .unreadable(_, _, status, let found) = error else {
                    XCTFail("\(error) for \(body)")
                    continue
                }
                XCTAssertEqual(found, "\(body.utf8.count) bytes of \"text/html\"")
                XCTAssertEqual(error.isRetryable, status >= 500)
                XCTAssertFalse(error.isDefinite)
                XCTAssertFalse(body.count > 4 && "\(error)".contains(body), "the body is quoted: \(error)")
            }
        }
    }

    func testForeignSuccessResponseIsUnreadable() {
        for body in ["<html></html>", "{\"StreamNames\":[", "[]", "null", "OK", "<?xml version=\"1.0\"?><a/>"] {
            XCTAssertThrowsError(try response(200, body).json(), body) { error in
                guard case .unreadable? = error as? AWSError else { return XCTFail("\(error)") }
            }
        }
        for body in ["", "{}", "<html></html>", "<HTML/>", "<a><b></a>", "<a/><a/>"] {
            XCTAssertThrowsError(try response(200, body).xml(), body)
        }
        XCTAssertEqual(try response(200, "").json(), [:])
        XCTAssertEqual(try response(200, "\u{FEFF}{\"a\":1}").json(), ["a": 1])
        XCTAssertEqual(try response(200, "<a>1</a>").xml().text, "1")
    }

    func testMasksSecretsButNotNames() {
        let credentials = AWSCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "sec/ret+text", sessionToken: "tok/en+text==")
        let mask = SecretMask(credentials, others: ["bearer-of-an-unsigned-call"])
        let hidden = [
            "sec/ret+text", "tok/en+text==", "tok%2Fen%2Btext%3D%3D", "AKIDEXAMPLE", "bearer-of-an-unsigned-call",
            "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", String(repeating: "FwoGZXIvYXdz", count: 9) + "/+==",
        ]
        for secret in hidden {
            for text in [
                secret, "the token \(secret) is invalid", "'\(secret)'", "Credential=\(secret)/20261124/us-east-1/x",
                "a,\(secret).", "é\(secret)é",
            ] {
                XCTAssertFalse(mask.masked(text).contains(secret), mask.masked(text))
                XCTAssertTrue(mask.masked(text).contains("***"))
            }
        }
        let shown = [
            "", "a b", "Requested resource not found: Stream concerts under account 123456789012 not found.",
            "49671296434863174683261237461623874612386712386712386124",
            "arn:aws:kinesis:eu-central-1:123456789012:stream/concert-data-stream-with-quite-a-long-name-that-goes-on",
            "arn:aws:lambda:eu-central-1:123456789012:function:\(String(repeating: "f", count: 64)):$LATEST",
            "arn:aws:iam::123456789012:role/service-role/\(String(repeating: "r", count: 64))",
            "8a1c5d2e-6f3b-4c7d-9e0f-1a2b3c4d5e6f", "shardId-000000000000", "AKIA is a prefix", "ASIATIC-RHINOCEROS",
            "https://sqs.eu-central-1.amazonaws.com/123456789012/\(String(repeating: "q", count: 75)).fifo",
            "é ü 日本語 👩‍👩‍👧 \r\n\t end",
        ]
        for text in shown { XCTAssertEqual(mask.masked(text), text) }
    }

    func testMasksSecretsInEveryErrorFormat() {
        let credentials = AWSCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "sec/ret+text", sessionToken: "tok/en+text==")
        let mask = SecretMask(credentials)
        for secret in ["tok/en+text==", "ASIAIOSFODNN7EXAMPLE", "sec/ret+text"] {
            for body in [
                "{\"__type\":\"\(secret)\",\"message\":\"\(secret)\"}",
                "<Error><Code>\(secret)</Code><Message>\(secret)</Message><RequestId>\(secret)</RequestId></Error>",
                "{\"message\":\"\u{600}\(secret)\u{301}\"}", "{\"message\":\"\(secret)\\r\\n\(secret)\"}",
            ] {
                let found = error(403, body, ["x-amz-request-id": secret], mask: mask)
                XCTAssertFalse("\(found)".contains(secret), "\(found)")
                XCTAssertFalse("\(found.refusal?.code ?? "")".contains(secret), body)
            }
        }
    }

    func testHostileBodiesAreLimited() {
        let token = String(repeating: "FwoGZXIvYXdz", count: 20)
        let long = String(repeating: "word ", count: 100_000)
        let quoted = long + token
        let refusal = error(400, "{\"__type\":\"A\",\"message\":\"\(quoted)\"}").refusal
        XCTAssertLessThan(refusal?.message.utf8.count ?? 0, 5000)
        XCTAssertTrue(refusal?.message.hasSuffix("...") ?? false)
        // A secret that is truncated at the end of the text is masked, too.
        for length in (64 << 10) - 120...(64 << 10) + 20 where length % 7 == 0 {
            let mask = SecretMask(nil, others: [token])
            let text = String(repeating: token + " ", count: 300).prefix(length)
            let shown = mask.masked(String(text) + token)
            XCTAssertFalse(shown.contains("FwoG"), shown.suffix(50).description)
        }
        let codes = error(400, "{\"__type\":\"\(String(repeating: "a\u{301}\u{323}", count: 50_000))\"}").refusal
        XCTAssertLessThan(codes?.code.utf8.count ?? .max, 300)
        let bodies = [
            "{\"__type\":\"A\",\"message\":\"" + String(repeating: "x", count: 2 << 20) + "\"}",
            String(repeating: "[", count: 200_000), String(repeating: "{\"a\":", count: 200_000),
            String(repeating: "<a>", count: 200_000),
            "<Error><Code>A</Code>" + String(repeating: "<b/>", count: 250_000),
            "<!DOCTYPE a [<!ENTITY b \"cc\"><!ENTITY d \"&b;&b;\">]><Error><Code>&d;</Code></Error>",
            "<Error><Code>&#+65;</Code></Error>", "<Error><Code>&#0;</Code></Error>", "<Error><Code>A</Code>",
        ]
        for body in bodies {
            guard case .unreadable = error(400, body) else {
                XCTFail("\(body.prefix(40)): \(error(400, body))")
                continue
            }
        }
        let wide = "<a>" + String(repeating: "<b/>", count: 200_000) + "</a>"
        XCTAssertThrowsError(try response(200, wide).xml())
    }

    func testErrorContainsTheRegionsOfRequestAndBucket() {
        func s3(_ status: Int, _ body: String, _ headers: HTTPHeaders = [:], region: String = "eu-west-1")
            -> AWSRefusal?
        {
            AWSResponse(service: "s3", operation: "o", status: status, headers: headers, body: Array(body.utf8))
                .error(attempts: 1, region: region, mask: SecretMask(nil)).refusal
        }
        let redirect = "<Error><Code>PermanentRedirect</Code><Endpoint>ENDPOINT</Endpoint></Error>"
        let cases: [(status: Int, body: String, headers: HTTPHeaders, code: String, bucket: String?)] = [
            (301, redirect, ["x-amz-bucket-region": "us-west-2"], "PermanentRedirect", "us-west-2"),
            (
                301, redirect.replacing("ENDPOINT", with: "b.s3.ap-south-1.amazonaws.com"), [:], "PermanentRedirect",
                "ap-south-1"
            ),
            (
                301, redirect.replacing("ENDPOINT", with: "s3-ap-south-1.amazonaws.com"), [:], "PermanentRedirect",
                "ap-south-1"
            ),
            (
                301, redirect.replacing("ENDPOINT", with: "eu-west-1.s3.ap-south-1.amazonaws.com"), [:],
                "PermanentRedirect", "ap-south-1"
            ),
            (
                400, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-east-2</Region></Error>", [:],
                "AuthorizationHeaderMalformed", "us-east-2"
            ),
            (301, "", ["x-amz-request-id": "r", "x-amz-bucket-region": "us-west-2"], "PermanentRedirect", "us-west-2"),
            (403, "", ["x-amz-request-id": "r", "x-amz-bucket-region": "eu-west-1"], "AccessDenied", nil),
            (404, "", ["x-amz-request-id": "r"], "NotFound", nil),
            (404, "<Error><Code>NoSuchBucket</Code></Error>", [:], "NoSuchBucket", nil),
            (301, redirect, ["x-amz-bucket-region": "evil.example"], "PermanentRedirect", nil),
            (301, redirect.replacing("ENDPOINT", with: "evil.example/us-east-1"), [:], "PermanentRedirect", nil),
        ]
        for row in cases {
            let refusal = s3(row.status, row.body, row.headers)
            XCTAssertEqual(refusal?.code, row.code, row.body)
            XCTAssertEqual(refusal?.bucketRegion, row.bucket, row.body)
            XCTAssertEqual(refusal?.region, "eu-west-1", row.body)
        }
        XCTAssertNil(s3(404, "", [:]), "a proxy answers HEAD without S3's request ID")
        let kinesis = response(400, "{\"__type\":\"ResourceNotFoundException\"}", ["x-amz-bucket-region": "us-west-2"])
            .error(attempts: 1, region: "eu-west-1", mask: SecretMask(nil)).refusal
        XCTAssertEqual(kinesis?.region, "eu-west-1")
        XCTAssertNil(kinesis?.bucketRegion)
    }

    func testErrorContainsTheRegion() async {
        for (service, region) in [(AWSService.kinesis, "eu-west-1"), (.iam, "us-east-1")] {
            var configuration = AWSClient.Configuration(region: "eu-west-1", credentials: FakeCredentialSource(["KEY"]))
            configuration.retries.maxAttempts = 1
            let http = ScriptedHTTPClient([.json(400, "{\"__type\":\"ResourceNotFoundException\"}")])
            let request = AWSRequest(service: service, operation: "o", method: "POST")
            do {
                _ = try await AWSClient(configuration, http: http).send(request)
                XCTFail("no error")
            } catch { XCTAssertEqual((error as? AWSError)?.refusal?.region, region) }
        }
    }

    func testMasksTokensOfUnsignedCalls() async throws {
        var configuration = AWSClient.Configuration(region: "us-east-1", credentials: FakeCredentialSource(["KEY"]))
        configuration.retries.maxAttempts = 1
        let http = ScriptedHTTPClient { request in
            let body = JSONValue.object(ofPresent: [("__type", "Denied"), ("message", .string(request.text))])
            return HTTPResponse(status: 400, body: body.bytes)
        }
        let folder = try TemporaryFolder()
        let file = try folder.write("short/t0ken\n", to: "token")
        do {
            _ = try await STSRole(arn: "arn:r").credentials(
                from: AWSClient(configuration, http: http), webIdentityTokenFile: file, origin: "a test")
            XCTFail("credentials from a refusal")
        } catch {
            XCTAssertTrue("\(error)".contains("Denied") && "\(error)".contains("***"), "\(error)")
            XCTAssertFalse("\(error)".contains("t0ken"), "\(error)")
        }
    }
}
