import XCTest

@testable import Clients

/// Tests of endpoints and of the Region that requests are signed for.
final class AWSEndpointTests: XCTestCase {
    func testEachPartitionHasItsOwnDomain() {
        let cases: [(service: AWSService, region: String, origin: String, signing: String)] = [
            (.kinesis, "us-east-1", "https://kinesis.us-east-1.amazonaws.com", "us-east-1"),
            (.cloudWatch, "eu-central-1", "https://monitoring.eu-central-1.amazonaws.com", "eu-central-1"),
            (.sso, "eu-west-1", "https://portal.sso.eu-west-1.amazonaws.com", "eu-west-1"),
            (.sts, "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            (.lambda, "us-gov-west-1", "https://lambda.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            (.iam, "eu-central-1", "https://iam.amazonaws.com", "us-east-1"),
            (.iam, "cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            (.iam, "us-gov-east-1", "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
            (.kinesis, "eusc-de-east-1", "https://kinesis.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ]
        for row in cases {
            let endpoint = AWSEndpoint(row.service, region: row.region)
            XCTAssertEqual(endpoint.origin, row.origin, "\(row)")
            XCTAssertEqual("https://" + endpoint.host, row.origin, "\(row)")
            XCTAssertEqual(endpoint.signingRegion, row.signing, "\(row)")
            XCTAssertEqual(endpoint.basePath, "", "\(row)")
        }
    }

    func testParsesConfiguredEndpoints() throws {
        let cases: [(url: String, origin: String, host: String, path: String)] = [
            ("http://127.0.0.1:4566", "http://127.0.0.1:4566", "127.0.0.1:4566", ""),
            ("http://127.0.0.1:4566/", "http://127.0.0.1:4566", "127.0.0.1:4566", ""),
            ("https://h:443/a/b//", "https://h:443", "h", "/a/b"),
            ("http://h:80", "http://h:80", "h", ""),
            ("http://h:443", "http://h:443", "h:443", ""),
            ("HTTPS://Host.example", "https://Host.example", "Host.example", ""),
            ("http://[::1]:5555/x", "http://[::1]:5555", "[::1]:5555", "/x"),
        ]
        for row in cases {
            let endpoint = try XCTUnwrap(AWSEndpoint(url: row.url, .kinesis, region: "eu-west-1"), row.url)
            XCTAssertEqual(endpoint.origin, row.origin, row.url)
            XCTAssertEqual(endpoint.host, row.host, row.url)
            XCTAssertEqual(endpoint.basePath, row.path, row.url)
            XCTAssertEqual(endpoint.signingRegion, "eu-west-1", row.url)
        }
        XCTAssertEqual(AWSEndpoint(url: "http://h", .iam, region: "eu-west-1")?.signingRegion, "us-east-1")
    }

    func testRejectsInvalidURLs() {
        let texts = [
            "", "h", "localhost:4566", "ftp://h", "http://", "http:///x", "http://:80", "http://u@h", "http://u:p@h/",
            "http://h/?q", "http://h/#f", "http://h\\x", "http://h x", "http://h\nx", "http://é", "http://h\u{7F}",
            "http:/h", "https", "http://h\"",
        ]
        for text in texts { XCTAssertNil(AWSEndpoint(url: text, .kinesis, region: "us-east-1"), text) }
    }

    func testBuildsTheRequestURL() {
        var request = AWSRequest.lambda(
            "GetFunction", "GET", ["functions", "arn:aws:x/y z"], query: [.init("b", "2 +"), .init("a", "é")])
        XCTAssertEqual(
            AWSEndpoint(url: "http://h/base", .lambda, region: "us-east-1").map { request.url(at: $0) },
            "http://h/base/2015-03-31/functions/arn%3Aaws%3Ax%2Fy%20z?a=%C3%A9&b=2%20%2B")
        request = .sts("GetCallerIdentity")
        XCTAssertEqual(String(decoding: request.body, as: UTF8.self), "Action=GetCallerIdentity&Version=2011-06-15")
    }

    func testRecognizesRegionNames() {
        for name in ["us-east-1", "ap-southeast-2", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1", "me-south-12"] {
            XCTAssertTrue(Partition.isRegion(name), name)
        }
        for name in [
            "", "-", "us", "us-east", "us-east-1a", "US-EAST-1", "us-east-123", "us--1", "us-east-", "-east-1",
            "us-east-1.evil.example", "us-east-1/", "us east 1", "us-east-é", "us-east-１", "a-b-1\n",
            "aaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbbb-1",
        ] { XCTAssertFalse(Partition.isRegion(name), name) }
    }

    func testPortMustBeANumber() {
        for url in ["http://h:1", "http://h:65535/x", "http://[::1]:8080", "http://[::1]", "https://h:443"] {
            XCTAssertNotNil(AWSEndpoint(url: url, .kinesis, region: "us-east-1"), url)
        }
        let odd = [
            "http://h:", "http://h:x", "http://h:0", "http://h:65536", "http://h:+80", "http://h:80:80", "http://::1",
            "http://[::1", "http://[::1]x", "http://h:99999999999999999999",
        ]
        for url in odd { XCTAssertNil(AWSEndpoint(url: url, .kinesis, region: "us-east-1"), url) }
    }

    func testErrorsDoNotContainAnEndpointsPassword() throws {
        var configuration = AWSClient.Configuration(region: "us-east-1", credentials: FakeCredentialSource(["KEY"]))
        configuration.endpointURL = { _ in "https://me:hunter2@example.com" }
        let client = AWSClient(configuration, http: ScriptedHTTPClient([]))
        XCTAssertThrowsError(try client.endpoint(of: .kinesis)) { error in
            XCTAssertTrue("\(error)".contains("kinesis"), "\(error)")
            XCTAssertFalse("\(error)".contains("hunter2"), "\(error)")
        }
    }
}
