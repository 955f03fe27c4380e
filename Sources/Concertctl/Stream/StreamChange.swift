import Clients
import JSON

/// Changes one stream as a command's options say, so that a second run finds nothing to do.
struct StreamChange: Sendable {
    private static let wait = Option<Bool?>("--wait", otherwise: "yes", "wait until the change is done")
    /// Of commands that cannot do without waiting.
    static let waitingOptions: [any CommandOption] =
        [SharedOption.streamName, Waiter.timeout, SharedOption.dryRun, SharedOption.output] + SharedOption.aws
    static let options: [any CommandOption] = [wait] + waitingOptions

    let stream: StreamReference
    let session: AWSSession
    /// Nil with `--no-wait`, and in a dry run.
    let waiter: Waiter?

    /// - Throws: ``UsageError``; nothing is called yet.
    init(_ input: Input, canSkipWaiting: Bool = true) throws {
        let waiter = try Waiter(input)
        let waits = try !canSkipWaiting || input[Self.wait] != false
        let stream = try StreamReference(input)
        session = try AWSSession(input)
        self.stream = try stream.checked(in: session)
        self.waiter = waits && !session.isDryRun ? waiter : nil
    }

    /// The stream as it is, once nothing else changes it.
    func settled() async throws -> StreamSummary {
        guard waiter != nil else { return try await stream.summary(session) }
        return try await wait(for: "to become ACTIVE") { _ in true }
    }

    private func wait(
        for what: String, until isAsWanted: @escaping @Sendable (StreamSummary) -> Bool
    ) async throws -> StreamSummary {
        guard let waiter else { return try await stream.summary(session) }
        return try await stream.wait(waiter, session, for: what, until: isAsWanted)
    }

    /// Makes a call that needs an `ACTIVE` stream and bears repetition; waits and repeats it when the stream was not.
    func call(_ request: AWSRequest) async throws -> JSONValue {
        do {
            return try await session.send(request).json()
        } catch let error as AWSError where error.code == "ResourceInUseException" && waiter != nil {
            _ = try await settled()
            return try await session.send(request).json()
        }
    }
}

/// Reaching a goal.
extension StreamChange {
    /// How a goal was reached.
    struct Outcome: Sendable {
        var verdict: ChangeVerdict
        var before: StreamSummary
        var after: StreamSummary
    }

    /// Calls that may be made for one goal: others may change the stream at the same time.
    private static let callLimit = 3

    /// Does what is needed, if anything is.
    ///
    /// The stream decides, not the answer: a call whose answer was lost, or that somebody else made first, counts.
    func reach(_ goal: StreamGoal) async throws -> Outcome {
        let before = try await settled()
        // A dry run knows nothing of the stream, and plans the call.
        guard session.isDryRun || !goal.isReached(before) else {
            return Outcome(verdict: .alreadySo, before: before, after: before)
        }
        if let warning = goal.warning(before) { Console.note("\(warning)") }
        var current = before
        for call in 1... {
            do {
                _ = try await session.send(goal.request(current)).json()
                break
            } catch let error as AWSError {
                let isHeldUp = error.code == "ResourceInUseException" || !error.isDefinite
                current = isHeldUp ? try await settled() : await look() ?? current
                if goal.isReached(current) { break }
                guard error.code == "ResourceInUseException", waiter != nil, call < Self.callLimit else {
                    throw explained(error, by: goal)
                }
            }
        }
        let after: StreamSummary
        do { after = try await wait(for: "to have \(goal.what)", until: goal.isApplied ?? goal.isReached) } catch {
            Console.note("stream \(stream.name): \(goal.what) requested, not confirmed yet")
            throw error
        }
        return Outcome(verdict: .changed, before: before, after: after)
    }

    /// The stream as it is; nil where the error that made somebody look tells more than this one.
    private func look() async -> StreamSummary? { try? await stream.summary(session) }

    private func explained(_ error: AWSError, by goal: StreamGoal) -> any Error {
        guard let refusal = error.refusal, refusal.code == "LimitExceededException", let limit = goal.limit else {
            return error
        }
        return CommandError(
            description: "\(refusal.service) \(refusal.operation): \(refusal.code): \(refusal.message); \(limit)")
    }

    /// The whole of a command that has goals and nothing else.
    func run(_ goals: [StreamGoal]) async throws -> ExitStatus {
        var last: StreamSummary?
        for goal in goals {
            let outcome = try await reach(goal)
            session.say("\(line(outcome, goal))")
            last = outcome.after
        }
        if let last { session.show(text: nil, json: last.json) }
        return .done
    }

    private func line(_ outcome: Outcome, _ goal: StreamGoal) -> String {
        let (before, after) = (goal.state(outcome.before), goal.state(outcome.after))
        guard outcome.verdict == .changed else { return "stream \(stream.name): \(after), already so" }
        guard waiter != nil else { return "stream \(stream.name) is \(outcome.after.status): asked for \(goal.what)" }
        return "stream \(stream.name): \(after), changed" + (before == after ? "" : " (before: \(before))")
    }
}
