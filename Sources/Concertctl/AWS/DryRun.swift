import Clients
import JSON
import Synchronization

/// The calls that `--dry-run` prints: as they come in text, as one list at the end in JSON.
///
/// Headers are left out, for they would hold credentials.
final class DryRun: Sendable {
    /// What a plan that looks at nothing leaves open.
    static let note =
        "note: a dry run calls nothing, so these are the calls as if nothing existed yet; a real run leaves out what is "
        + "already done"
    /// The same of a command that changes something that exists.
    static let changeNote =
        "note: a dry run calls nothing, so these are the calls as if what they change existed and were unchanged; a "
        + "real run leaves out what is already done"

    private let output: OutputFormat
    private let calls = Mutex<[JSONValue]>([])

    init(output: OutputFormat) { self.output = output }

    func add(_ request: AWSRequest, endpoint: AWSEndpoint) {
        let url = request.url(at: endpoint)
        let body = Self.body(of: request)
        guard output == .text else {
            calls.withLock { $0.append(Self.description(of: request, endpoint: endpoint)) }
            return
        }
        Output.print("\(request.service.name) \(request.operation): \(request.method) \(url)")
        if let body { Output.print(body.string.map { .lines($0) } ?? .json(body)) }
        Output.print()
    }

    /// A call as one object.
    static func description(of request: AWSRequest, endpoint: AWSEndpoint) -> JSONValue {
        .object(ofPresent: [
            ("service", .string(request.service.name)), ("operation", .string(request.operation)),
            ("method", .string(request.method)), ("url", .string(request.url(at: endpoint))),
            ("body", body(of: request)),
        ])
    }

    /// A form as an object of its fields, for percent signs are not for people.
    private static func body(of request: AWSRequest) -> JSONValue? {
        guard !request.body.isEmpty else { return nil }
        let text = String(decoding: request.body, as: UTF8.self)
        let isForm = request.headers.contains { $0.value.hasPrefix("application/x-www-form-urlencoded") }
        guard isForm else { return (try? JSONValue(parsing: request.body)) ?? .string(text) }
        return .object(
            ofPresent: text.split(separator: "&").map { field in
                let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let value = parts.count == 2 ? parts[1].removingPercentEncoding ?? parts[1] : ""
                return (
                    parts[0], (try? JSONValue(parsing: Array(value.utf8)))?.object.map { .object($0) } ?? .string(value)
                )
            })
    }

    func finish() {
        if output == .json { Output.print(.json(.array(calls.withLock { $0 }))) }
    }
}
