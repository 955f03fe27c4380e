import Clients
import JSON
import Processor

/// A dead letter and where it is.
struct FoundLetter: Sendable {
    enum Place: Sendable {
        /// A message that is hidden from others until it is released.
        case message(id: String, receipt: String)
        case object(key: String)
        case file(path: String, line: Int?)

        /// The receipt of a message.
        var receipt: String? { if case .message(_, let receipt) = self { receipt } else { nil } }
    }

    /// Its number in the search that found it.
    let id: Int
    /// The place in words.
    var location: String
    var letter: Letter
    /// Whether it is in a file, which is never changed.
    var isInFile: Bool
}

/// Reads dead letters from a queue, a bucket and files, in one round or several.
///
/// Messages are hidden from others from the moment they are read until ``release(_:)``.
struct LetterSearch: Sendable {
    let source: LetterSource
    /// Where the letters are that were found and not deleted, by ID.
    var held: [Int: FoundLetter.Place] = [:]
    /// How many letters were found, those of other reasons included.
    private(set) var count = 0
    /// How many of them were wanted.
    private(set) var wanted = 0
    /// Whether a limit ended the search, which one in words.
    private(set) var cut: Cut?
    /// How many messages the queue said it had, before any was read.
    var messagesInQueue: Int?
    var messagesRead = 0
    /// What else is worth saying about the search.
    var notes: [String] = []
    /// IDs of letters by the message's ID or the object's key, as bytes.
    var known: [[UInt8]: Int] = [:]
    private var kinds = LetterKinds()
    private var round: [FoundLetter] = []
    private var roundBytes = 0

    /// Why a search ended before all was read.
    enum Cut: Sendable { case limit, size }

    /// Letters that one search looks at, at most, and bytes of them that one round keeps.
    private static let limit = (letters: 100_000, bytes: 256 << 20)
    /// Answers in a row that bring nothing new.
    static let patience = 10

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

    /// Adds a letter that no earlier round has found.
    mutating func add(_ letter: Letter, at place: FoundLetter.Place, _ location: String) {
        let id = count
        count += 1
        held[id] = place
        if source.filter.wants(letter, &kinds) {
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
        guard let criteria = source.filter.criteria, wanted == 0, count > 0 else { return nil }
        return "none of \(criteria); \(count) of others"
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
