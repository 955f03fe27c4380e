/// Carries requests over libcurl, one at a time, on a thread where it may block.
///
/// Connections stay open between requests, so keep one client for each host that is often called, and as many as
/// there should be requests at once. Nothing of libcurl or OpenSSL is touched before the first request.
public actor CurlHTTPClient: HTTPClient {
    /// What holds for all of a client's requests.
    public struct Configuration: Sendable, Equatable {
        /// Whom to trust; HTTPS requests fail without one.
        public var certificateBundle: CertificateBundle?
        /// For the name lookup, the connection and the TLS handshake together; within the request's own timeout.
        public var connectTimeout: Duration = .seconds(3)
        /// The longest answer that is read, in bytes.
        public var bodyLimit = 32 << 20
        /// Whether a response counts once its head has arrived: a body that is longer than ``bodyLimit``, breaks off or does
        /// not end is cut, and the connection closed, instead of an error.
        public var cutsBody = false
        /// Whether `http_proxy`, `HTTPS_PROXY`, `NO_PROXY` and so on count: right for a command line, wrong for
        /// the Runtime API.
        public var honoursProxyEnvironment = false

        public init(certificateBundle: CertificateBundle? = nil) { self.certificateBundle = certificateBundle }
    }

    private let configuration: Configuration
    private let executor = BlockingExecutor(label: "curl")
    private var idleHandle: EasyHandle?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    public init(_ configuration: Configuration) { self.configuration = configuration }

    /// Names and versions of libcurl and the libraries in it, such as `libcurl/7.88.1 OpenSSL/3.0.22`.
    public static func libraryVersions() -> String { curlVersions() }

    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try Task.checkCancellation()
        var handle = try idleHandle.take() ?? EasyHandle()
        let waker = handle.waker
        let result = await withTaskCancellationHandler {
            Result { () throws(CurlError) in try handle.perform(request, configuration) }
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
