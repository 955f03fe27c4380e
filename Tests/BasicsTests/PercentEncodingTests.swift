import XCTest

@testable import Basics

/// Tests of the encoding of every byte.
final class PercentEncodingTests: XCTestCase {
    func testEncodesAllButUnreservedCharacters() {
        let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
        XCTAssertEqual(PercentEncoding.encode(unreserved), unreserved)
        for byte in UInt8(0)...0x7F where !unreserved.utf8.contains(byte) {
            let digits = String(byte, radix: 16, uppercase: true)
            let expected = "%" + (digits.count == 1 ? "0" : "") + digits
            XCTAssertEqual(PercentEncoding.encode(String(UnicodeScalar(byte))), expected)
        }
    }

    func testEncodesTextAsItsUTF8() {
        let cases = [
            ("", ""), (" ", "%20"), ("é", "%C3%A9"), ("e\u{301}", "e%CC%81"), ("𐍈", "%F0%90%8D%88"),
            ("%41", "%2541"), ("a/b+c=~*'()", "a%2Fb%2Bc%3D~%2A%27%28%29"),
            ("arn:aws:lambda:::f:$LATEST", "arn%3Aaws%3Alambda%3A%3A%3Af%3A%24LATEST"),
        ]
        for (text, expected) in cases { XCTAssertEqual(PercentEncoding.encode(text), expected) }
    }
}
