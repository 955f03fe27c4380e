import Clients
import Telemetry

/// Writes dead letters to an SQS queue, an S3 bucket, or both: the bucket takes what the queue cannot hold.
///
/// A letter is marked once its service has said that it is there; anything else leaves its record to be tried again.
public struct DeadLetterWriter: DeadLetterSink {
    private let queue: LetterQueue?
    private let bucket: LetterBucket?
    private let pacing: RetryPacing

    /// - Parameter makeClient: Makes a client of the function's Region; nothing is connected before the first letter.
    public init(settings: DeadLetterSettings, makeClient: @escaping @Sendable () -> AWSClient) {
        self.init(settings: settings, pacing: RetryPacing(), makeClient: makeClient)
    }

    init(settings: DeadLetterSettings, pacing: RetryPacing, makeClient: @escaping @Sendable () -> AWSClient) {
        let clients = ClientPool(makeClient)
        queue = settings.queueURL.map { LetterQueue(url: $0, clients: clients) }
        bucket = settings.bucket.map { LetterBucket(name: $0, clients: clients) }
        self.pacing = pacing
    }

    public func write(_ letters: [DeadLetter], context: InvocationContext, outcomes: inout OutcomeSheet) async {
        var forBucket: [Int] = []
        if let queue {
            forBucket = await enqueue(letters, queue, context: context, &outcomes)
        } else {
            forBucket = Array(letters.indices)
        }
        guard !forBucket.isEmpty else { return }
        guard let bucket else {
            for index in forBucket {
                outcomes[index] = .retryable(
                    reason:
                        "a dead letter of \(letters[index].body.count) bytes is more than the queue takes, or holds "
                        + "what it refuses; set DEAD_LETTER_BUCKET for such letters")
            }
            return
        }
        await bucket.write(forBucket.map { (index: $0, letter: letters[$0]) }, &outcomes)
    }

    /// Sends in order what the queue can hold, until all is sent or the queue is out of reach.
    ///
    /// - Returns: Indices of the letters that the queue cannot hold.
    private func enqueue(
        _ letters: [DeadLetter], _ queue: LetterQueue, context: InvocationContext, _ outcomes: inout OutcomeSheet
    ) async -> [Int] {
        var tooMuch: [Int] = []
        var rest = Array(letters.indices)[...]
        while !rest.isEmpty {
            let call = LetterQueue.nextCall(&rest, of: letters, tooMuch: &tooMuch)
            var open = call
            var attempt = 0
            while !open.isEmpty {
                guard !Task.isCancelled, ContinuousClock.now + RetryPacing.leastTime < context.deadline else {
                    return tooMuch
                }
                attempt += 1
                var problem: String?
                var isOutOfReach = false
                let answers = await queue.send(open.map { letters[$0] })
                for (index, answer) in zip(open, answers) {
                    switch answer {
                    case .told: outcomes[index] = .succeeded
                    case .refused: tooMuch.append(index)
                    case .failed(let reason, _): (problem, outcomes[index]) = (reason, .retryable(reason: reason))
                    case .outOfReach(let reason):
                        (problem, isOutOfReach) = (reason, true)
                        outcomes[index] = .retryable(reason: reason)
                    }
                }
                open = zip(open, answers).filter { if case .failed = $0.1 { true } else { false } }.map(\.0)
                guard let problem else { break }
                guard !isOutOfReach, !open.isEmpty, await pause(after: attempt, context) else {
                    for index in rest { outcomes[index] = .retryable(reason: problem) }
                    return tooMuch
                }
            }
        }
        return tooMuch
    }

    /// Waits before another attempt; false when there is no use in one.
    private func pause(after attempt: Int, _ context: InvocationContext) async -> Bool {
        let delay = pacing.retries.delay(after: attempt, requested: nil)
        guard attempt < pacing.retries.maxAttempts, ContinuousClock.now + delay < context.deadline else { return false }
        return (try? await pacing.retries.pause(delay)) != nil
    }
}
