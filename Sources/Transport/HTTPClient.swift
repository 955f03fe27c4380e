/// An HTTP client, which tests replace with fakes.
package protocol HTTPClient: Sendable {
    /// Sends `request` and returns the complete response, regardless of its status.
    ///
    /// - Throws: ``TransportError`` if there is no complete response; `CancellationError` if the task was cancelled.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}
