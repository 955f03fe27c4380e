import XCTest

@testable import Clients

final class AWSEndpointTests: XCTestCase {
    func testFindsAWSsOwnEndpoints() {
        let cases: [(service: AWSService, region: String, origin: String, signingRegion: String)] = [
            (.kinesis, "us-east-1", "https://kinesis.us-east-1.amazonaws.com", "us-east-1"),
            (.cloudWatch, "eu-central-1", "https://monitoring.eu-central-1.amazonaws.com", "eu-central-1"),
            (.lambda, "cn-north-1", "https://lambda.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            (.iam, "eu-west-1", "https://iam.amazonaws.com", "us-east-1"),
            (.iam, "cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            (.iam, "us-gov-east-1", "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
            (.sso, "eu-west-1", "https://portal.sso.eu-west-1.amazonaws.com", "eu-west-1"),
        ]
        for row in cases {
            let endpoint = AWSEndpoint(row.service, region: row.region)
            XCTAssertEqual(endpoint.origin, row.origin)
            XCTAssertEqual(endpoint.signingRegion, row.signingRegion, row.origin)
        }
    }

    func testTakesEndpointsThatSomebodyNamed() {
        let cases: [(url: String, origin: String, host: String, path: String)] = [
            ("http://127.0.0.1:5555", "http://127.0.0.1:5555", "127.0.0.1:5555", ""),
            ("HTTPS://h.example:443/", "https://h.example:443", "h.example", ""),
            ("http://h:80/a/b//", "http://h:80", "h", "/a/b"),
            ("http://[::1]:9000", "http://[::1]:9000", "[::1]:9000", ""),
            ("https://h:80", "https://h:80", "h:80", ""),
        ]
        for row in cases {
            let endpoint = AWSEndpoint(url: row.url, .kinesis, region: "us-east-1")
            XCTAssertEqual(endpoint?.origin, row.origin)
            XCTAssertEqual(endpoint?.host, row.host)
            XCTAssertEqual(endpoint?.basePath, row.path)
        }
        for url in [
            "", "h", "ftp://h", "http://", "http:///x", "http://:80", "http://u@h", "http://h/?q", "http://h/#f",
            "http://h\\x", "http://é",
        ] {
            XCTAssertNil(AWSEndpoint(url: url, .kinesis, region: "us-east-1"), url)
        }
    }

    func testPutsARequestTogether() {
        var request = AWSRequest.lambda(
            "GetFunction", "GET", ["functions", "arn:aws:x/y z"], query: [.init("b", "2 +"), .init("a", "é")])
        XCTAssertEqual(
            AWSEndpoint(url: "http://h/base", .lambda, region: "us-east-1").map { request.url(at: $0) },
            "http://h/base/2015-03-31/functions/arn%3Aaws%3Ax%2Fy%20z?a=%C3%A9&b=2%20%2B")
        request = .sts("GetCallerIdentity")
        XCTAssertEqual(String(decoding: request.body, as: UTF8.self), "Action=GetCallerIdentity&Version=2011-06-15")
    }

    func testKnowsARegionsForm() {
        for name in ["us-east-1", "ap-southeast-2", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "mx-central-1"]
        {
            XCTAssertTrue(Partition.isRegion(name), name)
        }
        for name in [
            "", "us", "us-east", "us-east-", "US-EAST-1", "us-east-1.evil", "us_east_1", "-a-1", "us-east-1a",
            "us-east-123",
        ] {
            XCTAssertFalse(Partition.isRegion(name), name)
        }
    }
}

final class XMLElementTests: XCTestCase {
    private func parse(_ text: String) -> XMLElement? { XMLElement(parsing: Array(text.utf8)) }

    func testReadsWhatAWSSends() throws {
        let text = """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <!-- comment -->
            <ns:Answer xmlns:ns='x' a = "<>'&quot;" >
              <List><member><Name>a &lt;&amp;&gt; &#x48;&#105;</Name></member><member/><other/></List>
              <Text><![CDATA[<raw> & ]]>more</Text><Empty></Empty>
            </ns:Answer>

            """
        let element = try XCTUnwrap(parse(text))
        XCTAssertEqual(element.name, "Answer")
        XCTAssertEqual(element.list("List").map { $0.text(of: "Name") }, ["a <&> Hi", nil])
        XCTAssertEqual(element.text(of: "Text"), "<raw> & more")
        XCTAssertNil(element.text(of: "Empty"))
        XCTAssertEqual(element.first("Name")?.text, "a <&> Hi")
        XCTAssertNil(element.first("None"))
    }

    func testRefusesWhatIsNotWellFormedOrNotAskedFor() {
        let refused = [
            "", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&unknown;</a>", "<a>&amp</a>", "<a>&#xD800;</a>",
            "<a>&#x110000;</a>",
            "<a b></a>", "<a b=c></a>", "<a b='c></a>", "<a><!-- </a>", "<a><![CDATA[ </a>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<?xml <a/>", "<a/>x", "< a/>",
            String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100),
        ]
        for text in refused { XCTAssertNil(parse(text), text) }
        XCTAssertNil(XMLElement(parsing: [0x3C, 0x61, 0xFF, 0x2F, 0x3E]), "not UTF-8")
    }

    func testNothingThatIsCutOrChangedCanTrap() {
        let text = Array("<?xml version='1.0'?><a b=\"c\"><d>&#x41;<![CDATA[x]]><!-- y --></d><e/></a>".utf8)
        for length in 0..<text.count { XCTAssertNil(XMLElement(parsing: Array(text[..<length])), "\(length)") }
        for index in text.indices {
            for byte in [UInt8(0), 0x20, 0x26, 0x3C, 0x3E, 0x2F, 0x5D, 0xFF] {
                var changed = text
                changed[index] = byte
                _ = XMLElement(parsing: changed)
            }
        }
    }
}
