import Basics
import Foundation

/// A running `lambda-functions.py`: Lambda's Invoke in front of another stand-in, with functions that are `bootstrap`
/// processes or scripted.
package final class LambdaFunctions: Sendable {
    /// An invocation, without a status until it has a response.
    package struct Invocation: @unchecked Sendable {
        package var function: String
        /// The size of the event in bytes.
        package var bytes: Int
        package var event: [String: Any]
        package var status: Int?
        package var body: String
        /// The visibility timeouts in seconds that were set for messages of ``LambdaFunctions/queue`` since the
        /// previous invocation.
        package var timeouts: [Int]
    }

    private let server: PythonServer

    /// - Parameter upstream: The server that gets all other calls.
    package init(upstream: String? = nil) throws {
        server = try PythonServer("lambda-functions.py", upstream.map { [$0] } ?? [])
    }

    package var url: String { server.url }

    /// The binary that end-to-end tests run: the variable `BOOTSTRAP` or, by default, `dist/bootstrap`.
    package static var bootstrap: String {
        let given = ProcessInfo.processInfo.environment["BOOTSTRAP"] ?? ""
        return given.isEmpty ? Repository.root.appending(path: "dist/bootstrap").path : given
    }

    /// Creates or replaces a function that runs the built `bootstrap` with these settings.
    package func add(_ name: String, environment: [String: String]) throws {
        try post("functions", ["name": name, "binary": Self.bootstrap, "environment": environment])
    }

    /// Creates a function with scripted responses, one for every invocation or one after the other.
    package func add(
        _ name: String, answering bodies: String..., headers: [String: String] = [:], status: Int = 200
    ) throws {
        let answers = bodies.map { ["status": status, "headers": headers, "body": $0] as [String: Any] }
        try post("functions", ["name": name, "answers": answers])
    }

    /// Sets the result of `ListEventSourceMappings`: the functions that read each stream.
    package func set(mappings: [(stream: String, function: String)]) throws {
        try post(
            "mappings",
            mappings.map {
                [
                    "EventSourceArn": $0.stream,
                    "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:\($0.function)",
                ]
            })
    }

    /// Delays the response of the invocation at `index`, counted over all invocations, until the next call of this
    /// function.
    ///
    /// - Parameter isProcessed: Whether the function processes the event before the delay.
    package func hold(at index: Int?, isProcessed: Bool = false) throws {
        try post("hold", ["index": index.map { $0 as Any } ?? NSNull(), "isProcessed": isProcessed])
    }

    /// Invokes a function and returns its response.
    @discardableResult package func invoke(_ name: String, _ event: [UInt8]) throws -> String {
        let scope = "Credential=AKIDEXAMPLE/20260101/us-east-1/lambda/aws4_request"
        let request = LoopbackRequest(
            url: "\(url)/2015-03-31/functions/\(name)/invocations", body: Data(event),
            headers: ["Authorization": "AWS4-HMAC-SHA256 \(scope), SignedHeaders=host, Signature=0"])
        return String(decoding: try request.answer(), as: UTF8.self)
    }

    /// The URL of the stand-in's queue.
    package var queue: String { "\(url)/123456789012/memory" }

    /// Sends messages to ``queue``.
    package func send(_ bodies: [String]) throws {
        for start in stride(from: 0, to: bodies.count, by: 10) {
            let entries = bodies[start..<min(start + 10, bodies.count)].enumerated().map {
                ["Id": "\($0)", "MessageBody": $1]
            }
            _ = try sqs("SendMessageBatch", ["Entries": entries])
        }
    }

    /// The numbers of receivable and of all messages in ``queue``.
    package func messages() throws -> (visible: Int, all: Int) {
        let attributes = try sqs("GetQueueAttributes", [:])["Attributes"] as? [String: String]
        let visible = attributes?["ApproximateNumberOfMessages"].flatMap { Int($0) } ?? -1
        return (visible, visible + (attributes?["ApproximateNumberOfMessagesNotVisible"].flatMap { Int($0) } ?? 0))
    }

    private func sqs(_ operation: String, _ members: [String: Any]) throws -> [String: Any] {
        let body = try JSONSerialization.data(withJSONObject: members.merging(["QueueUrl": queue]) { $1 })
        let request = LoopbackRequest(url: url, body: body, headers: ["X-Amz-Target": "AmazonSQS.\(operation)"])
        return try JSONSerialization.jsonObject(with: request.answer()) as? [String: Any] ?? [:]
    }

    /// All invocations, in order.
    package func invocations() throws -> [Invocation] {
        let answer = try LoopbackRequest(url: "\(url)/_control/invocations").answer()
        return (try JSONSerialization.jsonObject(with: answer) as? [[String: Any]] ?? []).map {
            Invocation(
                function: $0["function"] as? String ?? "", bytes: $0["bytes"] as? Int ?? 0,
                event: $0["event"] as? [String: Any] ?? [:], status: $0["status"] as? Int,
                body: $0["body"] as? String ?? "", timeouts: $0["timeouts"] as? [Int] ?? [])
        }
    }

    private func post(_ name: String, _ members: Any) throws {
        let body = try JSONSerialization.data(withJSONObject: members)
        _ = try LoopbackRequest(url: "\(url)/_control/\(name)", body: body).answer()
    }
}
