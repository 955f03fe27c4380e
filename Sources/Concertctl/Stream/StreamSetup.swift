import Clients
import Foundation
import JSON

/// Sets the platform's stream up in one go; a second run finds everything so.
struct StreamSetup: Command {
    static let description = CommandDescription(
        name: "stream setup", summary: "create the stream and everything around it, in one go",
        discussion: """
            In this order, each step with its verdict: create the stream and wait until it is ACTIVE; shard-level \
            metrics; retention and record size, if they are given; encryption; tags; an IAM policy for producers and consumers of this \
            stream; a test record; the stream's details.

            A second run changes nothing and puts no test record, unless --test-record asks for one. What is there \
            already with other settings (shards, mode, key, longer retention, larger records, policy) is told and left as it is. A step \
            that AWS refuses does not keep the others back; the exit status is then 1. It never asks.

            The policy is attached to nobody: attach it to the producers' and the function's roles.
            """,
        options: SetupPlan.options + StreamChange.waitingOptions,
        examples: [
            "concertctl stream setup",
            "concertctl stream setup --stream-name concert-data-stream --shard-count 2 --tags Environment=production",
            "concertctl stream setup --stream-mode ON_DEMAND --no-policy --dry-run",
        ])

    private let steps: SetupSteps
    private let change: StreamChange

    init(_ input: Input) throws {
        var plan = try SetupPlan(input)
        change = try StreamChange(input, canSkipWaiting: false)
        plan.policyName = try SetupPlan.policyName(input, change.stream, change.session.region)
        steps = SetupSteps(plan: plan, change: change)
    }

    func run() async throws -> ExitStatus {
        let session = change.session
        guard !session.isDryRun else {
            // Which steps a stream that exists needs is not known; a new one needs all.
            for request in try steps.callsOfFirstRun() { _ = try await session.send(request) }
            session.show(text: nil, json: .null)
            return .done
        }
        var report = SetupReport(session)
        let policy = try await steps.run(&report)
        let description = try await StreamDescription(of: change.stream, session)
        let members: [(String, JSONValue?)] = [
            ("Steps", .array(report.steps)), ("PolicyArn", policy.map { .string($0.arn) }),
        ]
        session.show(
            text: .lines("\n" + description.text), json: .object(ofPresent: members + description.members))
        return report.hasFailed ? .failed : .done
    }
}
