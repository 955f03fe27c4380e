import Basics
import Clients
import Foundation
import JSON

/// The steps of `stream setup`.
struct SetupSteps: Sendable {
    let plan: SetupPlan
    let change: StreamChange

    private var stream: StreamReference { change.stream }
    private var session: AWSSession { change.session }

    /// Runs all steps.
    ///
    /// - Returns: The policy, unless it was disabled.
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

    /// Returns all calls that set up a new stream.
    func callsOfFirstRun() throws -> [AWSRequest] {
        let new = try StreamSummary.placeholder(of: stream, in: session.region)
        var calls = [stream.request("DescribeStreamSummary"), creation]
        if let desired = desiredMonitoring { calls.append(desired.request(new)) }
        if let hours = plan.retentionHours, hours != new.retentionHours {
            calls.append(StreamRetention.desiredState(hours, of: stream).request(new))
        }
        if let keyID = plan.keyID {
            calls.append(StreamEncrypt.desiredState(encryptedWith: keyID, of: stream).request(new))
        }
        if !plan.tags.isEmpty { calls += [stream.request("ListTagsForStream"), stream.addition(of: plan.tags)] }
        if let policy = try policy(of: new) { calls += [policy.lookup, policy.creation] }
        if plan.putsTestRecord != false { calls.append(testRecord) }
        let details = ["DescribeStreamSummary", "ListShards", "ListTagsForStream"].map { stream.request($0) }
        return calls + details + [new.consumerRequest("ListStreamConsumers")]
    }
}

/// Creation of the stream.
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

    /// Creates the stream if it does not exist.
    ///
    /// - Returns: The stream, once it is `ACTIVE`, and whether this run created it.
    private func create(_ report: inout SetupReport) async throws -> (StreamSummary, Bool) {
        let isNew = try await isMissing()
        if isNew {
            guard stream.arn == nil else {
                throw CommandError(
                    description:
                        "stream \(stream.name) does not exist, and an ARN cannot create it; pass its name as --stream-name"
                )
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
        report.add("stream", isNew ? .created : .unchanged, "\(stream.name), \(Self.size(settled))")
        if let difference = difference(settled) { report.add("stream", .differs, difference) }
        return (settled, isNew)
    }

    private func makeStream() async throws {
        do {
            _ = try await session.send(creation).json()
        } catch let error as AWSError where error.code == "ResourceInUseException" || !error.isDefinite {
            // It may exist: a lost response may have created it, or another process.
            if error.code != "ResourceInUseException", try await isMissing() { throw error }
        }
        // A new stream is not visible everywhere at once.
        try await change.waiter?.wait(for: "stream \(stream.name) to appear") {
            try await isMissing() ? .pending("unknown") : .reached(())
        }
    }

    /// Returns whether the stream does not exist; waits until a stream that is being deleted is gone.
    private func isMissing() async throws -> Bool {
        do {
            guard try await stream.summary(session).status == "DELETING" else { return false }
            try await change.waiter?.wait(for: "stream \(stream.name) to be deleted") {
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

    /// Returns what differs from the options, and the command that changes it.
    private func difference(_ summary: StreamSummary) -> String? {
        if summary.mode != plan.mode {
            return "mode is \(summary.mode.rawValue), not \(plan.mode.rawValue); unchanged. To change it: "
                + "concertctl stream mode --stream-mode \(plan.mode.rawValue)"
        }
        guard let wanted = plan.shardCount, wanted != summary.openShards else { return nil }
        return "\(summary.openShardsText), not \(wanted); unchanged. To change it: "
            + "concertctl stream scale --target-shard-count \(wanted)"
    }
}

/// Settings of the stream.
extension SetupSteps {
    private var desiredMonitoring: DesiredState? {
        plan.metrics.isEmpty ? nil : StreamMonitor.desiredState(with: plan.metrics, of: stream)
    }

    private func monitor() async throws -> (ChangeVerdict, String) {
        guard let desired = desiredMonitoring else { return (.skipped, "by --no-monitoring") }
        return try await reach(desired)
    }

    private func retain() async throws -> (ChangeVerdict, String) {
        guard let hours = plan.retentionHours else { return (.skipped, "not requested") }
        let summary = try await change.settled()
        guard summary.retentionHours <= hours else {
            return (
                .differs,
                "\(summary.retentionHours) h, unchanged because a lower retention deletes records. To change it: "
                    + "concertctl stream retention \(hours)"
            )
        }
        return try await reach(StreamRetention.desiredState(hours, of: stream))
    }

    private func limitRecords(to kibibytes: Int) async throws -> (ChangeVerdict, String) {
        let present = try await change.settled().maxRecordKibibytes ?? StreamRecordSize.standard
        guard present <= kibibytes else {
            return (
                .differs,
                "\(present) KiB, unchanged because producers may put records of that size. To change it: "
                    + "concertctl stream scale \(StreamRecordSize.option.name) \(kibibytes)"
            )
        }
        return try await reach(StreamRecordSize.desiredState(kibibytes, of: stream))
    }

    private func encrypt() async throws -> (ChangeVerdict, String) {
        guard let keyID = plan.keyID else { return (.skipped, "by --no-encryption") }
        let summary = try await change.settled()
        if let present = summary.keyID, !StreamEncrypt.isSameKey(present, keyID) {
            return (
                .differs,
                "key is \(present), not \(keyID); unchanged. To change it: concertctl stream encrypt --key-id \(keyID)"
            )
        }
        return try await reach(StreamEncrypt.desiredState(encryptedWith: keyID, of: stream))
    }

    private func reach(_ desired: DesiredState) async throws -> (ChangeVerdict, String) {
        let outcome = try await change.reach(desired)
        return (outcome.verdict, desired.state(outcome.after))
    }

    private func tag() async throws -> (ChangeVerdict, String) {
        guard !plan.tags.isEmpty else { return (.skipped, "by --no-tags") }
        let before = try await stream.tags(session)
        let after = try await change.setTags(plan.tags, from: before)
        return (before == after ? .unchanged : .changed, after.text)
    }
}

/// The IAM policy and the test record.
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
        if let present, policy.isSame(as: present) { return (.unchanged, policy.arn) }
        guard plan.updatesPolicy else {
            return (
                .differs,
                "\(policy.arn) has a different document; unchanged. To create a new version, pass --update-policy"
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
                description: "\(policy.arn) has the maximum number of versions: list them with aws iam "
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
