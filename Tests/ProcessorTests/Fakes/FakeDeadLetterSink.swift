import Foundation

@testable import Processor

/// A sink that accepts and stores letters, except those with the configured sequence numbers.
actor FakeDeadLetterSink: DeadLetterSink {
    private let refused: Set<String>
    /// The number of letters to process; the rest stay unmarked, as after the deadline.
    private let answers: Int
    private var letters: [DeadLetter] = []

    init(refusing refused: Set<String> = [], answers: Int = .max) { (self.refused, self.answers) = (refused, answers) }

    func write(_ letters: [DeadLetter], context: InvocationContext, outcomes: inout RecordOutcomes) async {
        for (index, letter) in letters.prefix(answers).enumerated() {
            guard !refused.contains(letter.sequenceNumber.digits) else {
                outcomes[index] = .retryable(reason: "refused")
                continue
            }
            self.letters.append(letter)
            outcomes[index] = .succeeded
        }
    }

    var sequenceNumbers: [String] { letters.map(\.sequenceNumber.digits) }

    var keys: [String] { letters.map(\.key) }

    var texts: [String] { letters.map { String(decoding: $0.body, as: UTF8.self) } }
}

/// A sink that accepts the first letters, then waits until it is cancelled.
struct WaitingDeadLetterSink: DeadLetterSink {
    var takenFirst: Int

    func write(_ letters: [DeadLetter], context: InvocationContext, outcomes: inout RecordOutcomes) async {
        for index in 0..<min(takenFirst, letters.count) { outcomes[index] = .succeeded }
        // An empty stream ends only when the task is cancelled.
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in stream {}
        continuation.finish()
    }
}
