import Clients
import JSON

/// A sender to an SNS topic.
///
/// A standard topic may deliver messages more than once and out of order. A FIFO topic keeps the order of each entity's
/// messages, and drops repeats within five minutes.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>
struct TopicSender: AWSSending {
    let destination = NotificationDestination.topic
    /// The limit of all messages together; a topic can be configured for more, but not for less.
    let capacity = SendCapacity(count: 10, bytes: 262_144)
    let topicARN: String
    let clients: ClientPool<AWSClient>

    private var isFIFO: Bool { NotifierSettings.isFIFO(topicARN) }

    func size(of notification: Notification) -> Int {
        // The names and types of attributes count toward the size.
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
        // Status 200 does not confirm the entries, and an entry that the response does not mention has an unknown outcome.
        var outcomes = [SendOutcome](
            repeating: .failed(reason: "sns: the response does not mention the message"), count: count)
        for entry in answer.first("Successful")?.children ?? [] {
            if let index = Self.index(of: entry, in: outcomes) { outcomes[index] = .delivered }
        }
        for entry in answer.first("Failed")?.children ?? [] {
            guard let index = Self.index(of: entry, in: outcomes) else { continue }
            // `SenderFault` is not used: it is also true for missing permissions and throttled keys.
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

    /// The errors of an entry that reject its message permanently.
    ///
    /// Errors about permissions, keys, topics and endpoints, and service faults, are not in the list.
    ///
    /// Source: <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html#API_PublishBatch_Errors> and
    /// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors>
    static let rejection = EntryRejection(
        codes: [
            "InvalidParameter", "InvalidParameterException", "InvalidParameterValue", "InvalidParameterValueException",
            "ParameterValueInvalid",
        ],
        configured: ["TopicArn", "TargetArn"])

    /// The errors of a whole call that reject a message permanently, including a batch that one message makes too long.
    static let callRejection = EntryRejection(
        codes: rejection.codes.union([
            "BatchRequestTooLong", "BatchRequestTooLongException", "InvalidBatchEntryId", "ValidationError",
            "ValidationException",
        ]),
        configured: rejection.configured)
}
