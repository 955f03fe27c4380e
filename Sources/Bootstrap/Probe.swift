import Transport

/// `bootstrap --probe URL`: shows whether this binary, where it stands, can make an HTTPS request.
///
/// It goes the way of every request to AWS: the same TLS set-up, the same CA bundle.
enum Probe {
    /// Makes one GET request and prints what came of it.
    ///
    /// - Returns: The exit status: 0 on any HTTP answer, else 1.
    static func run(url: String, environment: [String: String]) async -> Int32 {
        let bundle = CertificateBundle(environment: environment)
        print("libraries: \(CurlHTTPClient.libraryVersions())")
        print("CA bundle: \(bundle?.path ?? "none found")")
        do {
            let client = CurlHTTPClient(CurlHTTPClient.Configuration(certificateBundle: bundle))
            let response = try await client.send(HTTPRequest(url: url, timeout: .seconds(30)))
            print("answer:    status \(response.status), \(response.body.count) bytes")
            return 0
        } catch {
            print("failed:    \(error)")
            if let advice = (error as? CurlError)?.advice { print("try:       \(advice)") }
            return 1
        }
    }
}
