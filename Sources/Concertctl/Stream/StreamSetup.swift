import Clients
import Foundation
import JSON

/// The command that creates the platform's stream and its settings; running it again changes nothing.
struct StreamSetup: Command {
    static let description = CommandDescription(
        name: "stream setup", summary: "create and configure the stream in one command",
        discussion: """
            Runs these steps in order and shows the result of each one: create the stream and wait until it is ACTIVE; enable \
            shard-level metrics; set retention and record size, if given; enable encryption; add tags; create an IAM policy \
            for the stream's producers and consumers; put a test record; show the stream's details.

            A second run changes nothing, and puts no test record unless --test-record is given. Settings that exist with other \
            values (shards, mode, key, longer retention, larger records, policy) are reported and left unchanged. If AWS \
            rejects a step, the other steps still run and the exit status is 1. The command never prompts.

            The policy is not attached to anything: attach it to the roles of the producers and of the function.
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
            // A dry run does not know which steps an existing stream needs, so it shows those of a new stream.
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
