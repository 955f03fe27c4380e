/// An HTTP client over libcurl that sends one request at a time, on a thread that may block.
///
/// Connections are kept open between requests, so use one client for each frequently called host, and one for each
/// concurrent request. libcurl and OpenSSL are not initialized before the first request.
package actor CurlHTTPClient: HTTPClient {
    /// The settings of all requests of a client.
    package struct Configuration: Sendable, Equatable {
        /// The trusted certificate authorities; required for HTTPS.
        package var certificateBundle: CertificateBundle?
        /// The limit for the name lookup, the connection and the TLS handshake together, within the request's timeout.
        package var connectTimeout: Duration = .seconds(3)
        /// The maximum size of a response body in bytes.
        package var bodyLimit = 32 << 20
        /// Whether a response is complete when its head has arrived: a body that is longer than ``bodyLimit``, is
        /// interrupted or does not end is truncated, and the connection closed, instead of an error.
        package var cutsBody = false
        /// Whether `http_proxy`, `HTTPS_PROXY`, `NO_PROXY` and similar variables apply: to a command line, but not to
        /// the Runtime API.
        package var honoursProxyEnvironment = false

        package init(certificateBundle: CertificateBundle? = nil) { self.certificateBundle = certificateBundle }
    }

    private let configuration: Configuration
    private let executor = BlockingExecutor(label: "curl")
    private var idleHandle: EasyHandle?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    package init(_ configuration: Configuration) { self.configuration = configuration }

    /// Returns names and versions of libcurl and its libraries, such as `libcurl/7.88.1 OpenSSL/3.0.22`.
    package static func libraryVersions() -> String { curlVersions() }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try Task.checkCancellation()
        var handle = try idleHandle.take() ?? EasyHandle()
        let waker = handle.waker
        let result = await withTaskCancellationHandler {
            Result { () throws(TransportError) in try handle.perform(request, configuration) }
        } onCancel: {
            waker.wake()
        }
        idleHandle = consume handle
        switch result {
        case .success(let response): return response
        case .failure(let error): throw error.isCancellation ? CancellationError() : error
        }
    }
}
