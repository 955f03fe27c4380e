import Clients
import Telemetry

/// A writer of dead letters to an SQS queue, an S3 bucket, or both: the bucket receives what the queue cannot accept.
///
/// A letter counts as written only when the service has confirmed it. After any other outcome, the record fails and is
/// redelivered.
package struct DeadLetterWriter: DeadLetterSink {
    private let queue: DeadLetterQueue?
    private let bucket: DeadLetterBucket?
    private let pacing: RetryPacing

    /// - Parameter makeClient: Makes a client of the function's Region; called when the first letter is written.
    package init(settings: DeadLetterSettings, makeClient: @escaping @Sendable () -> AWSClient) {
        self.init(settings: settings, pacing: RetryPacing(), makeClient: makeClient)
    }

    init(settings: DeadLetterSettings, pacing: RetryPacing, makeClient: @escaping @Sendable () -> AWSClient) {
        let clients = ClientPool(makeClient)
        queue = settings.queueURL.map { DeadLetterQueue(url: $0, clients: clients) }
        bucket = settings.bucket.map { DeadLetterBucket(name: $0, clients: clients) }
        self.pacing = pacing
    }

    package func write(_ letters: [DeadLetter], context: InvocationContext, outcomes: inout RecordOutcomes) async {
        var forBucket: [Int] = []
        if let queue {
            forBucket = await enqueue(letters, queue, context: context, &outcomes)
        } else {
            forBucket = Array(letters.indices)
        }
        guard !forBucket.isEmpty, let bucket else { return }
        await bucket.write(forBucket.map { (index: $0, letter: letters[$0]) }, &outcomes)
    }

    /// Sends letters in order, until all are sent or the queue is unavailable.
    ///
    /// - Returns: The indices of the letters that the queue cannot accept; each is marked with the cause.
    private func enqueue(
        _ letters: [DeadLetter], _ queue: DeadLetterQueue, context: InvocationContext, _ outcomes: inout RecordOutcomes
    ) async -> [Int] {
        var unfit: [Int] = []
        var rest = Array(letters.indices)[...]
        while !rest.isEmpty {
            let known = unfit.count
            var open = DeadLetterQueue.nextCall(&rest, of: letters, unfit: &unfit)
            for index in unfit[known...] {
                outcomes[index] = Self.unfit(
                    "a dead letter of \(letters[index].body.count) bytes is larger than SQS allows")
            }
            var attempt = 0
            while !open.isEmpty {
                guard !Task.isCancelled, ContinuousClock.now + RetryPacing.leastTime < context.deadline else {
                    return unfit
                }
                attempt += 1
                var problem: String?
                var isUnavailable = false
                let answers = await queue.send(open.map { letters[$0] })
                for (index, answer) in zip(open, answers) {
                    switch answer {
                    case .written: outcomes[index] = .succeeded
                    case .unfit(let reason):
                        unfit.append(index)
                        outcomes[index] = Self.unfit(reason)
                    case .failed(let reason): (problem, outcomes[index]) = (reason, .retryable(reason: reason))
                    case .unavailable(let reason):
                        (problem, isUnavailable) = (reason, true)
                        outcomes[index] = .retryable(reason: reason)
                    }
                }
                open = zip(open, answers).filter { if case .failed = $0.1 { true } else { false } }.map(\.0)
                guard let problem else { break }
                guard !isUnavailable, !open.isEmpty, await pause(after: attempt, context) else {
                    for index in rest { outcomes[index] = .retryable(reason: problem) }
                    return unfit
                }
            }
        }
        return unfit
    }

    private static func unfit(_ reason: String) -> RecordOutcome {
        .retryable(reason: "\(reason); set DEAD_LETTER_BUCKET to store such letters")
    }

    /// Waits before another attempt; returns false if the time or the attempts are used up.
    private func pause(after attempt: Int, _ context: InvocationContext) async -> Bool {
        let delay = pacing.retries.delay(after: attempt, requested: nil)
        guard attempt < Self.attempts, ContinuousClock.now + delay + RetryPacing.leastTime < context.deadline else {
            return false
        }
        return (try? await pacing.retries.pause(delay)) != nil
    }

    /// The most calls for the same letters; with the pauses between them, they outlast half a minute of throttling.
    private static let attempts = 8
}
