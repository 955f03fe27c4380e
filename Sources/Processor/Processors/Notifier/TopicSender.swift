import Clients
import JSON

/// Publishes to an SNS topic.
///
/// A standard topic may deliver a message twice and in another order. A FIFO topic keeps the order of each entity's
/// messages, and for five minutes drops a repeat.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>
struct TopicSender: AWSSending {
    let destination = Destination.topic
    /// Of all messages together; a topic may be set to take more, but no less.
    let capacity = SendCapacity(count: 10, bytes: 262_144)
    let topicARN: String
    let clients: ClientPool<AWSClient>

    private var isFIFO: Bool { NotifierSettings.isFIFO(topicARN) }

    func size(of notification: Notification) -> Int {
        // Attributes count with their names and types.
        notification.body.count + "type".utf8.count + "String".utf8.count + notification.type.rawValue.utf8.count
    }

    func request(for notifications: [Notification]) -> AWSRequest {
        var items = [AWSRequest.QueryItem("TopicArn", topicARN)]
        for (index, notification) in notifications.enumerated() {
            let entry = "PublishBatchRequestEntries.member.\(index + 1)"
            items += [
                AWSRequest.QueryItem("\(entry).Id", String(index)),
                AWSRequest.QueryItem("\(entry).Message", String(decoding: notification.body, as: UTF8.self)),
                AWSRequest.QueryItem("\(entry).MessageAttributes.entry.1.Name", "type"),
                AWSRequest.QueryItem("\(entry).MessageAttributes.entry.1.Value.DataType", "String"),
                AWSRequest.QueryItem(
                    "\(entry).MessageAttributes.entry.1.Value.StringValue", notification.type.rawValue),
            ]
            guard isFIFO else { continue }
            items += [
                AWSRequest.QueryItem("\(entry).MessageGroupId", notification.messageGroupID),
                AWSRequest.QueryItem("\(entry).MessageDeduplicationId", notification.messageDeduplicationID),
            ]
        }
        return .sns("PublishBatch", items)
    }

    func outcomes(of response: AWSResponse, count: Int) throws(AWSError) -> [SendOutcome] {
        let answer = try response.xml()
        // Status 200 says nothing of the entries, and what is not spoken of may have gone either way.
        var outcomes = [SendOutcome](repeating: .failed(reason: "sns: no word of the message"), count: count)
        for entry in answer.first("Successful")?.children ?? [] {
            if let index = Self.index(of: entry, in: outcomes) { outcomes[index] = .told }
        }
        for entry in answer.first("Failed")?.children ?? [] {
            guard let index = Self.index(of: entry, in: outcomes) else { continue }
            // `SenderFault` is true for missing permissions and throttled keys, too.
            let (code, message) = (entry.text(of: "Code") ?? "unknown", entry.text(of: "Message") ?? "")
            outcomes[index] = .entry(
                "sns", code: code, message: message, isFinal: Self.rejection.applies(code: code, message: message))
        }
        return outcomes
    }

    private static func index(of entry: XMLElement, in outcomes: [SendOutcome]) -> Int? {
        entry.text(of: "Id").flatMap { Int($0) }.flatMap { outcomes.indices.contains($0) ? $0 : nil }
    }

    func isAboutEntries(_ refusal: AWSRefusal) -> Bool {
        Self.callRejection.applies(code: refusal.code, message: refusal.message)
    }

    /// Errors of an entry that say that its message can never be accepted.
    ///
    /// Missing permissions, everything about keys, topics and endpoints, and faults of the service are not among them.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html#API_PublishBatch_Errors> and
    /// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors>
    static let rejection = EntryRejection(
        codes: [
            "InvalidParameter", "InvalidParameterException", "InvalidParameterValue", "InvalidParameterValueException",
            "ParameterValueInvalid",
        ],
        configured: ["TopicArn", "TargetArn"])

    /// The same of a whole call, which may be too long for one of its messages.
    static let callRejection = EntryRejection(
        codes: rejection.codes.union([
            "BatchRequestTooLong", "BatchRequestTooLongException", "InvalidBatchEntryId", "ValidationError",
            "ValidationException",
        ]),
        configured: rejection.configured)
}
