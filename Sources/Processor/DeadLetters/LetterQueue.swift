import Clients
import JSON

/// An SQS queue of dead letters, called with up to ten at a time.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
struct LetterQueue: Sendable {
    let url: String
    let clients: ClientPool<AWSClient>

    /// The most messages of one call.
    static let callCount = 10
    /// The most bytes of all messages of one call together, and so of each.
    static let callBytes = 1_048_576

    private var isFIFO: Bool { url.hasSuffix(".fifo") }

    /// Takes as many from `rest` as one call may carry; what no call may carry goes to `unfit`.
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

    /// Makes one call.
    ///
    /// - Returns: One outcome for each of `letters`.
    func send(_ letters: [DeadLetter]) async -> [LetterOutcome] {
        let client = clients.take()
        defer { clients.giveBack(client) }
        return await send(letters, by: client)
    }

    private func send(_ letters: [DeadLetter], by client: AWSClient) async -> [LetterOutcome] {
        let bodies = letters.map(Self.messageBody)
        do {
            let response = try await client.send(request(for: letters, bodies)).json()
            return Self.outcomes(of: response, bodies: bodies)
        } catch let error as AWSError {
            guard let refusal = error.refusal else { return letters.map { _ in .unavailable(reason: "\(error)") } }
            if refusal.isRetryable { return letters.map { _ in .failed(reason: "\(error)") } }
            if letters.count > 1, QueueRefusal.mayBeAboutOneMessage(code: refusal.code) {
                // Alone, each has its own answer.
                var outcomes: [LetterOutcome] = []
                for letter in letters { outcomes += await send([letter], by: client) }
                return outcomes
            }
            let isUnfit = QueueRefusal.isUnfit(code: refusal.code, message: refusal.message)
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
                // A group of its own for each: SQS withholds the rest of a group while one of its messages is in flight.
                // Within five minutes it drops a retry's copy.
                members += [("MessageGroupId", .string(digest)), ("MessageDeduplicationId", .string(digest))]
            }
            return .object(ofPresent: members)
        }
        return .sqs("SendMessageBatch", ["QueueUrl": .string(url), "Entries": .array(entries)])
    }

    /// The letter's JSON in the characters that SQS accepts: U+FFFE and U+FFFF, which it does not, are escaped.
    private static func messageBody(of letter: DeadLetter) -> String {
        String(decoding: letter.body, as: UTF8.self)
            .substituting("\u{FFFE}", with: #"\uFFFE"#).substituting("\u{FFFF}", with: #"\uFFFF"#)
    }

    /// What a response with status 200 says of each entry, which may have failed all the same.
    private static func outcomes(of response: JSONValue, bodies: [String]) -> [LetterOutcome] {
        var outcomes = [LetterOutcome](
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
            let isUnfit = QueueRefusal.isUnfit(code: code, message: message)
            outcomes[index] = isUnfit ? .unfit(reason: reason) : .failed(reason: reason)
        }
        return outcomes
    }

    private static func index(of entry: JSONValue, count: Int) -> Int? {
        entry["Id"]?.string.flatMap { Int($0) }.flatMap { (0..<count).contains($0) ? $0 : nil }
    }
}
