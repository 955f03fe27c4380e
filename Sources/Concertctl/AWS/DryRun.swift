import Clients
import JSON
import Synchronization

/// The calls that `--dry-run` prints: as they come in text, as one list at the end in JSON.
///
/// Headers are left out, for they would hold credentials.
final class DryRun: Sendable {
    private let output: OutputFormat
    private let calls = Mutex<[JSONValue]>([])

    init(output: OutputFormat) { self.output = output }

    func add(_ request: AWSRequest, endpoint: AWSEndpoint) {
        let url = request.url(at: endpoint)
        let text = String(decoding: request.body, as: UTF8.self)
        let body = request.body.isEmpty ? nil : (try? JSONValue(parsing: request.body)) ?? .string(text)
        guard output == .text else {
            calls.withLock {
                $0.append(
                    .object(ofPresent: [
                        ("service", .string(request.service.name)), ("operation", .string(request.operation)),
                        ("method", .string(request.method)), ("url", .string(url)), ("body", body),
                    ]))
            }
            return
        }
        print("\(request.service.name) \(request.operation): \(request.method) \(url)")
        if let body { print(body.string ?? body.prettyText) }
        print()
    }

    func finish() {
        if output == .json { print(JSONValue.array(calls.withLock { $0 }).prettyText) }
    }
}
