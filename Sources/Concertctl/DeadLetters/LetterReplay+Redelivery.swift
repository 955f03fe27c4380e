import Clients
import JSON
import Processor
import Transport

/// Redelivery to the function or to a local bootstrap.
extension LetterReplay {
    /// The number of consecutive invocations without a response after which the replay stops.
    private static let attemptLimit = 5

    mutating func redeliver(_ plan: inout LetterPlan) async throws {
        var path: String?
        if case .bootstrap(let chosen) = destination { path = chosen }
        var events = RedeliveryEvents(plan.records, isBounded: path == nil)
        var progress = Progress()
        defer { progress.end() }
        while let event = events.next() {
            try Task.checkCancellation()
            let name = path ?? event.function?.shortName ?? ""
            account.plan(event.numbers.count, for: name)
            if account.isDryRun {
                if let function = event.function { _ = try await session.send(.invoke(function, event.bytes)) }
                try await planDeletions(after: event.numbers, &plan)
                continue
            }
            await search.hide(event.numbers.map { plan.records[$0].letter }, session)
            let body: [UInt8]?
            if let path {
                body = try await response(to: event, plan, path)
            } else {
                body = try await response(to: event, plan)
            }
            if let body { try await take(body, of: event, from: name, &plan) }
            progress.show("\(account.records) records redelivered")
        }
        for number in events.tooLarge {
            let entry = plan.records[number]
            let size = entry.record.data.count
            account.fail(
                entry.letter, reason: "too_large",
                "its record has \(size) bytes, and Lambda accepts events of up to 6 MB; replay it with --bootstrap PATH"
            )
        }
    }

    /// Processes a response: deletes the dead letters that were processed, and records why the others stay.
    private mutating func take(
        _ body: [UInt8], of event: RedeliveryEvent, from name: String, _ plan: inout LetterPlan
    ) async throws {
        switch RedeliveryAnswer(parsing: body, of: event.numbers.map { plan.records[$0].record }) {
        case .outdated:
            throw CommandError(
                description: "\(name) returned no \"failures\": this older version does not support "
                    + "redelivery, so no dead letter of this event was deleted; deploy the current version of the function first"
            )
        case .invalid(let problem): note("\(name): \(problem)", event, plan)
        case .answered(let failures):
            for (index, failure) in failures.sorted(by: { $0.key < $1.key }) {
                account.fail(
                    plan.records[event.numbers[index]].letter, reason: failure.reason, failure.message,
                    isAnswer: true)
            }
            await finish(event.numbers.indices.filter { failures[$0] == nil }.map { event.numbers[$0] }, &plan)
        }
    }

    /// Records that no record of an event is known to have been processed.
    private mutating func note(_ problem: String, _ event: RedeliveryEvent, _ plan: LetterPlan) {
        let count = ReplayAccount.counted(event.numbers.count, "record")
        account.add(
            problem: "\(problem) (dead letters of \(count) not deleted)",
            of: event.numbers.map { plan.records[$0].letter })
    }
}

/// Invocations.
extension LetterReplay {
    /// Invokes the function of an event.
    ///
    /// - Returns: The response; nil if there is none, after recording the problem.
    /// - Throws: If further invocations would fail, too.
    private mutating func response(to event: RedeliveryEvent, _ plan: LetterPlan) async throws -> [UInt8]? {
        guard let function = event.function else { return nil }
        let name = Array(function.text.utf8)
        if let problem = closedFunctions[name] {
            note(problem, event, plan)
            return nil
        }
        do {
            let response = try await session.send(.invoke(function, event.bytes))
            unanswered = 0
            if let kind = response.headers["x-amz-function-error"] {
                note("function \(function.shortName): \(Self.functionError(response.body, kind))", event, plan)
                return nil
            }
            guard response.status == 200 else {
                note("function \(function.shortName): status \(response.status) instead of 200", event, plan)
                return nil
            }
            return response.body
        } catch let error as AWSError {
            let problem = try LetterStreams.problem(error)
            if let refusal = error.refusal, !refusal.isRetryable, [401, 403, 404].contains(refusal.status) {
                // The error is of the function, not of the event.
                closedFunctions[name] = problem
                unanswered = 0
            } else if error.refusal?.isRetryable != false {
                unanswered += 1
            }
            note(problem, event, plan)
            guard unanswered < Self.attemptLimit else {
                throw CommandError(
                    description:
                        "\(Self.attemptLimit) consecutive invocations had no response; the remaining ones were not attempted"
                )
            }
            return nil
        }
    }

    /// Returns the text of a function's error.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html>
    private static func functionError(_ body: [UInt8], _ kind: String) -> String {
        let value = try? JSONValue(parsing: body)
        let words = [value?["errorType"]?.string ?? kind, value?["errorMessage"]?.string].compactMap(\.self)
        return "the invocation failed: "
            + String(decoding: words.joined(separator: ": ").utf8.prefix(2000), as: UTF8.self)
    }

    private mutating func response(
        to event: RedeliveryEvent, _ plan: LetterPlan, _ path: String
    ) async throws -> [UInt8]? {
        var target =
            try self.target
            ?? BootstrapTarget(path: path, processors: nil, sinks: .withoutDeadLetters, environment: environment)
        self.target = target
        let interrupt = target.interruption
        let delivery: DeliveryResult
        do {
            delivery = try await withTaskCancellationHandler {
                try target.deliver(ReplayEvent(name: "dead letters", bytes: event.bytes))
            } onCancel: {
                interrupt()
            }
        } catch {
            // An interrupted delivery is not a failure.
            try Task.checkCancellation()
            throw error
        }
        guard let error = delivery.invocationError else { return delivery.response }
        note("\(path): the invocation failed: \(error)", event, plan)
        return nil
    }
}

extension AWSRequest {
    /// Returns a synchronous invocation of a function.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
    static func invoke(_ function: FunctionReference, _ event: [UInt8]) -> AWSRequest {
        var request = AWSRequest.lambda("Invoke", "POST", ["functions", function.text, "invocations"])
        request.headers = [
            HTTPHeader("Content-Type", "application/json"), HTTPHeader("X-Amz-Invocation-Type", "RequestResponse"),
        ]
        request.body = event
        // A function runs for up to 15 minutes.
        request.timeout = .seconds(930)
        return request
    }
}
