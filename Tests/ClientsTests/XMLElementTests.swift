import XCTest

@testable import Clients

/// Tests of valid, invalid and hostile XML documents.
final class XMLElementTests: XCTestCase {
    private func parsed(_ text: String) -> XMLElement? { XMLElement(parsing: Array(text.utf8)) }

    func testParsesDocumentsOfServices() throws {
        let text = """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <!-- c < > -->
            <r:ListResponse xmlns:r="https://x/" a='"'>\r
              <Result>
                <Names><member>a &lt;&amp;&gt; b</member><member><![CDATA[<raw> & ]] >]]></member><other/></Names>
                <Empty></Empty><Space> x </Space><Number>&#65;&#x1F600;</Number><!-- in -->
              </Result>
            </r:ListResponse  >
            <!-- after -->

            """
        let root = try XCTUnwrap(parsed(text))
        XCTAssertEqual(root.name, "ListResponse")
        let result = try XCTUnwrap(root["Result"])
        XCTAssertEqual(result.list("Names").map(\.text), ["a <&> b", "<raw> & ]] >"])
        XCTAssertNil(result.text(of: "Empty"))
        XCTAssertNil(result.text(of: "Missing"))
        XCTAssertEqual(result.text(of: "Space"), " x ")
        XCTAssertEqual(result.text(of: "Number"), "A\u{1F600}")
        XCTAssertEqual(result.text, "")
        XCTAssertEqual(root.first("member")?.text, "a <&> b")
        XCTAssertNil(root.first("absent"))
        XCTAssertEqual(root.list("Result"), [])
    }

    func testRejectsMalformedDocuments() {
        let texts = [
            "", " ", "text", "<", "<a", "<a>", "<a/", "</a>", "<a></b>", "<a><b></a></b>", "<a/><b/>", "<a/>x", "< a/>",
            "<a x/>", "<a x=1/>", "<a x='1/>", "<a>&b;</a>", "<a>&amp</a>", "<a>& b;</a>", "<a>&#xD800;</a>",
            "<a>&#;</a>",
            "<a>&#x110000;</a>", "<a>&#99999999999999999999;</a>", "<a><!-- </a>", "<a><![CDATA[x</a>", "<?xml <a/>",
            "<a><!b></!b></a>", "<a><?b?></a>", "<!-- -->",
            "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a><!DOCTYPE b></a>", "{}",
        ]
        for text in texts { XCTAssertNil(parsed(text), text) }
        XCTAssertNil(XMLElement(parsing: [0x3C, 0x61, 0x3E, 0xFF, 0x3C, 0x2F, 0x61, 0x3E]), "not UTF-8")
    }

    func testTextCanBeginWithACombiningMark() {
        XCTAssertEqual(XMLElement(parsing: Array("<a>\u{301}x</a>".utf8))?.text, "\u{301}x")
        XCTAssertEqual(XMLElement(parsing: Array("<a b='\u{301}'>&amp;\u{301}</a>".utf8))?.text, "&\u{301}")
        XCTAssertEqual(XMLElement(parsing: Array("<a><![CDATA[\u{301}x]]>\u{301}</a>".utf8))?.text, "\u{301}x\u{301}")
    }

    func testDepthHasALimit() {
        for (depth, isRead) in [(64, true), (65, false), (100_000, false)] {
            let text = String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
            XCTAssertEqual(parsed(text) != nil, isRead, "\(depth)")
        }
    }

    func testMutatedInputNeverTraps() {
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
