import Clients
import Foundation
import JSON

/// A dead letter and where it is.
struct FoundLetter: Sendable {
    enum Place: Sendable {
        /// A message that is hidden from others until it is released.
        case message(id: String, receipt: String)
        case object(key: String)
        case file(path: String, line: Int?)
    }

    var place: Place
    /// The place in words.
    var location: String
    var letter: Letter
}

/// Reads dead letters from a queue, a bucket and files.
struct LetterSource: Sendable {
    let queueURL: String?
    let bucket: String?
    let prefixes: [String]
    let paths: [String]
    let reasons: Set<String>?
    let limit: Int

    /// For how many seconds a message is hidden from others while it is looked at.
    static let visibilityTimeout = 300

    /// What was found.
    struct Letters {
        /// In the order in which their records came.
        var wanted: [FoundLetter] = []
        /// Read, and of another reason.
        var others: [FoundLetter] = []
        /// Whether there may be more than the limit let through.
        var isCut = false

        fileprivate mutating func add(_ found: FoundLetter, _ source: LetterSource) {
            if source.reasons?.contains(found.letter.reason) ?? true {
                wanted.append(found)
            } else {
                others.append(found)
            }
            isCut = wanted.count >= source.limit
        }
    }

    /// Messages among them are hidden from others until ``release(_:_:)``.
    func read(_ session: AWSSession) async throws -> Letters {
        var letters = Letters()
        do {
            for path in paths { try readFiles(at: path, &letters) }
            if let queueURL { try await readQueue(queueURL, session, &letters) }
            if let bucket { try await readBucket(bucket, session, &letters) }
        } catch {
            await release(letters.wanted + letters.others, session)
            throw error
        }
        letters.wanted.sort { Letter.isBefore($0.letter, $1.letter) }
        return letters
    }
}

/// Files.
extension LetterSource {
    private func readFiles(at path: String, _ letters: inout Letters) throws {
        for file in try ReplaySource.files(at: path) where !letters.isCut {
            let bytes = try ReplaySource.contents(of: file)
            if JSONScanner.isOneValue(bytes) {
                letters.add(
                    FoundLetter(place: .file(path: file, line: nil), location: file, letter: Letter(parsing: bytes)),
                    self)
                continue
            }
            for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated()
            where !letters.isCut && !line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) {
                letters.add(
                    FoundLetter(
                        place: .file(path: file, line: index + 1), location: "\(file):\(index + 1)",
                        letter: Letter(parsing: Array(line))), self)
            }
        }
    }
}

/// The queue.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
extension LetterSource {
    private func readQueue(_ url: String, _ session: AWSSession, _ letters: inout Letters) async throws {
        var known: Set<String> = []
        // A queue may answer with nothing although it has messages, but hardly twice after a long poll.
        var empty = 0
        while empty < 2, !letters.isCut {
            try Task.checkCancellation()
            let answer = try await session.read(
                .sqs(
                    "ReceiveMessage",
                    [
                        "QueueUrl": .string(url), "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1,
                        "VisibilityTimeout": .integer(Self.visibilityTimeout),
                    ]))
            let messages = answer["Messages"]?.array ?? []
            empty = messages.isEmpty ? empty + 1 : 0
            for message in messages {
                guard let id = message["MessageId"]?.string, let receipt = message["ReceiptHandle"]?.string else {
                    continue
                }
                // A message that comes again although it is hidden: the later receipt counts.
                guard known.insert(id).inserted else { continue }
                letters.add(
                    FoundLetter(
                        place: .message(id: id, receipt: receipt), location: "message \(id)",
                        letter: Letter(parsing: Array((message["Body"]?.string ?? "").utf8))), self)
            }
        }
    }

    /// Makes messages visible to others again; what fails becomes so by itself a little later.
    func release(_ letters: [FoundLetter], _ session: AWSSession) async {
        guard let queueURL else { return }
        let receipts = letters.compactMap { if case .message(_, let receipt) = $0.place { receipt } else { nil } }
        // Also when somebody has interrupted the command.
        await Task {
            for start in stride(from: 0, to: receipts.count, by: 10) {
                let entries = receipts[start..<min(start + 10, receipts.count)].enumerated().map {
                    index, receipt -> JSONValue in
                    ["Id": .string("\(index)"), "ReceiptHandle": .string(receipt), "VisibilityTimeout": 0]
                }
                _ = try? await session.read(
                    .sqs(
                        "ChangeMessageVisibilityBatch", ["QueueUrl": .string(queueURL), "Entries": .array(entries)]))
            }
        }.value
    }
}

/// The bucket.
extension LetterSource {
    private func readBucket(_ bucket: String, _ session: AWSSession, _ letters: inout Letters) async throws {
        for prefix in prefixes {
            var token: String?
            repeat {
                try Task.checkCancellation()
                let page = try await session.readXML(
                    .listObjects(bucket: bucket, prefix: prefix, continuationToken: token))
                for key in page.children.filter({ $0.name == "Contents" }).compactMap({ $0.text(of: "Key") })
                where !letters.isCut && !key.hasSuffix("/") {
                    let body = try await session.client.send(.getObject(bucket: bucket, key: key)).body
                    letters.add(
                        FoundLetter(
                            place: .object(key: key), location: "s3://\(bucket)/\(key)", letter: Letter(parsing: body)),
                        self)
                }
                token = page.text(of: "IsTruncated") == "true" ? page.text(of: "NextContinuationToken") : nil
            } while token != nil && !letters.isCut
        }
    }
}

/// Taking away what was dealt with.
extension LetterSource {
    /// Deletes letters from queue and bucket; files stay.
    ///
    /// - Returns: How many could not be deleted, and why the first of them could not.
    func delete(_ letters: [FoundLetter], _ session: AWSSession) async -> (count: Int, problem: String?) {
        var failures = 0
        var problem: String?
        var messages: [String] = []
        for letter in letters {
            switch letter.place {
            case .file: break
            case .message(_, let receipt): messages.append(receipt)
            case .object(let key):
                do { _ = try await session.client.send(.deleteObject(bucket: bucket ?? "", key: key)) } catch {
                    (failures, problem) = (failures + 1, problem ?? "\(error)")
                }
            }
        }
        for start in stride(from: 0, to: messages.count, by: 10) {
            let part = messages[start..<min(start + 10, messages.count)]
            let entries = part.enumerated().map { index, receipt -> JSONValue in
                ["Id": .string("\(index)"), "ReceiptHandle": .string(receipt)]
            }
            do {
                let answer = try await session.read(
                    .sqs("DeleteMessageBatch", ["QueueUrl": .string(queueURL ?? ""), "Entries": .array(entries)]))
                let failed = answer["Failed"]?.array ?? []
                failures += failed.count
                if let first = failed.first { problem = problem ?? "sqs: \(first["Code"]?.string ?? "unknown")" }
            } catch {
                (failures, problem) = (failures + part.count, problem ?? "\(error)")
            }
        }
        return (failures, problem)
    }
}
