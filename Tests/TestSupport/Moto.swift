import Basics
import Foundation

/// A moto server that all tests of the process share, so each test resets it first.
package struct Moto: Sendable {
    private static let server = Result { try PythonServer("moto-server.py", python: python()) }

    private let server: PythonServer

    /// Starts the server if it is not running.
    package init() throws { server = try Self.server.get() }

    package var url: String { server.url }

    /// Deletes everything in the server.
    package func reset() throws {
        _ = try LoopbackRequest(url: url + "/moto-api/reset", body: Data()).answer()
    }

    /// Returns the output of the AWS CLI; throws if it fails.
    ///
    /// - Parameter list: The command's arguments.
    @discardableResult package func aws(_ arguments: String..., list: [String] = []) throws -> Run {
        struct Answer: Decodable {
            var status: Int32
            var output: String
            var notes: String
        }
        let arguments = arguments + list
        let home = try TemporaryFolder()
        var environment = Concertctl.cleanEnvironment(home: home)
        environment.merge([
            "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_PAGER": "",
        ]) { $1 }
        let members: [String: Any] = [
            // For SQS, the environment variable does not suffice.
            "arguments": arguments + ["--output", "json", "--endpoint-url", url], "environment": environment,
            "folder": Repository.root.path,
        ]
        let request = LoopbackRequest(
            url: try Self.commandLine.get().url, body: try JSONSerialization.data(withJSONObject: members))
        let answer = try withExtendedLifetime(home) {
            try JSONDecoder().decode(Answer.self, from: request.answer())
        }
        guard answer.status == 0 else { throw Failure("aws \(arguments.joined(separator: " ")): \(answer.notes)") }
        return Run(status: answer.status, output: answer.output, notes: answer.notes)
    }

    private static let commandLine = Result { try PythonServer("aws-server.py", python: python()) }

    private static let folder = Repository.root.appending(path: ".build-moto")

    /// Receives and deletes up to ten messages and returns their bodies; returns none if the queue is empty.
    package func take(_ queue: String) throws -> [String] {
        let answer = try sqs("ReceiveMessage", ["QueueUrl": queue, "MaxNumberOfMessages": 10])
        let messages = answer["Messages"] as? [[String: Any]] ?? []
        guard !messages.isEmpty else { return [] }
        let entries = messages.enumerated().map {
            ["Id": "\($0)", "ReceiptHandle": $1["ReceiptHandle"] as? String ?? ""]
        }
        let deleted = try sqs("DeleteMessageBatch", ["QueueUrl": queue, "Entries": entries])
        guard (deleted["Successful"] as? [Any])?.count == messages.count else { throw Failure("\(deleted)") }
        return messages.compactMap { $0["Body"] as? String }
    }

    private func sqs(_ operation: String, _ members: [String: Any]) throws -> [String: Any] {
        let scope = "Credential=AKIDEXAMPLE/20260101/us-east-1/sqs/aws4_request"
        let request = LoopbackRequest(
            url: url, body: try JSONSerialization.data(withJSONObject: members),
            headers: [
                "X-Amz-Target": "AmazonSQS.\(operation)", "Content-Type": "application/x-amz-json-1.0",
                "Authorization": "AWS4-HMAC-SHA256 \(scope), SignedHeaders=host, Signature=0",
            ])
        return try JSONSerialization.jsonObject(with: request.answer()) as? [String: Any] ?? [:]
    }

    /// The Python interpreter with moto and botocore, which the first call installs.
    package static func python() throws -> URL {
        try Servers.require("moto")
        try installation.get()
        return folder.appending(path: "bin/python")
    }

    private static let installation = Result {
        let program = try RunningProgram(
            Repository.root.appending(path: "scripts/install-moto.sh"), [],
            environment: ProcessInfo.processInfo.environment)
        let run = try program.finish(timeLimit: 600)
        guard run.status == 0 else { throw Failure(run.notes) }
    }
}
