import Clients
import Foundation
import JSON

/// The steps of `stream setup`.
struct SetupSteps: Sendable {
    let plan: SetupPlan
    let change: StreamChange

    private var stream: StreamReference { change.stream }
    private var session: AWSSession { change.session }

    /// - Returns: The policy, if one was asked for.
    func run(_ report: inout SetupReport) async throws -> StreamPolicy? {
        let (summary, isNew) = try await create(&report)
        try await report.take("monitoring") { try await monitor() }
        try await report.take("retention") { try await retain() }
        if let size = plan.recordSize { try await report.take("record size") { try await limitRecords(to: size) } }
        try await report.take("encryption") { try await encrypt() }
        try await report.take("tags") { try await tag() }
        let policy = try policy(of: summary)
        try await report.take("policy") { try await allow(policy) }
        try await report.take("test record") { try await putTestRecord(isNew: isNew) }
        return policy
    }

    /// All calls that set up a stream that is not there yet.
    func callsOfFirstRun() throws -> [AWSRequest] {
        let new = try StreamSummary.placeholder(of: stream, in: session.region)
        var calls = [stream.request("DescribeStreamSummary"), creation]
        if let goal = monitoringGoal { calls.append(goal.request(new)) }
        if let hours = plan.retentionHours, hours != new.retentionHours {
            calls.append(StreamRetention.goal(hours, of: stream).request(new))
        }
        if let keyID = plan.keyID { calls.append(StreamEncrypt.goal(encryptedWith: keyID, of: stream).request(new)) }
        if !plan.tags.isEmpty { calls += [stream.request("ListTagsForStream"), stream.addition(of: plan.tags)] }
        if let policy = try policy(of: new) { calls += [policy.lookup, policy.creation] }
        if plan.putsTestRecord != false { calls.append(testRecord) }
        let details = ["DescribeStreamSummary", "ListShards", "ListTagsForStream"].map { stream.request($0) }
        return calls + details + [new.consumerRequest("ListStreamConsumers")]
    }
}

/// The stream itself.
extension SetupSteps {
    private var creation: AWSRequest {
        .kinesis(
            "CreateStream",
            .object(ofPresent: [
                ("StreamName", .string(stream.name)), ("ShardCount", plan.shardCount.map { .integer($0) }),
                ("StreamModeDetails", ["StreamMode": .string(plan.mode.rawValue)]),
                ("MaxRecordSizeInKiB", plan.recordSize.map { .integer($0) }),
            ]))
    }

    /// - Returns: The stream, `ACTIVE`, and whether this run made it.
    private func create(_ report: inout SetupReport) async throws -> (StreamSummary, Bool) {
        let isNew = try await isMissing()
        if isNew {
            guard stream.arn == nil else {
                throw CommandError(
                    description: "stream \(stream.name) is not there, and a stream is made by its name, not its ARN")
            }
        }
        let settled: StreamSummary
        do {
            if isNew { try await makeStream() }
            settled = try await change.settled()
        } catch {
            if isNew, error is CancellationError || error is WaitTimeout {
                Console.note(
                    "stream \(stream.name): creation requested, not ACTIVE yet; run the command again to continue")
            }
            throw error
        }
        report.add("stream", isNew ? .created : .alreadySo, "\(stream.name), \(Self.size(settled))")
        if let difference = difference(settled) { report.add("stream", .differs, difference) }
        return (settled, isNew)
    }

    private func makeStream() async throws {
        do {
            _ = try await session.send(creation).json()
        } catch let error as AWSError where error.code == "ResourceInUseException" || !error.isDefinite {
            // It may be there: by an attempt whose answer was lost, or by somebody else.
            if error.code != "ResourceInUseException", try await isMissing() { throw error }
        }
        // What was just made may not be seen everywhere yet.
        try await change.waiter?.wait(for: "stream \(stream.name) to appear") {
            try await isMissing() ? .pending("unknown") : .reached(())
        }
    }

    /// Whether there is no such stream; waits for the end of one that is being deleted.
    private func isMissing() async throws -> Bool {
        do {
            guard try await stream.summary(session).status == "DELETING" else { return false }
            try await change.waiter?.wait(for: "stream \(stream.name) to be gone") {
                try await stream.summary(session).status == "DELETING" ? .pending("DELETING") : .reached(())
            }
            return false
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return true
        }
    }

    private static func size(_ summary: StreamSummary) -> String {
        "\(summary.mode.rawValue), \(summary.openShardsText)"
    }

    /// What is not as it was asked for, and how it can be changed.
    private func difference(_ summary: StreamSummary) -> String? {
        if summary.mode != plan.mode {
            return "it is \(summary.mode.rawValue), not \(plan.mode.rawValue), and left so; "
                + "concertctl stream mode --stream-mode \(plan.mode.rawValue) changes it"
        }
        guard let wanted = plan.shardCount, wanted != summary.openShards else { return nil }
        return "it has \(summary.openShardsText), not \(wanted), and is left so; "
            + "concertctl stream scale --target-shard-count \(wanted) changes it"
    }
}

/// Its settings.
extension SetupSteps {
    private var monitoringGoal: StreamGoal? {
        plan.metrics.isEmpty ? nil : StreamMonitor.goal(with: plan.metrics, of: stream)
    }

    private func monitor() async throws -> (ChangeVerdict, String) {
        guard let goal = monitoringGoal else { return (.skipped, "by --no-monitoring") }
        return try await reach(goal)
    }

    private func retain() async throws -> (ChangeVerdict, String) {
        guard let hours = plan.retentionHours else { return (.skipped, "not asked for") }
        let summary = try await change.settled()
        guard summary.retentionHours <= hours else {
            return (
                .differs,
                "it is \(summary.retentionHours) h, and left so, for less would lose records; "
                    + "concertctl stream retention \(hours) changes it"
            )
        }
        return try await reach(StreamRetention.goal(hours, of: stream))
    }

    private func limitRecords(to kibibytes: Int) async throws -> (ChangeVerdict, String) {
        let present = try await change.settled().maxRecordKibibytes ?? StreamRecordSize.standard
        guard present <= kibibytes else {
            return (
                .differs,
                "it is \(present) KiB, and left so, for producers may put such records; "
                    + "concertctl stream scale \(StreamRecordSize.option.name) \(kibibytes) changes it"
            )
        }
        return try await reach(StreamRecordSize.goal(kibibytes, of: stream))
    }

    private func encrypt() async throws -> (ChangeVerdict, String) {
        guard let keyID = plan.keyID else { return (.skipped, "by --no-encryption") }
        let summary = try await change.settled()
        if let present = summary.keyID, !StreamEncrypt.isSameKey(present, keyID) {
            return (
                .differs,
                "the key is \(present), not \(keyID), and left so; concertctl stream encrypt --key-id \(keyID) changes it"
            )
        }
        return try await reach(StreamEncrypt.goal(encryptedWith: keyID, of: stream))
    }

    private func reach(_ goal: StreamGoal) async throws -> (ChangeVerdict, String) {
        let outcome = try await change.reach(goal)
        return (outcome.verdict, goal.state(outcome.after))
    }

    private func tag() async throws -> (ChangeVerdict, String) {
        guard !plan.tags.isEmpty else { return (.skipped, "by --no-tags") }
        let before = try await stream.tags(session)
        let after = try await change.setTags(plan.tags, from: before)
        return (before == after ? .alreadySo : .changed, after.text)
    }
}

/// What is around it.
extension SetupSteps {
    private func policy(of summary: StreamSummary) throws -> StreamPolicy? {
        try plan.policyName.map { name in
            try StreamPolicy(name: name, streamARN: summary.arn, keyID: summary.keyID ?? plan.keyID)
        }
    }

    private func allow(_ policy: StreamPolicy?) async throws -> (ChangeVerdict, String) {
        guard let policy else { return (.skipped, "by --no-policy") }
        var present = try await policy.present(session)
        if present == nil {
            do {
                _ = try await session.send(policy.creation).xml()
                return (.created, policy.arn)
            } catch let error as AWSError where error.code == "EntityAlreadyExists" {
                present = try await policy.present(session)
            }
        }
        if let present, policy.isSame(as: present) { return (.alreadySo, policy.arn) }
        guard plan.updatesPolicy else {
            return (
                .differs,
                "\(policy.arn) says something else, and is left so; --update-policy gives it a new version"
            )
        }
        return try await update(policy)
    }

    private func update(_ policy: StreamPolicy) async throws -> (ChangeVerdict, String) {
        do {
            _ = try await session.send(policy.newVersion).xml()
            return (.changed, policy.arn)
        } catch let error as AWSError where error.code == "LimitExceeded" {
            throw CommandError(
                description: "\(policy.arn) has as many versions as it can have: look at them with aws iam "
                    + "list-policy-versions, and delete one with aws iam delete-policy-version")
        }
    }

    private var testRecord: AWSRequest {
        let data: JSONValue = [
            "test": true, "source": "concertctl",
            "timestamp": .string(TimestampText.text(Date().timeIntervalSince1970)),
        ]
        return stream.request(
            "PutRecord", ("Data", .string(Data(data.bytes).base64EncodedString())), ("PartitionKey", "test"))
    }

    private func putTestRecord(isNew: Bool) async throws -> (ChangeVerdict, String) {
        guard plan.putsTestRecord ?? isNew else {
            return (.skipped, plan.putsTestRecord == nil ? "the stream is not new" : "by --no-test-record")
        }
        let answer = try await session.send(testRecord).json()
        let sequenceNumber = answer["SequenceNumber"]?.string ?? "unknown"
        return (.put, "on \(answer["ShardId"]?.string ?? "unknown"), sequence number \(sequenceNumber)")
    }
}
