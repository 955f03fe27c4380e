import Transport

/// A client that responds from a script, in order, and records the requests.
actor ScriptedHTTPClient: HTTPClient {
    enum Step {
        case answer(HTTPResponse)
        case failure(TransportError)
        /// A response that depends on the request.
        case handler(@Sendable (HTTPRequest) -> HTTPResponse)
        /// A request that ends only when the task is cancelled.
        case silence
    }

    private var steps: [Step]
    private(set) var requests: [HTTPRequest] = []

    init(_ steps: [Step]) { self.steps = steps }

    /// The same response to every request.
    init(_ handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse) { steps = [.handler(handler)] }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        requests.append(request)
        guard let step = steps.first else {
            throw TransportError(code: 52, action: "go on", reason: "the script is over")
        }
        switch step {
        case .answer(let response):
            steps.removeFirst()
            return response
        case .failure(let error):
            steps.removeFirst()
            throw error
        case .handler(let handler): return handler(request)
        case .silence:
            let endless = AsyncStream<Never> { _ in }
            for await _ in endless {}
            throw CancellationError()
        }
    }
}

extension ScriptedHTTPClient.Step {
    static func json(_ status: Int, _ body: String, _ headers: HTTPHeaders = [:]) -> Self {
        .answer(HTTPResponse(status: status, headers: headers, body: Array(body.utf8)))
    }

    static let refusedConnection = failure(
        TransportError(code: 7, action: "complete the request to h", reason: "connection refused"))
    static let timeout = failure(TransportError(code: 28, action: "complete the request to h", reason: "timed out"))
}

extension HTTPRequest {
    /// The value of the first header with the name.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}
