import Clients
import JSON

/// The queue.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
extension LetterSearch {
    /// How many messages the queue itself counts, those that are hidden included.
    mutating func readCount(_ url: String, _ session: AWSSession) async throws {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        do {
            let answer = try await session.send(
                .sqs(
                    "GetQueueAttributes",
                    ["QueueUrl": .string(url), "AttributeNames": .array(names.map { .string($0) })])
            ).json()
            let counts = names.compactMap { answer["Attributes"]?[$0]?.string.flatMap { Int($0) } }
            if counts.count == names.count, counts.allSatisfy({ (0...1_000_000_000).contains($0) }) {
                messagesInQueue = counts.reduce(0, +)
            }
        } catch let error as AWSError where error.refusal != nil {
            notes.append("the queue's own count cannot be compared: \(error)")
        }
    }

    mutating func readQueue(_ url: String, _ session: AWSSession) async throws {
        // A queue may answer with nothing although it has messages, but hardly twice after a long poll.
        var empty = 0
        var fruitless = 0
        while empty < 2, cut == nil {
            try Task.checkCancellation()
            let answer = try await session.send(
                .sqs(
                    "ReceiveMessage",
                    [
                        "QueueUrl": .string(url), "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1,
                        "VisibilityTimeout": .integer(LetterSource.visibilityTimeout),
                    ])
            ).json()
            let messages = answer["Messages"]?.array ?? []
            let before = count
            empty = messages.isEmpty ? empty + 1 : 0
            for message in messages {
                guard let id = message["MessageId"]?.string, let receipt = message["ReceiptHandle"]?.string else {
                    continue
                }
                let key = Array("message \(id)".utf8)
                if let earlier = known[key] {
                    // Received again although it is hidden, or no longer is: only the later receipt is sure to count.
                    if held[earlier] != nil { held[earlier] = .message(id: id, receipt: receipt) }
                    continue
                }
                known[key] = count
                messagesRead += 1
                add(
                    Letter(parsing: Array((message["Body"]?.string ?? "").utf8)),
                    at: .message(id: id, receipt: receipt), "message \(id)")
            }
            fruitless = count == before ? fruitless + 1 : 0
            if fruitless == Self.patience {
                notes.append(
                    "the queue returns the same messages again and again; \(messagesRead) different ones were read")
                return
            }
        }
    }

    /// Makes messages visible to others again; those for which that fails become so after ``LetterSource/visibilityTimeout``.
    func release(_ session: AWSSession) async {
        let receipts = held.values.compactMap(\.receipt)
        // Also when the command was interrupted.
        await Task { await setVisibility(of: receipts, seconds: 0, session) }.value
    }

    /// Hides the messages of letters for longer than the function may run for them.
    ///
    /// A message that becomes visible in the meantime would be received by others, and its receipt could not delete it.
    func hide(_ letters: some Sequence<Int>, _ session: AWSSession) async {
        let receipts = Set(letters).compactMap { held[$0]?.receipt }
        await setVisibility(of: receipts, seconds: LetterSource.invocationVisibility, session)
    }

    /// Where that fails, the timeout before it counts.
    private func setVisibility(of receipts: [String], seconds: Int, _ session: AWSSession) async {
        guard let queueURL = source.queueURL else { return }
        for start in stride(from: 0, to: receipts.count, by: 10) {
            let entries = receipts[start..<min(start + 10, receipts.count)].enumerated().map {
                index, receipt -> JSONValue in
                ["Id": .string("\(index)"), "ReceiptHandle": .string(receipt), "VisibilityTimeout": .integer(seconds)]
            }
            _ = try? await session.send(
                .sqs("ChangeMessageVisibilityBatch", ["QueueUrl": .string(queueURL), "Entries": .array(entries)])
            ).json()
        }
    }
}
