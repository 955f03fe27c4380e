import Clients
import JSON

/// Deleting what was replayed.
extension LetterSearch {
    /// The calls that delete letters; those in files have none.
    func deletions(of letters: [Int]) -> [(letters: [Int], request: AWSRequest)] {
        var calls: [(letters: [Int], request: AWSRequest)] = []
        var messages: [(letter: Int, receipt: String)] = []
        for letter in letters {
            switch held[letter] {
            case .file, nil: break
            case .message(_, let receipt): messages.append((letter, receipt))
            case .object(let key): calls.append(([letter], .deleteObject(bucket: source.bucket ?? "", key: key)))
            }
        }
        for start in stride(from: 0, to: messages.count, by: 10) {
            let part = messages[start..<min(start + 10, messages.count)]
            let entries = part.enumerated().map { index, message -> JSONValue in
                ["Id": .string("\(index)"), "ReceiptHandle": .string(message.receipt)]
            }
            calls.append(
                (
                    part.map(\.letter),
                    .sqs(
                        "DeleteMessageBatch",
                        ["QueueUrl": .string(source.queueURL ?? ""), "Entries": .array(entries)])
                ))
        }
        return calls
    }

    /// Deletes letters from queue and bucket; files stay.
    ///
    /// - Returns: Those that could not be deleted, each with the reason.
    func delete(_ letters: [Int], _ session: AWSSession) async -> [(letter: Int, problem: String)] {
        var failures: [(letter: Int, problem: String)] = []
        for (letters, request) in deletions(of: letters) {
            do {
                let response = try await session.send(request)
                guard request.operation == "DeleteMessageBatch" else { continue }
                let answer = try response.json()
                // Only what the answer names as deleted is.
                let deleted = Set(
                    (answer["Successful"]?.array ?? []).compactMap { $0["Id"]?.string.flatMap { Int($0) } })
                let problem = answer["Failed"]?.array?.first?["Code"]?.string ?? "the response does not confirm it"
                for (index, letter) in letters.enumerated() where !deleted.contains(index) {
                    failures.append((letter, "sqs DeleteMessageBatch: \(problem)"))
                }
            } catch {
                failures += letters.map { ($0, "\(error)") }
            }
        }
        return failures
    }

    /// Notes that letters are done, so that they are not released.
    ///
    /// - Returns: How many of them are in files, which stay.
    mutating func forget(_ letters: [Int]) -> Int {
        letters.count { if case .file = held.removeValue(forKey: $0) { true } else { false } }
    }
}
