import Clients
import JSON

/// The queue as a source.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
extension LetterSearch {
    /// Reads the queue's own count of messages, including hidden ones.
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
            notes.append("cannot read the queue's message count: \(error)")
        }
    }

    mutating func readQueue(_ url: String, _ session: AWSSession) async throws {
        // A queue can return nothing although it has messages, but this is unlikely twice with long polling.
        var empty = 0
        var responsesWithoutProgress = 0
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
                    // Received again: only the latest receipt handle is sure to be valid.
                    if handles[earlier] != nil { handles[earlier] = .message(id: id, receipt: receipt) }
                    continue
                }
                known[key] = count
                messagesRead += 1
                add(
                    Letter(parsing: Array((message["Body"]?.string ?? "").utf8)),
                    at: .message(id: id, receipt: receipt), "message \(id)")
            }
            responsesWithoutProgress = count == before ? responsesWithoutProgress + 1 : 0
            if responsesWithoutProgress == Self.attemptLimit {
                notes.append(
                    "the queue repeatedly returned the same messages; \(messagesRead) different messages were read")
                return
            }
        }
    }

    /// Makes messages visible to other consumers again.
    ///
    /// If that fails, they become visible after ``LetterSource/visibilityTimeout``.
    func release(_ session: AWSSession) async {
        let receipts = handles.values.compactMap(\.receipt)
        // Also after an interruption.
        await Task { await setVisibility(of: receipts, seconds: 0, session) }.value
    }

    /// Hides the messages of dead letters for longer than the function can run.
    ///
    /// Otherwise, another consumer could receive a message, and its receipt handle would become invalid.
    func hide(_ letters: some Sequence<Int>, _ session: AWSSession) async {
        let receipts = Set(letters).compactMap { handles[$0]?.receipt }
        await setVisibility(of: receipts, seconds: LetterSource.invocationVisibility, session)
    }

    /// Changes the visibility timeout; if that fails, the earlier timeout applies.
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
