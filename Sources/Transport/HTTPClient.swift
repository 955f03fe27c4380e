/// Something that carries HTTP requests; fakes stand in for the real one in tests.
public protocol HTTPClient: Sendable {
    /// Sends `request` and returns the whole answer, whatever its status.
    ///
    /// - Throws: ``CurlError`` when there is no whole answer; `CancellationError` when the task was cancelled.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}
