import Basics
import Telemetry
import Transport

/// AWS Signature Version 4 in headers or in a query.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
struct SigV4: Sendable {
    var credentials: AWSCredentials
    var region: String
    /// The service's signing name.
    var service: String
    /// Whether the path is encoded twice; S3 signs the path as it is sent.
    var encodesPathTwice: Bool { service != "s3" }

    /// Returns the headers with those that authenticate the request added.
    ///
    /// All headers are signed except for those that libraries and proxies change.
    ///
    /// - Parameters:
    ///   - headers: The headers including `Host`, without those that are added here.
    ///   - path: The percent-encoded path as it is sent, starting with a slash.
    ///   - query: The query as it is sent; see ``canonicalQuery(_:)``.
    func sign(
        method: String, path: String, query: String, headers: [HTTPHeader], body: [UInt8], at time: WallClock
    ) -> [HTTPHeader] {
        let date = Self.basicDate(time)
        let bodyHash = SHA256.digest(of: body).hexadecimal
        var headers = headers
        headers.append(HTTPHeader("X-Amz-Date", date))
        headers.append(HTTPHeader("X-Amz-Content-Sha256", bodyHash))
        if let token = credentials.sessionToken { headers.append(HTTPHeader("X-Amz-Security-Token", token)) }
        let canonical = canonicalRequest(
            method: method, path: path, query: query, headers: headers, bodyHash: bodyHash)
        let scope = "\(date.prefix(8))/\(region)/\(service)/aws4_request"
        let signature = signature(of: canonical.text, date: date, scope: scope)
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), "
            + "SignedHeaders=\(canonical.signedHeaders), Signature=\(signature)"
        return headers + [HTTPHeader("Authorization", authorization)]
    }

    /// Returns a GET request's query with the authentication parameters added, for clients that cannot send headers.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
    ///
    /// - Parameters:
    ///   - path: The percent-encoded path, starting with a slash.
    ///   - seconds: The lifetime of the signature.
    func presign(
        host: String, path: String, query items: [AWSRequest.QueryItem], seconds: Int, at time: WallClock
    ) -> String {
        let date = Self.basicDate(time)
        let scope = "\(date.prefix(8))/\(region)/\(service)/aws4_request"
        var items =
            items + [
                AWSRequest.QueryItem("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
                AWSRequest.QueryItem("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope)"),
                AWSRequest.QueryItem("X-Amz-Date", date), AWSRequest.QueryItem("X-Amz-Expires", String(seconds)),
                AWSRequest.QueryItem("X-Amz-SignedHeaders", "host"),
            ]
        if let token = credentials.sessionToken { items.append(AWSRequest.QueryItem("X-Amz-Security-Token", token)) }
        let query = Self.canonicalQuery(items)
        let canonical = canonicalRequest(
            method: "GET", path: path, query: query, headers: [HTTPHeader("Host", host)],
            bodyHash: SHA256.digest(of: []).hexadecimal)
        return "\(query)&X-Amz-Signature=\(signature(of: canonical.text, date: date, scope: scope))"
    }

    /// Returns the canonical request, which client and server hash.
    func canonicalRequest(
        method: String, path: String, query: String, headers: [HTTPHeader], bodyHash: String
    ) -> (text: String, signedHeaders: String) {
        let signed = Self.canonicalHeaders(headers)
        let names = signed.map(\.name).joined(separator: ";")
        let lines = signed.map { "\($0.name):\($0.value)\n" }.joined()
        let text = "\(method)\n\(canonicalPath(path))\n\(query)\n\(lines)\n\(names)\n\(bodyHash)"
        return (text, names)
    }

    func signature(of canonicalRequest: String, date: String, scope: String) -> String {
        let hash = SHA256.digest(of: Array(canonicalRequest.utf8)).hexadecimal
        let stringToSign = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(hash)"
        var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
        for part in scope.split(separator: "/") {
            key = SHA256.authenticationCode(of: Array(part.utf8), key: key)
        }
        return SHA256.authenticationCode(of: Array(stringToSign.utf8), key: key).hexadecimal
    }

    /// Returns the query sorted by encoded name, then value.
    static func canonicalQuery(_ items: [AWSRequest.QueryItem]) -> String {
        items.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    private func canonicalPath(_ path: String) -> String {
        guard encodesPathTwice else { return path }
        return path.split(separator: "/", omittingEmptySubsequences: false)
            .map { PercentEncoding.encode(String($0)) }.joined(separator: "/")
    }

    /// Returns the names in lower case and sorted, with values trimmed and runs of blanks collapsed; values of equal
    /// names are joined by commas.
    private static func canonicalHeaders(_ headers: [HTTPHeader]) -> [(name: String, value: String)] {
        var values = TextTable<String>()
        for header in headers {
            let name = header.name.lowercased()
            guard !unsigned.contains(name) else { continue }
            let words = header.value.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            let value = String(decoding: Array(words.joined(separator: " ".utf8)), as: UTF8.self)
            values[name] = values[name].map { $0 + "," + value } ?? value
        }
        return values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { ($0, values[$0] ?? "") }
    }

    private static let unsigned: Set = [
        "authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
    ]

    /// Returns the time in the format `20261124T120000Z`.
    static func basicDate(_ time: WallClock) -> String {
        time.iso8601.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    }
}
