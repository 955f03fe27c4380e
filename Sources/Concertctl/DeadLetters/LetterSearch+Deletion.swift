import Clients
import JSON

/// Deletion of replayed dead letters.
extension LetterSearch {
    /// Returns the calls that delete dead letters; those in files need none.
    func deletions(of letters: [Int]) -> [(letters: [Int], request: AWSRequest)] {
        var calls: [(letters: [Int], request: AWSRequest)] = []
        var messages: [(letter: Int, receipt: String)] = []
        for letter in letters {
            switch handles[letter] {
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

    /// Deletes dead letters from the queue and the bucket; files are not changed.
    ///
    /// - Returns: The dead letters that could not be deleted, with the reasons.
    func delete(_ letters: [Int], _ session: AWSSession) async -> [(letter: Int, problem: String)] {
        var failures: [(letter: Int, problem: String)] = []
        for (letters, request) in deletions(of: letters) {
            do {
                let response = try await session.send(request)
                guard request.operation == "DeleteMessageBatch" else { continue }
                let answer = try response.json()
                // Counts only the messages that the response confirms.
                let deleted = Set(
                    (answer["Successful"]?.array ?? []).compactMap { $0["Id"]?.string.flatMap { Int($0) } })
                let problem =
                    answer["Failed"]?.array?.first?["Code"]?.string ?? "the response does not confirm the deletion"
                for (index, letter) in letters.enumerated() where !deleted.contains(index) {
                    failures.append((letter, "sqs DeleteMessageBatch: \(problem)"))
                }
            } catch {
                failures += letters.map { ($0, "\(error)") }
            }
        }
        return failures
    }

    /// Records that dead letters are complete, so that they are not released.
    ///
    /// - Returns: The number of them in files, which are not deleted.
    mutating func forget(_ letters: [Int]) -> Int {
        letters.count { if case .file = handles.removeValue(forKey: $0) { true } else { false } }
    }
}
