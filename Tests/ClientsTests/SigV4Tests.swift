import Basics
import Telemetry
import Transport
import XCTest

@testable import Clients

/// Tests of signatures with AWS's published examples and with difficult requests.
final class SigV4Tests: XCTestCase {
    private static let credentials = AWSCredentials(
        accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

    /// A request of AWS's Signature Version 4 test suite.
    private struct Case {
        var name: String
        var method = "GET"
        var path = "/"
        var query: [AWSRequest.QueryItem] = []
        var headers: [HTTPHeader] = []
        var signature: String
        var line: UInt

        init(
            _ name: String, _ method: String = "GET", query: [AWSRequest.QueryItem] = [], headers: [HTTPHeader] = [],
            gives signature: String, line: UInt = #line
        ) {
            (self.name, self.method, self.query, self.headers) = (name, method, query, headers)
            (self.signature, self.line) = (signature, line)
        }
    }

    /// Source: the Signature Version 4 test suite, with service `service`, at 2015-08-30T12:36:00Z.
    func testSignaturesEqualPublishedExamples() {
        let cases = [
            Case("get-vanilla", gives: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            Case(
                "get-vanilla-query-order-key-case",
                query: [AWSRequest.QueryItem("Param2", "value2"), AWSRequest.QueryItem("Param1", "value1")],
                gives: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
            Case("post-vanilla", "POST", gives: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            Case(
                "post-header-key-sort", "POST", headers: [HTTPHeader("My-Header1", "value1")],
                gives: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
            Case(
                "get-header-value-trim",
                headers: [HTTPHeader("My-Header1", " value1"), HTTPHeader("My-Header2", " \"a   b   c\"")],
                gives: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        ]
        for row in cases {
            let signer = SigV4(credentials: Self.credentials, region: "us-east-1", service: "service")
            let headers =
                [HTTPHeader("Host", "example.amazonaws.com"), HTTPHeader("X-Amz-Date", "20150830T123600Z")]
                + row.headers
            let canonical = signer.canonicalRequest(
                method: row.method, path: row.path, query: SigV4.canonicalQuery(row.query), headers: headers,
                bodyHash: SHA256.digest(of: []).hexadecimal)
            let signature = signer.signature(
                of: canonical.text, date: "20150830T123600Z", scope: "20150830/us-east-1/service/aws4_request")
            XCTAssertEqual(signature, row.signature, "\(row.name)\n\(canonical.text)", line: row.line)
        }
    }

    /// An example of the documentation of S3.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    func testObjectPathIsEncodedOnce() throws {
        let signer = SigV4(
            credentials: AWSCredentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1", service: "s3")
        let headers = signer.sign(
            method: "PUT", path: "/test%24file.text", query: "",
            headers: [
                HTTPHeader("Host", "examplebucket.s3.amazonaws.com"),
                HTTPHeader("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                HTTPHeader("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], body: Array("Welcome to Amazon S3.".utf8), at: WallClock(millisecondsSinceEpoch: 1_369_353_600_000))
        let authorization = try XCTUnwrap(headers.first { $0.name == "Authorization" }).value
        XCTAssertEqual(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
                + "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    func testPathIsEncodedTwiceAndQueryOnce() {
        let signer = SigV4(credentials: Self.credentials, region: "us-east-1", service: "lambda")
        let query = SigV4.canonicalQuery([
            AWSRequest.QueryItem("Marker", "a+b/c=="), AWSRequest.QueryItem("EventSourceArn", "arn:aws:kinesis"),
            AWSRequest.QueryItem("E", ""), AWSRequest.QueryItem("FunctionName", "fn é"),
        ])
        let canonical = signer.canonicalRequest(
            method: "GET", path: "/functions/arn%3Aaws%3A%24LATEST", query: query,
            headers: [HTTPHeader("Host", "h"), HTTPHeader("User-Agent", "not signed")], bodyHash: "-")
        XCTAssertEqual(
            canonical.text,
            "GET\n/functions/arn%253Aaws%253A%2524LATEST\n"
                + "E=&EventSourceArn=arn%3Aaws%3Akinesis&FunctionName=fn%20%C3%A9&Marker=a%2Bb%2Fc%3D%3D\nhost:h\n\nhost\n-"
        )
    }

    func testDescriptionsDoNotContainCredentials() {
        let credentials = AWSCredentials(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret-key-text", sessionToken: "token-text")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            XCTAssertFalse(text.contains("AKID") || text.contains("secret-key") || text.contains("token-t"), text)
        }
    }
}
