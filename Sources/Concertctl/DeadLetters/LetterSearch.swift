import Clients
import JSON
import Processor

/// A dead letter and its source.
struct FoundLetter: Sendable {
    /// The identification of a dead letter in its source.
    enum Handle: Sendable {
        /// A message that is hidden from other consumers until it is released.
        case message(id: String, receipt: String)
        case object(key: String)
        case file(path: String, line: Int?)

        /// The receipt handle of a message.
        var receipt: String? { if case .message(_, let receipt) = self { receipt } else { nil } }
    }

    /// The number of the dead letter within its search.
    let id: Int
    /// The source in words.
    var location: String
    var letter: Letter
    /// Whether it is in a file, which is never deleted.
    var isInFile: Bool
}

/// A search for dead letters in a queue, a bucket, and files, in one or several rounds.
///
/// Messages are hidden from other consumers from their receipt until ``release(_:)``.
struct LetterSearch: Sendable {
    let source: LetterSource
    /// The handles of the dead letters that were found and not deleted, by ID.
    var handles: [Int: FoundLetter.Handle] = [:]
    /// The number of dead letters that were found, whether selected or not.
    private(set) var count = 0
    /// The number of selected dead letters.
    private(set) var selected = 0
    /// The limit that ended the search, if one did.
    private(set) var cut: Cut?
    /// The queue's count of messages before the search.
    var messagesInQueue: Int?
    var messagesRead = 0
    /// Further notes about the search.
    var notes: [String] = []
    /// The IDs of dead letters by the message's ID or the object's key, as bytes.
    var known: [[UInt8]: Int] = [:]
    private var kinds = LetterKinds()
    private var round: [FoundLetter] = []
    private var roundBytes = 0

    /// The limit that ended a search.
    enum Cut: Sendable { case limit, size }

    /// The most dead letters of one search, and the most bytes of one round.
    private static let limit = (letters: 100_000, bytes: 256 << 20)
    /// The number of consecutive responses without new dead letters after which the search ends.
    static let attemptLimit = 10

    init(_ source: LetterSource) { self.source = source }

    /// Returns the selected dead letters that no earlier round found, in the order of their records.
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

    /// Returns the selected dead letters, after making all messages visible again.
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

    /// Whether another round may find more, after dead letters were deleted.
    var mayFindMore: Bool { selected < source.limit && (cut == .size || source.isFIFO) }

    /// Adds a dead letter that no earlier round found.
    mutating func add(_ letter: Letter, at handle: FoundLetter.Handle, _ location: String) {
        let id = count
        count += 1
        handles[id] = handle
        if source.filter.selects(letter, &kinds) {
            selected += 1
            roundBytes += letter.size
            let isInFile = if case .file = handle { true } else { false }
            round.append(FoundLetter(id: id, location: location, letter: letter, isInFile: isInFile))
        }
        if selected >= source.limit || count >= Self.limit.letters {
            cut = .limit
        } else if roundBytes >= Self.limit.bytes {
            cut = .size
        }
    }

    /// A note that none of the dead letters was selected; nil if that is not the case.
    var noneSelected: String? {
        guard let criteria = source.filter.criteria, selected == 0, count > 0 else { return nil }
        return "none with \(criteria); \(count) others"
    }

    /// Notes about dead letters that were not read.
    var remarks: [String] {
        var remarks = notes
        switch cut {
        case .limit where selected < source.limit:
            remarks.append("stopped after \(count) dead letters; there may be more")
        case .limit: remarks.append("stopped at --limit \(source.limit); there may be more")
        case .size: remarks.append("stopped at \(Self.limit.bytes >> 20) MiB of dead letters; there may be more")
        case nil:
            if let messagesInQueue, messagesInQueue > messagesRead {
                remarks.append(
                    "the queue has about \(messagesInQueue) messages, but \(messagesRead) were read: the others are "
                        + "hidden by another consumer"
                        + (source.isFIFO ? ", or follow in a message group whose first messages were read" : "")
                        + "; try again later")
            }
        }
        return remarks
    }
}
