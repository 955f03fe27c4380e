import Transport

/// The option `--probe URL`, which checks whether this binary can make an HTTPS request from where it runs.
///
/// The request uses the same TLS configuration and CA bundle as requests to AWS.
enum Probe {
    /// Makes one GET request and prints the result.
    ///
    /// - Returns: The exit status: 0 after any HTTP response, otherwise 1.
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
            if let advice = (error as? TransportError)?.advice { print("try:       \(advice)") }
            return 1
        }
    }
}
