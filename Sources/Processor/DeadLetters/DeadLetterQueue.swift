import Basics
import Clients
import JSON

/// An SQS queue of dead letters, which receives up to ten per call.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
struct DeadLetterQueue: Sendable {
    let url: String
    let clients: ClientPool<AWSClient>

    /// The most messages in one call.
    static let callCount = 10
    /// The most bytes of all messages in one call, which also limits each message.
    static let callBytes = 1_048_576

    private var isFIFO: Bool { url.hasSuffix(".fifo") }

    /// Removes from `rest` as many letters as one call may contain; adds those that are too large for any call to `unfit`.
    static func nextCall(
        _ rest: inout ArraySlice<Int>, of letters: [DeadLetter], unfit: inout [Int]
    ) -> [Int] {
        var call: [Int] = []
        var bytes = 0
        while let index = rest.first, call.count < callCount {
            let size = letters[index].body.count
            if size > callBytes {
                unfit.append(index)
            } else {
                guard bytes + size <= callBytes else { break }
                bytes += size
                call.append(index)
            }
            rest.removeFirst()
        }
        return call
    }

    /// Sends `letters` in one call.
    ///
    /// - Returns: One result for each of `letters`.
    func send(_ letters: [DeadLetter]) async -> [DeadLetterWriteResult] {
        let client = clients.take()
        defer { clients.giveBack(client) }
        return await send(letters, by: client)
    }

    private func send(_ letters: [DeadLetter], by client: AWSClient) async -> [DeadLetterWriteResult] {
        let bodies = letters.map(Self.messageBody)
        do {
            let response = try await client.send(request(for: letters, bodies)).json()
            return Self.outcomes(of: response, bodies: bodies)
        } catch let error as AWSError {
            guard let refusal = error.refusal else { return letters.map { _ in .unavailable(reason: "\(error)") } }
            if refusal.isRetryable { return letters.map { _ in .failed(reason: "\(error)") } }
            if letters.count > 1, QueueErrorCode.mayBeAboutOneMessage(code: refusal.code) {
                // Sent alone, each letter gets a result of its own.
                var outcomes: [DeadLetterWriteResult] = []
                for letter in letters { outcomes += await send([letter], by: client) }
                return outcomes
            }
            let isUnfit = QueueErrorCode.isUnfit(code: refusal.code, message: refusal.message)
            return letters.map { _ in isUnfit ? .unfit(reason: "\(error)") : .unavailable(reason: "\(error)") }
        } catch is CancellationError {
            return letters.map { _ in .unavailable(reason: "sqs: no time left") }
        } catch {
            return letters.map { _ in .unavailable(reason: "sqs: \(error)") }
        }
    }

    private func request(for letters: [DeadLetter], _ bodies: [String]) -> AWSRequest {
        let entries = zip(letters, bodies).enumerated().map { index, entry -> JSONValue in
            let (letter, body) = entry
            var members: [(String, JSONValue?)] = [("Id", .string(String(index))), ("MessageBody", .string(body))]
            if isFIFO {
                let name = letter.sequenceNumber.digits + (letter.subSequenceNumber.map { "-\($0)" } ?? "")
                let digest = SHA256.digest(of: Array((letter.key + name).utf8)).hexadecimal
                // Each letter is a group of its own, because SQS withholds a group's other messages while one is in flight.
                // The deduplication ID makes SQS drop a retry's copy within five minutes.
                members += [("MessageGroupId", .string(digest)), ("MessageDeduplicationId", .string(digest))]
            }
            return .object(ofPresent: members)
        }
        return .sqs("SendMessageBatch", ["QueueUrl": .string(url), "Entries": .array(entries)])
    }

    /// Returns the letter's JSON with U+FFFE and U+FFFF, which SQS does not accept, escaped.
    private static func messageBody(of letter: DeadLetter) -> String {
        String(decoding: letter.body, as: UTF8.self)
            .substituting("\u{FFFE}", with: #"\uFFFE"#).substituting("\u{FFFF}", with: #"\uFFFF"#)
    }

    /// Returns the result of each entry of a call that succeeded, whose entries may still have failed.
    private static func outcomes(of response: JSONValue, bodies: [String]) -> [DeadLetterWriteResult] {
        var outcomes = [DeadLetterWriteResult](
            repeating: .failed(reason: "sqs: the response does not mention the message"), count: bodies.count)
        for entry in response["Successful"]?.array ?? [] {
            guard let index = index(of: entry, count: bodies.count) else { continue }
            let digest = MD5.digest(of: Array(bodies[index].utf8).span).hexadecimal
            let isConfirmed = entry["MD5OfMessageBody"]?.string.map { $0.hasSameBytes(as: digest) } ?? false
            outcomes[index] =
                isConfirmed
                ? .written
                : .failed(reason: "sqs: the response does not confirm the message: its MD5 differs or is missing")
        }
        for entry in response["Failed"]?.array ?? [] {
            guard let index = index(of: entry, count: bodies.count) else { continue }
            let code = entry["Code"]?.string ?? "no code"
            let message = entry["Message"]?.string ?? ""
            let reason = "sqs SendMessageBatch: \(code)" + (message.isEmpty ? "" : ": \(message)")
            let isUnfit = QueueErrorCode.isUnfit(code: code, message: message)
            outcomes[index] = isUnfit ? .unfit(reason: reason) : .failed(reason: reason)
        }
        return outcomes
    }

    private static func index(of entry: JSONValue, count: Int) -> Int? {
        entry["Id"]?.string.flatMap { Int($0) }.flatMap { (0..<count).contains($0) ? $0 : nil }
    }
}
