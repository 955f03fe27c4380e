import Clients
import Foundation
import TestSupport
import XCTest

@testable import Processor

/// A FIFO topic that delivers to a FIFO queue: it keeps the order per entity, and drops repeats by another process.
final class FIFOTopicTests: NotifierTestCase {
    func testRepeatsAreDroppedAndRecurringStatesAreDelivered() async throws {
        let moto = try Moto()
        try moto.reset()
        let oracle = try SigV4Oracle(upstream: moto.url)
        let queue = try XCTUnwrap(
            moto.aws("sqs", "create-queue", "--queue-name", "q.fifo", "--attributes", "FifoQueue=true")
                .json()["QueueUrl"] as? String)
        let topic = try XCTUnwrap(
            moto.aws("sns", "create-topic", "--name", "t.fifo", "--attributes", "FifoTopic=true")
                .json()["TopicArn"] as? String)
        try moto.aws(
            "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint",
            "arn:aws:sqs:us-east-1:123456789012:q.fifo", "--attributes", "RawMessageDelivery=true")
        settings.topicARN = topic
        let environment = try AWSEnvironment(oracle.environment(hasToken: true))
        let credentials = environment.credentialSource(.invocation)
        let clients = ClientPool { environment.makeClient(.invocation, credentials: credentials) }

        let odd = "b \u{1F3B8} " + String(repeating: "x", count: 200)
        // There, back, and there again: three states, two of which are equal.
        let event = EventText([
            Self.concert("a", 1), Self.concert("a", 2, day: 9), Self.concert(odd, 3), Self.concert("a", 4, day: 8),
            Self.concert("a", 5, day: 9), Self.concert("a", 6, "cancelled", day: 9),
        ])
        for _ in 0..<2 {
            // Each has a new ledger, as after a restart without a cache.
            let notifier = notifier(TopicSender(topicARN: topic, clients: clients))
            let outcomes = try await Self.notify(event, by: notifier)
            XCTAssertEqual(outcomes, Array(repeating: .succeeded, count: 6))
        }
        let messages = try received(moto, queue)
        let ofA = messages.filter { $0.group == "a" }
        XCTAssertEqual(ofA.map(\.sequence), ["1", "2", "4", "5", "6"])
        XCTAssertEqual(messages.filter { $0.group != "a" }.map(\.sequence), ["3"])
        XCTAssertEqual(Set(messages.map(\.deduplication)).count, 6)
        XCTAssertEqual(try oracle.requests().compactMap(\.error), [])
    }

    private struct Message {
        var group: String
        var deduplication: String
        var sequence: String
    }

    /// Reads all messages of a queue, and deletes them, because a group waits for messages in flight.
    private func received(_ moto: Moto, _ queue: String) throws -> [Message] {
        var found: [Message] = []
        while true {
            let run = try moto.aws(
                "sqs", "receive-message", "--queue-url", queue, "--max-number-of-messages", "10", "--attribute-names",
                "All")
            guard !run.output.isEmpty, let messages = try run.json()["Messages"] as? [[String: Any]], !messages.isEmpty
            else { return found }
            for message in messages {
                let attributes = try XCTUnwrap(message["Attributes"] as? [String: String])
                let text = try XCTUnwrap((message["Body"] as? String)?.data(using: .utf8))
                let body = try XCTUnwrap(JSONSerialization.jsonObject(with: text) as? [String: Any])
                found.append(
                    Message(
                        group: attributes["MessageGroupId"] ?? "",
                        deduplication: attributes["MessageDeduplicationId"] ?? "",
                        sequence: body["sequence_number"] as? String ?? ""))
                try moto.aws(
                    "sqs", "delete-message", "--queue-url", queue, "--receipt-handle",
                    XCTUnwrap(message["ReceiptHandle"] as? String))
            }
        }
    }
}
