import Clients
import Foundation
import JSON
import Processor

/// A dead letter and where it is.
struct FoundLetter: Sendable {
    enum Place: Sendable {
        /// A message that is hidden from others until it is released.
        case message(id: String, receipt: String)
        case object(key: String)
        case file(path: String, line: Int?)
    }

    /// Its number in the search that found it.
    let id: Int
    /// The place in words.
    var location: String
    var letter: Letter
    /// Whether it is in a file, which is never changed.
    var isInFile: Bool
}

/// Where dead letters are read from, and which of them.
struct LetterSource: Sendable {
    let queueURL: String?
    let bucket: String?
    let prefixes: [String]
    let paths: [String]
    let reasons: [String]?
    let limit: Int

    /// For how many seconds a message is hidden from others while it is processed.
    static let visibilityTimeout = 300

    /// Whether the queue hands out one message of a group at a time.
    var isFIFO: Bool { queueURL?.utf8.suffix(5).elementsEqual(".fifo".utf8) ?? false }

    func wants(_ letter: Letter) -> Bool {
        guard let reasons else { return true }
        let reason = letter.reason
        return reasons.contains { $0.utf8.elementsEqual(reason.utf8) }
    }
}

/// Reads dead letters from a queue, a bucket and files, in one round or several.
///
/// Messages are hidden from others from the moment they are read until ``release(_:)``.
struct LetterSearch: Sendable {
    let source: LetterSource
    /// Where the letters are that were found and not deleted, by ID.
    private(set) var held: [Int: FoundLetter.Place] = [:]
    /// How many letters were found, those of other reasons included.
    private(set) var count = 0
    /// How many of them were wanted.
    private(set) var wanted = 0
    /// Whether a limit ended the search, which one in words.
    private(set) var cut: Cut?
    /// How many messages the queue said it had, before any was read.
    private var messagesInQueue: Int?
    private var messagesRead = 0
    /// What else is worth saying about the search.
    private(set) var notes: [String] = []
    /// IDs of letters by the message's ID or the object's key, as bytes.
    private var known: [[UInt8]: Int] = [:]
    private var round: [FoundLetter] = []
    private var roundBytes = 0

    /// Why a search ended before all was read.
    enum Cut: Sendable { case limit, size }

    /// Letters that one search looks at, at most, and bytes of them that one round keeps.
    private static let limit = (letters: 100_000, bytes: 256 << 20)
    /// Answers in a row that bring nothing new.
    private static let patience = 10

    init(_ source: LetterSource) { self.source = source }

    /// The wanted letters that no round before has found, in the order in which their records arrived.
    mutating func next(_ session: AWSSession) async throws -> [FoundLetter] {
        let isFirst = count == 0
        (round, roundBytes, cut) = ([], 0, nil)
        if isFirst { for path in source.paths { try readFiles(at: path) } }
        if let queueURL = source.queueURL {
            if isFirst { try await readCount(queueURL, session) }
            try await readQueue(queueURL, session)
        }
        if let bucket = source.bucket { try await readBucket(bucket, session) }
        defer { round = [] }
        return round.sorted { Letter.isBefore($0.letter, $1.letter) }
    }

    /// The wanted letters, all messages visible to others again.
    mutating func read(_ session: AWSSession) async throws -> [FoundLetter] {
        do {
            let letters = try await next(session)
            await release(session)
            return letters
        } catch {
            await release(session)
            throw error
        }
    }

    /// Whether another round may find what this one could not, now that letters were deleted.
    var mayFindMore: Bool { wanted < source.limit && (cut == .size || source.isFIFO) }

    /// Notes a letter at a place, which no round before has found.
    private mutating func add(_ letter: Letter, at place: FoundLetter.Place, _ location: String) {
        let id = count
        count += 1
        held[id] = place
        if source.wants(letter) {
            wanted += 1
            roundBytes += letter.size
            let isInFile = if case .file = place { true } else { false }
            round.append(FoundLetter(id: id, location: location, letter: letter, isInFile: isInFile))
        }
        if wanted >= source.limit || count >= Self.limit.letters {
            cut = .limit
        } else if roundBytes >= Self.limit.bytes {
            cut = .size
        }
    }

    /// That letters were found and none was wanted, in words; nil when that is not so.
    var noneWanted: String? {
        guard let reasons = source.reasons, wanted == 0, count > 0 else { return nil }
        return "none of reason \(reasons.joined(separator: ", ")); \(count) of others"
    }

    /// What the commands say about letters that were not read.
    var remarks: [String] {
        var remarks = notes
        switch cut {
        case .limit where wanted < source.limit: remarks.append("stopped after \(count) letters; there may be more")
        case .limit: remarks.append("stopped at --limit \(source.limit); there may be more")
        case .size: remarks.append("stopped at \(Self.limit.bytes >> 20) MiB of letters; there may be more")
        case nil:
            if let messagesInQueue, messagesInQueue > messagesRead {
                remarks.append(
                    "the queue counts about \(messagesInQueue) messages, and \(messagesRead) were read: the others are "
                        + "hidden by another reader"
                        + (source.isFIFO ? ", or follow in a message group whose first messages were read" : "")
                        + "; try again later")
            }
        }
        return remarks
    }
}

/// Files.
extension LetterSearch {
    private mutating func readFiles(at path: String) throws {
        for file in try ReplaySource.files(at: path) where cut == nil {
            let bytes: [UInt8]
            do { bytes = try InputFile.text(try InputFile.contents(of: file), name: file) } catch {
                add(.unknown(problem: "\(error)"), at: .file(path: file, line: nil), file)
                continue
            }
            if JSONScanner.isOneValue(bytes) {
                addDocument(bytes, file, line: nil)
                continue
            }
            if let documents = InputFile.objects(in: bytes) {
                var line = 1
                var position = 0
                for document in documents where cut == nil {
                    line += bytes[position..<document.lowerBound].count { $0 == UInt8(ascii: "\n") }
                    position = document.lowerBound
                    addDocument(Array(bytes[document]), file, line: line)
                }
                continue
            }
            for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated()
            where cut == nil && !line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) {
                addDocument(Array(line), file, line: index + 1)
            }
        }
    }

    /// A letter, or the messages with letters that `aws sqs receive-message` prints.
    private mutating func addDocument(_ bytes: [UInt8], _ file: String, line: Int?) {
        let place = FoundLetter.Place.file(path: file, line: line)
        let location = file + (line.map { ":\($0)" } ?? "")
        let messages = (try? JSONValue(parsing: bytes))?["Messages"]?.array ?? []
        guard !messages.isEmpty, messages.allSatisfy({ $0["Body"]?.string != nil }) else {
            return add(Letter(parsing: bytes), at: place, location)
        }
        for (index, message) in messages.enumerated() where cut == nil {
            add(
                Letter(parsing: Array((message["Body"]?.string ?? "").utf8)), at: place,
                "\(location) message \(index + 1)")
        }
    }
}

/// The queue.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
extension LetterSearch {
    /// How many messages the queue itself counts, those that are hidden included.
    private mutating func readCount(_ url: String, _ session: AWSSession) async throws {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        do {
            let answer = try await session.read(
                .sqs(
                    "GetQueueAttributes",
                    ["QueueUrl": .string(url), "AttributeNames": .array(names.map { .string($0) })]))
            let counts = names.compactMap { answer["Attributes"]?[$0]?.string.flatMap { Int($0) } }
            if counts.count == names.count, counts.allSatisfy({ (0...1_000_000_000).contains($0) }) {
                messagesInQueue = counts.reduce(0, +)
            }
        } catch let error as AWSError where error.refusal != nil {
            notes.append("the queue's own count cannot be compared: \(error)")
        }
    }

    private mutating func readQueue(_ url: String, _ session: AWSSession) async throws {
        // A queue may answer with nothing although it has messages, but hardly twice after a long poll.
        var empty = 0
        var fruitless = 0
        while empty < 2, cut == nil {
            try Task.checkCancellation()
            let answer = try await session.read(
                .sqs(
                    "ReceiveMessage",
                    [
                        "QueueUrl": .string(url), "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1,
                        "VisibilityTimeout": .integer(LetterSource.visibilityTimeout),
                    ]))
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
        guard let queueURL = source.queueURL else { return }
        let receipts = held.values.compactMap { if case .message(_, let receipt) = $0 { receipt } else { nil } }
        // Also when the command was interrupted.
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
extension LetterSearch {
    /// Bytes of an object, at most: more than a letter of any event that Lambda delivers.
    private static let objectLimit = 32 << 20

    private mutating func readBucket(_ bucket: String, _ session: AWSSession) async throws {
        for prefix in source.prefixes {
            var token: String?
            var fruitless = 0
            repeat {
                try Task.checkCancellation()
                let page = try await session.readXML(
                    .listObjects(bucket: bucket, prefix: prefix, continuationToken: token))
                let before = known.count
                for object in page.children where object.name == "Contents" && cut == nil {
                    guard let key = object.text(of: "Key"), key.utf8.last != UInt8(ascii: "/"),
                        known[Array("object \(key)".utf8)] == nil
                    else { continue }
                    known[Array("object \(key)".utf8)] = count
                    let location = "s3://\(bucket)/\(key)"
                    if let size = object.text(of: "Size").flatMap({ Int($0) }), size > Self.objectLimit {
                        add(
                            .unknown(problem: "it has \(size) bytes, and up to \(Self.objectLimit) are read"),
                            at: .object(key: key), location)
                        continue
                    }
                    do {
                        let body = try await session.client.send(.getObject(bucket: bucket, key: key)).body
                        add(Letter(parsing: InputFile.inflated(body) ?? body), at: .object(key: key), location)
                    } catch let error as AWSError where error.code == "NoSuchKey" {
                        // Deleted since it was listed.
                    } catch let error as AWSError where error.refusal != nil {
                        add(.unknown(problem: "it cannot be read: \(error)"), at: .object(key: key), location)
                    }
                }
                fruitless = known.count == before ? fruitless + 1 : 0
                token = page.text(of: "IsTruncated") == "true" ? page.text(of: "NextContinuationToken") : nil
            } while token != nil && cut == nil && fruitless < Self.patience
        }
    }
}

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
    /// - Returns: How many could not be deleted, and why the first of them could not.
    func delete(_ letters: [Int], _ session: AWSSession) async -> (count: Int, problem: String?) {
        var failures = 0
        var problem: String?
        for (letters, request) in deletions(of: letters) {
            do {
                let response = try await session.client.send(request)
                guard request.operation == "DeleteMessageBatch" else { continue }
                let answer = try response.json()
                // Only what the answer names as deleted is.
                let deleted = Set(
                    (answer["Successful"]?.array ?? []).compactMap { $0["Id"]?.string.flatMap { Int($0) } })
                let left = letters.indices.count { !deleted.contains($0) }
                failures += left
                if left > 0 {
                    problem = problem ?? "sqs: \(answer["Failed"]?.array?.first?["Code"]?.string ?? "no result")"
                }
            } catch {
                (failures, problem) = (failures + letters.count, problem ?? "\(error)")
            }
        }
        return (failures, problem)
    }

    /// Notes that letters are done, so that they are not released.
    ///
    /// - Returns: How many of them are in files, which stay.
    mutating func forget(_ letters: [Int]) -> Int {
        letters.count { if case .file = held.removeValue(forKey: $0) { true } else { false } }
    }
}
