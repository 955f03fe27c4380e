import Clients
import JSON
import Synchronization
import Transport

/// The calls that `--dry-run` prints: one by one as text, or as one list at the end in JSON.
///
/// Headers are omitted, because they would contain credentials. A repeated read, such as during a wait, is printed once.
final class DryRun: Sendable {
    private static let note =
        "note: a dry run calls nothing, so it assumes that nothing exists yet; an actual run skips calls that are not "
        + "needed"

    private struct State {
        var calls: [JSONValue] = []
        var reads: [AWSRequest] = []
    }

    private let output: OutputFormat
    private let endpoint: @Sendable (AWSService) throws -> AWSEndpoint
    private let state = Mutex(State())

    /// Creates an empty plan.
    ///
    /// - Parameter endpoint: Returns the endpoint of a service.
    init(output: OutputFormat, endpoint: @escaping @Sendable (AWSService) throws -> AWSEndpoint) {
        (self.output, self.endpoint) = (output, endpoint)
    }

    /// Prints a request and returns its placeholder.
    func answer(_ request: AWSRequest) throws -> AWSResponse {
        let url = request.url(at: try endpoint(request.service))
        let body = Self.body(of: request)
        let isNew = state.withLock { state in
            guard request.mutates || !state.reads.contains(request) else { return false }
            if !request.mutates { state.reads.append(request) }
            guard output == .json else { return true }
            state.calls.append(
                .object(ofPresent: [
                    ("service", .string(request.service.name)), ("operation", .string(request.operation)),
                    ("method", .string(request.method)), ("url", .string(url)), ("body", body),
                ]))
            return true
        }
        if isNew, output == .text {
            Output.print("\(request.service.name) \(request.operation): \(request.method) \(url)")
            if let body { Output.print(body.string.map { .lines($0) } ?? .json(body)) }
            Output.print()
        }
        return AWSResponse(
            service: request.service.name, operation: request.operation, status: 200, headers: [:],
            body: request.placeholder)
    }

    /// Returns the body as JSON, with a form as an object of its decoded fields.
    private static func body(of request: AWSRequest) -> JSONValue? {
        guard !request.body.isEmpty else { return nil }
        let text = String(decoding: request.body, as: UTF8.self)
        if request.headers.contains(where: { $0.value == "application/zip" }) {
            return .string("(a zip file of \(request.body.count) bytes)")
        }
        let isForm = request.headers.contains { $0.value.hasPrefix("application/x-www-form-urlencoded") }
        guard isForm else { return (try? JSONValue(parsing: request.body)) ?? .string(text) }
        return .object(
            ofPresent: text.split(separator: "&").map { field in
                let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let value = parts.count == 2 ? parts[1].removingPercentEncoding ?? parts[1] : ""
                guard !request.secrets.contains(where: { $0.utf8.elementsEqual(value.utf8) }) else {
                    return (parts[0], "***")
                }
                return (
                    parts[0], (try? JSONValue(parsing: Array(value.utf8)))?.object.map { .object($0) } ?? .string(value)
                )
            })
    }

    /// The calls as JSON, in order.
    var calls: [JSONValue] { state.withLock { $0.calls } }

    /// Completes the output and prints a note about dry runs.
    func finish() {
        if output == .json { Output.print(.json(.array(calls))) }
        Console.note("\(Self.note)")
    }
}

extension AWSRequest {
    /// Returns the request with a placeholder for the response in a dry run.
    func standingIn(_ placeholder: JSONValue) -> AWSRequest {
        var request = self
        request.placeholder = placeholder.bytes
        return request
    }
}
