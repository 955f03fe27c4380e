import Clients
import JSON

/// Changes one stream as a command's options say, so that a second run finds nothing to do.
struct StreamChange: Sendable {
    private static let wait = OptionDescription(
        "--wait", .toggle, "wait until the change is done, which is the default")
    /// Of commands that cannot do without waiting.
    static let waitingOptions: [OptionDescription] =
        [.streamName, Waiter.timeout, .dryRun, .output] + OptionDescription.aws
    static let options = [wait] + waitingOptions

    let stream: StreamReference
    let session: AWSSession
    let output: OutputFormat
    /// Nil with `--no-wait`.
    let waiter: Waiter?

    /// - Throws: ``UsageError``; nothing is called yet.
    init(_ arguments: Arguments, environment: [String: String], canSkipWaiting: Bool = true) throws {
        output = try arguments.choice(.output, of: OutputFormat.self) ?? .text
        let waiter = try Waiter(arguments)
        self.waiter = canSkipWaiting && arguments.toggle(Self.wait) == false ? nil : waiter
        session = try AWSSession(
            arguments, environment: environment, isDryRun: arguments.flag(.dryRun), output: output)
        stream = try StreamReference(arguments, environment: environment).checked(in: session)
    }

    /// A line for people: the result itself, or a note beside the JSON that is the result.
    func say(_ line: String) {
        if output == .text { Output.print("\(line)") } else { Console.note("\(line)") }
    }

    /// The stream as it is, once nothing else changes it.
    func settled() async throws -> StreamSummary {
        guard waiter != nil else { return try await stream.summary(session) }
        return try await wait(for: "to become ACTIVE") { _ in true }
    }

    private func wait(
        for what: String, until isAsWanted: @Sendable (StreamSummary) -> Bool
    ) async throws -> StreamSummary {
        guard let waiter else { return try await stream.summary(session) }
        return try await waiter.wait(for: "stream \(stream.name) \(what)") {
            let summary = try await stream.summary(session)
            guard summary.status != "DELETING" else {
                throw CommandError(description: "stream \(stream.name) is being deleted")
            }
            guard summary.status == "ACTIVE" else { return .pending(summary.status) }
            return isAsWanted(summary) ? .reached(summary) : .pending("ACTIVE without it")
        }
    }

    /// Makes a call that needs an `ACTIVE` stream and bears repetition; waits and repeats it when the stream was not.
    func call(_ request: AWSRequest) async throws -> JSONValue {
        do {
            return try await session.read(request)
        } catch let error as AWSError where error.code == "ResourceInUseException" && waiter != nil {
            _ = try await settled()
            return try await session.read(request)
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
        guard !goal.isReached(before) else { return Outcome(verdict: .alreadySo, before: before, after: before) }
        if let warning = goal.warning(before) { Console.note("\(warning)") }
        var current = before
        for call in 1... {
            do {
                _ = try await session.read(goal.request(current))
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
        guard !session.isDryRun else { return try plan(goals) }
        var summary: StreamSummary?
        for goal in goals {
            let outcome = try await reach(goal)
            say(line(outcome, goal))
            summary = outcome.after
        }
        if output == .json, let summary { Output.print(.json(summary.json)) }
        return .done
    }

    private func line(_ outcome: Outcome, _ goal: StreamGoal) -> String {
        let (before, after) = (goal.state(outcome.before), goal.state(outcome.after))
        guard outcome.verdict == .changed else { return "stream \(stream.name): \(after), already so" }
        guard waiter != nil else { return "stream \(stream.name) is \(outcome.after.status): asked for \(goal.what)" }
        return "stream \(stream.name): \(after), changed" + (before == after ? "" : " (before: \(before))")
    }

    /// What would be called if the stream were new.
    private func plan(_ goals: [StreamGoal]) throws -> ExitStatus {
        let new = try StreamSummary.placeholder(of: stream, in: session.client.configuration.region)
        try session.planned(stream.request("DescribeStreamSummary"))
        for goal in goals { try session.planned(goal.request(new)) }
        session.finishDryRun()
        return .done
    }
}
