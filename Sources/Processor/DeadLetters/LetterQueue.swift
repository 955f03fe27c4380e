import Clients
import JSON

/// An SQS queue of dead letters, called with up to ten at a time.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
struct LetterQueue: Sendable {
    let url: String
    let clients: ClientPool<AWSClient>

    /// Of all messages together, and so of each.
    static let capacity = SendCapacity(count: 10, bytes: 1_048_576)

    private var isFIFO: Bool { url.hasSuffix(".fifo") }

    /// Takes as many from `rest` as one call may carry; what no call may carry goes to `tooMuch`.
    static func nextCall(
        _ rest: inout ArraySlice<Int>, of letters: [DeadLetter], tooMuch: inout [Int]
    ) -> [Int] {
        var call: [Int] = []
        var bytes = 0
        while let index = rest.first, call.count < capacity.count {
            let size = letters[index].body.count
            if size > capacity.bytes {
                tooMuch.append(index)
            } else {
                guard bytes + size <= capacity.bytes else { break }
                bytes += size
                call.append(index)
            }
            rest.removeFirst()
        }
        return call
    }

    /// Makes one call, and says what became of each letter; one that the queue cannot hold is refused.
    func send(_ letters: [DeadLetter]) async -> [SendOutcome] {
        let client = clients.take()
        defer { clients.giveBack(client) }
        return await send(letters, by: client)
    }

    private func send(_ letters: [DeadLetter], by client: AWSClient) async -> [SendOutcome] {
        do {
            return Self.outcomes(of: try await client.send(request(for: letters)).json(), count: letters.count)
        } catch let error as AWSError {
            guard let refusal = error.refusal, Self.isAboutMessages(refusal) else {
                return letters.map { _ in .outOfReach(reason: "\(error)") }
            }
            guard letters.count > 1 else { return [.refused(reason: "\(error)")] }
            // One of them spoils the call for the others: alone, each has its own answer.
            var outcomes: [SendOutcome] = []
            for letter in letters { outcomes += await send([letter], by: client) }
            return outcomes
        } catch is CancellationError {
            return letters.map { _ in .outOfReach(reason: "sqs: no time left") }
        } catch {
            return letters.map { _ in .outOfReach(reason: "sqs: \(error)") }
        }
    }

    private func request(for letters: [DeadLetter]) -> AWSRequest {
        let entries = letters.enumerated().map { index, letter -> JSONValue in
            var entry: [(String, JSONValue?)] = [
                ("Id", .string(String(index))), ("MessageBody", .string(Self.messageBody(of: letter))),
            ]
            if isFIFO {
                let name = letter.sequenceNumber.digits + (letter.subSequenceNumber.map { "-\($0)" } ?? "")
                // Within five minutes a retry's copy is dropped.
                let digest = SHA256.digest(of: Array((letter.key + name).utf8)).hexadecimal
                entry += [("MessageGroupId", "dead-letters"), ("MessageDeduplicationId", .string(digest))]
            }
            return .object(ofPresent: entry)
        }
        return .sqs("SendMessageBatch", ["QueueUrl": .string(url), "Entries": .array(entries)])
    }

    /// The letter's JSON in the characters that SQS takes: U+FFFE and U+FFFF, which it does not, are escaped.
    private static func messageBody(of letter: DeadLetter) -> String {
        String(decoding: letter.body, as: UTF8.self)
            .substituting("\u{FFFE}", with: #"\uFFFE"#).substituting("\u{FFFF}", with: #"\uFFFF"#)
    }

    private static func outcomes(of answer: JSONValue, count: Int) -> [SendOutcome] {
        // Status 200 says nothing of the entries, and what is not spoken of may have gone either way.
        var outcomes = [SendOutcome](repeating: .failed(reason: "sqs: no word of the message"), count: count)
        func index(_ entry: JSONValue) -> Int? {
            entry["Id"]?.string.flatMap { Int($0) }.flatMap { outcomes.indices.contains($0) ? $0 : nil }
        }
        for entry in answer["Successful"]?.array ?? [] {
            if let index = index(entry) { outcomes[index] = .told }
        }
        for entry in answer["Failed"]?.array ?? [] {
            guard let index = index(entry) else { continue }
            let isSendersFault = entry["SenderFault"]?.bool ?? false
            outcomes[index] = .entry(
                "sqs", code: entry["Code"]?.string ?? "unknown", message: entry["Message"]?.string ?? "",
                isFinal: isSendersFault)
        }
        return outcomes
    }

    /// Whether the refusal of a whole call is for what its messages hold, or how large they are.
    private static func isAboutMessages(_ refusal: AWSRefusal) -> Bool {
        let codes = [
            "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", "InvalidMessageContents",
            "InvalidParameterValue", "InvalidParameterValueException",
        ]
        return codes.contains(refusal.code) && !refusal.isRetryable
    }
}
