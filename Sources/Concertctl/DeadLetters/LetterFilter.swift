import Processor

/// The selection of dead letters; a criterion that is nil selects all.
struct LetterFilter: Sendable {
    var reasons: [String]?
    var shards: [String]?
    var kinds: [String]?
    /// The range of the records' arrival, in seconds since the Unix epoch, without `until`.
    var since: Double?
    var until: Double?
    /// Sequence numbers, with `-N` for the record at index N of an aggregate; empty selects all.
    var sequences: [String] = []

    /// Returns whether an operand is a sequence number and not a path.
    static func isSequence(_ word: String) -> Bool {
        let parts = word.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        return (1...128).contains(parts[0].count)
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { 0x30...0x39 ~= $0 } }
    }

    func selects(_ letter: Letter, _ kinds: inout LetterKinds) -> Bool {
        Self.contains(reasons, letter.reason) && Self.contains(shards, letter.shard) && isInTime(letter)
            && (sequences.isEmpty || !matches(letter).isEmpty)
            // Checked last because it decodes the data.
            && (self.kinds == nil || Self.contains(self.kinds, kinds.kind(of: letter)))
    }

    private static func contains(_ words: [String]?, _ word: String?) -> Bool {
        guard let words else { return true }
        guard let word else { return false }
        return words.contains { $0.utf8.elementsEqual(word.utf8) }
    }

    private func isInTime(_ letter: Letter) -> Bool {
        guard since != nil || until != nil else { return true }
        guard let arrival = letter.arrival else { return false }
        return since.map { arrival >= $0 } ?? true && until.map { arrival < $0 } ?? true
    }

    /// Returns the elements of ``sequences`` that the dead letter matches.
    func matches(_ letter: Letter) -> [String] {
        sequences.filter { sequence in
            switch letter {
            case .record(let record): record.name == sequence || record.sequenceNumber.digits == sequence
            case .batch(let batch): batch.contains(sequence)
            case .unknown: false
            }
        }
    }

    /// The criteria in words; nil if there are none besides sequence numbers.
    var criteria: String? {
        let words = [
            reasons.map { "reason " + $0.joined(separator: ", ") },
            shards.map { "shard " + $0.joined(separator: ", ") },
            kinds.map { "kind " + $0.joined(separator: ", ") }, since == nil && until == nil ? nil : "that time",
        ].compactMap(\.self)
        return words.isEmpty ? nil : words.joined(separator: " and ")
    }
}

/// Determines the kinds of the entities in dead letters.
struct LetterKinds: Sendable {
    /// The names of the kinds in messages and in the option `--kind`.
    static let words = EntityCatalog.builtIn.schemas.map(\.name)

    private var reader = RecordReader()

    /// Returns the kind; nil if the data has none, for example if it is not JSON, and for batches.
    mutating func kind(of letter: Letter) -> String? {
        guard case .record(let record) = letter, let data = record.data else { return nil }
        var kind: String?
        reader.forEachRecord(in: data) { record in
            guard kind == nil else { return }
            switch record.content {
            case .entity(let found, _): kind = EntityCatalog.builtIn[found].name
            // The error message of a rule contains the field: `artist.name`.
            case .bad(let error):
                let word = error.message.utf8.prefix { $0 != UInt8(ascii: ".") }
                kind = Self.words.first { $0.utf8.elementsEqual(word) }
            case .test: break
            }
        }
        return kind
    }
}
