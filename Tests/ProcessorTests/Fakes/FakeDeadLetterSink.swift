import Foundation

@testable import Processor

/// Takes letters, but for those of the sequence numbers that it was told to refuse; remembers what it took.
actor FakeDeadLetterSink: DeadLetterSink {
    private let refused: Set<String>
    /// How many answers it gives; a broken sink may give fewer than it got letters.
    private let answers: Int
    private var letters: [DeadLetter] = []

    init(refusing refused: Set<String> = [], answers: Int = .max) { (self.refused, self.answers) = (refused, answers) }

    func write(_ letters: [DeadLetter], context: InvocationContext) async -> [Bool] {
        let taken = letters.map { !refused.contains($0.sequenceNumber.digits) }
        for (letter, isTaken) in zip(letters, taken) where isTaken { self.letters.append(letter) }
        return Array(taken.prefix(answers))
    }

    var sequenceNumbers: [String] { letters.map(\.sequenceNumber.digits) }

    var texts: [String] { letters.map { String(decoding: $0.body, as: UTF8.self) } }
}
