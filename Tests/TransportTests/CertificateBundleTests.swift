import XCTest

@testable import Transport

final class CertificateBundleTests: XCTestCase {
    /// A case of the table; with `line`, a failure refers to the case instead of the loop.
    private struct Case {
        var name: String
        var environment: [String: String]
        var files: [String]
        var path: String?
        var line: UInt

        init(
            _ name: String, _ environment: [String: String], _ files: [String], _ path: String?, line: UInt = #line
        ) {
            (self.name, self.environment, self.files, self.path, self.line) = (name, environment, files, path, line)
        }
    }

    func testEnvironmentPrecedesDefaultPaths() {
        let amazon = "/etc/pki/tls/certs/ca-bundle.crt"
        let debian = "/etc/ssl/certs/ca-certificates.crt"
        let cases = [
            Case("AWS first", ["AWS_CA_BUNDLE": "/a", "SSL_CERT_FILE": "/s"], [amazon], "/a"),
            Case("OpenSSL's second", ["SSL_CERT_FILE": "/s"], [amazon], "/s"),
            Case("empty is unset", ["AWS_CA_BUNDLE": "", "SSL_CERT_FILE": "/s"], [amazon], "/s"),
            Case("both empty", ["AWS_CA_BUNDLE": "", "SSL_CERT_FILE": ""], [amazon], amazon),
            Case("no way round a wrong path", ["AWS_CA_BUNDLE": "/missing"], [amazon, debian], "/missing"),
            Case("Amazon Linux before Debian", [:], [debian, amazon], amazon),
            Case("Debian", [:], [debian], debian),
            Case("none", [:], [], nil),
        ]
        for row in cases {
            let bundle = CertificateBundle(environment: row.environment) { row.files.contains($0) }
            XCTAssertEqual(bundle?.path, row.path, row.name, line: row.line)
        }
    }

    func testChecksTheFileSystem() {
        XCTAssertTrue(CertificateBundle.isReadable("/dev/null"))
        XCTAssertFalse(CertificateBundle.isReadable("/nowhere/ca.crt"))
    }
}

final class DurationTests: XCTestCase {
    func testWholeMillisecondsAreNeverZero() {
        let cases: [(Duration, Int)] = [
            (.zero, 1), (.seconds(-5), 1), (.nanoseconds(1), 1), (.microseconds(1500), 2), (.seconds(30), 30_000),
            (.seconds(Int64.max), Int(Int32.max)), (.seconds(Int64.min), 1),
        ]
        for (duration, milliseconds) in cases {
            XCTAssertEqual(duration.wholeMilliseconds, milliseconds, "\(duration)")
        }
    }
}
