import Clients
import JSON

/// An idempotent change of one stream.
struct StreamChange: Sendable {
    private static let wait = Option<Bool?>("--wait", otherwise: "yes", "wait until the change is done")
    /// The options of commands that always wait.
    static let waitingOptions: [any CommandOption] =
        [SharedOption.streamName, Waiter.timeout, SharedOption.dryRun, SharedOption.output] + SharedOption.aws
    static let options: [any CommandOption] = [wait] + waitingOptions

    let stream: StreamReference
    let session: AWSSession
    /// The waiter; nil with `--no-wait` and in a dry run.
    let waiter: Waiter?

    /// Reads the options, without making any call.
    ///
    /// - Throws: ``UsageError``.
    init(_ input: Input, canSkipWaiting: Bool = true) throws {
        let waiter = try Waiter(input)
        let waits = try !canSkipWaiting || input[Self.wait] != false
        let stream = try StreamReference(input)
        session = try AWSSession(input)
        self.stream = try stream.checked(in: session)
        self.waiter = waits && !session.isDryRun ? waiter : nil
    }

    /// Returns the stream once no other change is in progress.
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

    /// Makes an idempotent call that requires an `ACTIVE` stream; retries it once if the stream was not `ACTIVE`.
    func call(_ request: AWSRequest) async throws -> JSONValue {
        do {
            return try await session.send(request).json()
        } catch let error as AWSError where error.code == "ResourceInUseException" && waiter != nil {
            _ = try await settled()
            return try await session.send(request).json()
        }
    }
}

/// Reaching a desired state.
extension StreamChange {
    /// The result of a change.
    struct ChangeResult: Sendable {
        var verdict: ChangeVerdict
        var before: StreamSummary
        var after: StreamSummary
    }

    /// The most calls for one change, because others may change the stream at the same time.
    private static let callLimit = 3

    /// Makes the call if the stream is not in the desired state.
    ///
    /// The state of the stream decides, not the response: the change also succeeds if the response was lost or another
    /// process made the same change first.
    func reach(_ desired: DesiredState) async throws -> ChangeResult {
        let before = try await settled()
        // A dry run does not read the stream, so it plans the call.
        guard session.isDryRun || !desired.isReached(before) else {
            return ChangeResult(verdict: .unchanged, before: before, after: before)
        }
        if let warning = desired.warning(before) { Console.note("\(warning)") }
        var current = before
        for call in 1... {
            do {
                _ = try await session.send(desired.request(current)).json()
                break
            } catch let error as AWSError {
                let isHeldUp = error.code == "ResourceInUseException" || !error.isDefinite
                current = isHeldUp ? try await settled() : await look() ?? current
                if desired.isReached(current) { break }
                guard error.code == "ResourceInUseException", waiter != nil, call < Self.callLimit else {
                    throw explained(error, by: desired)
                }
            }
        }
        let after: StreamSummary
        do {
            after = try await wait(for: "to have \(desired.what)", until: desired.isApplied ?? desired.isReached)
        } catch {
            Console.note("stream \(stream.name): \(desired.what) requested, not confirmed yet")
            throw error
        }
        return ChangeResult(verdict: .changed, before: before, after: after)
    }

    /// Returns the stream; nil if that fails, because the error before is more helpful.
    private func look() async -> StreamSummary? { try? await stream.summary(session) }

    private func explained(_ error: AWSError, by desired: DesiredState) -> any Error {
        guard let refusal = error.refusal, refusal.code == "LimitExceededException", let limit = desired.limit else {
            return error
        }
        return CommandError(
            description: "\(refusal.service) \(refusal.operation): \(refusal.code): \(refusal.message); \(limit)")
    }

    /// Runs a command that consists of desired states.
    func run(_ desiredStates: [DesiredState]) async throws -> ExitStatus {
        var last: StreamSummary?
        for desired in desiredStates {
            let outcome = try await reach(desired)
            session.say("\(line(outcome, desired))")
            last = outcome.after
        }
        if let last { session.show(text: nil, json: last.json) }
        return .done
    }

    private func line(_ outcome: ChangeResult, _ desired: DesiredState) -> String {
        let (before, after) = (desired.state(outcome.before), desired.state(outcome.after))
        guard outcome.verdict == .changed else { return "stream \(stream.name): \(after), unchanged" }
        guard waiter != nil else {
            return "stream \(stream.name) is \(outcome.after.status): requested \(desired.what)"
        }
        return "stream \(stream.name): \(after), changed" + (before == after ? "" : " (before: \(before))")
    }
}
