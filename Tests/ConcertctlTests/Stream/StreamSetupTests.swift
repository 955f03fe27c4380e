import Basics
import Foundation
import TestSupport
import XCTest

final class StreamSetupTests: XCTestCase {
    func testSetupIsIdempotent() throws {
        let bench = try StreamOnMoto()
        let first = try bench.stream("setup")
        XCTAssertEqual(first.status, 0, first.notes)
        let verdicts = [
            "stream       created     concerts, PROVISIONED, 1 open shard",
            "monitoring   changed", "encryption   changed", "tags         changed", "policy       created",
            "test record  put", "ARN         \(StreamOnMoto.arn)", "shardId-000000000000  open",
        ]
        for verdict in verdicts { XCTAssertTrue(first.output.contains(verdict), "\(verdict): \(first.output)") }
        let made = try state(bench)
        XCTAssertEqual(made["StreamModeDetails"] as? [String: String], ["StreamMode": "PROVISIONED"])
        XCTAssertEqual(made["OpenShardCount"] as? Int, 1)
        XCTAssertEqual(made["KeyId"] as? String, "alias/aws/kinesis")
        XCTAssertEqual(
            made["metrics"] as? [String],
            [
                "IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
            ])
        XCTAssertEqual(
            made["tags"] as? [String: String], ["Project": "ConcertDataPlatform", "Environment": "development"])
        let record = try XCTUnwrap(try bench.records().first)
        let members = try XCTUnwrap(JSONSerialization.jsonObject(with: record) as? [String: Any])
        XCTAssertEqual(members["test"] as? Bool, true)

        let second = try bench.stream("setup", "--output", "json")
        XCTAssertEqual(second.status, 0, second.notes)
        XCTAssertEqual(try state(bench) as NSDictionary, made as NSDictionary)
        XCTAssertEqual(try bench.records(), [record])
        let answer = try second.json()
        let steps = answer["Steps"] as? [[String: String]] ?? []
        XCTAssertEqual(
            steps.map { "\($0["Step"] ?? "") \($0["Verdict"] ?? "")" },
            [
                "stream unchanged", "monitoring unchanged", "retention skipped", "encryption unchanged",
                "tags unchanged", "policy unchanged", "test record skipped",
            ])
        let description = answer["StreamDescriptionSummary"] as? [String: Any]
        XCTAssertEqual(description?["StreamARN"] as? String, StreamOnMoto.arn)
        XCTAssertEqual((answer["Shards"] as? [Any])?.count, 1)
        XCTAssertEqual(try bench.oracle.requests().compactMap(\.error), [])
    }

    /// Returns everything that a second run must not change.
    private func state(_ bench: StreamOnMoto) throws -> [String: Any] {
        var state = try bench.summary()
        let monitoring = state.removeValue(forKey: "EnhancedMonitoring") as? [[String: [String]]] ?? []
        state["metrics"] = monitoring.flatMap { $0["ShardLevelMetrics"] ?? [] }.sorted()
        state["tags"] = try bench.tags()
        state["policy"] = try bench.policyDocument("concerts-us-east-1-access")
        return state
    }

    func testPolicyGrantsLeastPrivilege() throws {
        let bench = try StreamOnMoto()
        XCTAssertEqual(try bench.stream("setup", "--policy-name", "own").status, 0)
        let document = try bench.policyDocument("own")
        let statements = try XCTUnwrap(document["Statement"] as? [[String: Any]])
        XCTAssertEqual(statements.map { $0["Effect"] as? String }, ["Allow", "Allow", "Allow"])
        XCTAssertEqual(
            statements.map { $0["Resource"] as? String },
            [StreamOnMoto.arn, StreamOnMoto.arn, StreamOnMoto.arn + "/consumer/*"])
        let actions = Set(statements.flatMap { $0["Action"] as? [String] ?? [] })
        XCTAssertEqual(
            actions,
            [
                "kinesis:PutRecord", "kinesis:PutRecords", "kinesis:GetRecords", "kinesis:GetShardIterator",
                "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards",
                "kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer",
            ])
    }

    func testPolicyGrantsCustomerManagedKey() throws {
        let cases = [
            ("alias/concerts", "arn:aws:kms:us-east-1:123456789012:key/*"),
            (
                "1234abcd-12ab-34cd-56ef-1234567890ab",
                "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
            ),
            ("arn:aws:kms:us-east-1:111122223333:key/k", "arn:aws:kms:us-east-1:111122223333:key/k"),
        ]
        for (key, resource) in cases {
            let bench = try StreamOnMoto()
            let run = try bench.stream("setup", "--key-id", key)
            XCTAssertEqual(run.status, 0, run.notes)
            let document = try bench.policyDocument("concerts-us-east-1-access")
            let statement = try XCTUnwrap((document["Statement"] as? [[String: Any]])?.last)
            XCTAssertEqual(statement["Resource"] as? String, resource)
            XCTAssertEqual(statement["Action"] as? [String], ["kms:Decrypt", "kms:GenerateDataKey"])
            XCTAssertEqual(statement["Condition"] != nil, key.hasPrefix("alias/"), key)
        }
    }

    func testDifferentPolicyIsUpdatedOnlyOnRequest() throws {
        let bench = try StreamOnMoto()
        let other = """
            {"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kinesis:*","Resource":"*"}]}
            """
        try bench.moto.aws("iam", "create-policy", "--policy-name", "own", "--policy-document", other)
        let kept = try bench.stream("setup", "--policy-name", "own")
        XCTAssertEqual(kept.status, 0, kept.notes)
        XCTAssertTrue(
            kept.output.contains("policy       differs     arn:aws:iam::123456789012:policy/own"), kept.output)
        XCTAssertTrue(kept.output.contains("--update-policy"), kept.output)
        let updated = try bench.stream("setup", "--policy-name", "own", "--update-policy")
        XCTAssertTrue(updated.output.contains("policy       changed"), updated.output + updated.notes)
        XCTAssertEqual((try bench.policyDocument("own", version: "v2")["Statement"] as? [Any])?.count, 3)
        let again = try bench.stream("setup", "--policy-name", "own", "--update-policy")
        XCTAssertTrue(again.output.contains("policy       unchanged"), again.output + again.notes)
    }

    func testSetupUsesOptionsAndShardVariable() throws {
        let bench = try StreamOnMoto()
        let run = try bench.stream(
            "setup", "--no-policy", "--no-encryption", "--no-monitoring", "--no-test-record",
            "--retention-period-hours", "48", "--tags", "Project=Other", "Team=a b=c",
            environment: ["AWS_KINESIS_SHARD_COUNT": "3"])
        XCTAssertEqual(run.status, 0, run.notes)
        let summary = try bench.summary()
        XCTAssertEqual(summary["OpenShardCount"] as? Int, 3)
        XCTAssertEqual(summary["RetentionPeriodHours"] as? Int, 48)
        XCTAssertNotEqual(summary["EncryptionType"] as? String, "KMS")
        XCTAssertEqual(try bench.tags(), ["Project": "Other", "Team": "a b=c"])
        XCTAssertEqual(try bench.records(), [])
    }

    func testDifferencesOfExistingStreamAreReported() throws {
        let bench = try StreamOnStrictAWS(
            """
            kinesis.create_stream(StreamName='concerts', ShardCount=2)
            kinesis.increase_stream_retention_period(StreamName='concerts', RetentionPeriodHours=48)
            kinesis.start_stream_encryption(StreamName='concerts', EncryptionType='KMS', KeyId='alias/other')
            """)
        let run = try bench.stream(
            "setup", "--no-policy", "--no-tags", "--no-monitoring", "--retention-period-hours", "24")
        XCTAssertEqual(run.status, 0, run.notes)
        for command in ["scale --target-shard-count 1", "retention 24", "encrypt --key-id alias/aws/kinesis"] {
            XCTAssertTrue(
                run.output.contains("To change it: concertctl stream \(command)"), "\(command): \(run.output)")
        }
        XCTAssertEqual(try bench.changes(), [])
        let onDemand = try bench.stream(
            "setup", "--stream-mode", "ON_DEMAND", "--no-policy", "--no-encryption", "--no-monitoring", "--no-tags")
        XCTAssertTrue(
            onDemand.output.contains("To change it: concertctl stream mode --stream-mode ON_DEMAND"), onDemand.output)
        XCTAssertEqual(try bench.changes(), [])
    }

    func testSetupWaitsForActiveAfterEachStep() throws {
        let bench = try StreamOnStrictAWS("")
        let run = try bench.stream("setup", "--no-policy", "--retention-period-hours", "48", "--test-record")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(
            try bench.changes(),
            [
                "CreateStream", "EnableEnhancedMonitoring", "IncreaseStreamRetentionPeriod", "StartStreamEncryption",
                "AddTagsToStream", "PutRecord",
            ])
        XCTAssertTrue(run.output.contains("status      ACTIVE"), run.output)
        XCTAssertEqual(try bench.fake.shards(of: "concerts").first?.records.map(\.partitionKey), ["test"])
        _ = try bench.stream("setup", "--no-policy", "--retention-period-hours", "48", "--test-record")
        XCTAssertEqual(try bench.changes().suffix(1), ["PutRecord"])
        XCTAssertEqual(try bench.changes().count, 7)
    }

    func testLostResponsesAreSuccess() throws {
        let bench = try StreamOnStrictAWS("")
        let operations = ["CreateStream", "EnableEnhancedMonitoring", "StartStreamEncryption", "AddTagsToStream"]
        for operation in operations { try bench.fake.add(.lost, of: operation) }
        let run = try bench.stream("setup", "--no-policy")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertTrue(run.output.contains("stream       created"), run.output)
        XCTAssertTrue(run.output.contains("encryption   changed"), run.output)
        XCTAssertEqual(try bench.fake.faultsLeft(), 0)
        XCTAssertEqual(try bench.calls(of: "CreateStream").map(\.error), [nil, "ResourceInUseException"])
        let again = try bench.stream("setup", "--no-policy")
        XCTAssertTrue(again.output.contains("encryption   unchanged"), again.output)
    }

    func testConcurrentlyCreatedStreamIsUsed() throws {
        let bench = try StreamOnStrictAWS("kinesis.create_stream(StreamName='concerts', ShardCount=2)")
        try bench.fake.add(.error, of: "DescribeStreamSummary", code: "ResourceNotFoundException")
        let run = try bench.stream("setup", "--no-policy")
        XCTAssertEqual(run.status, 0, run.notes)
        XCTAssertEqual(try bench.calls(of: "CreateStream").map(\.error), ["ResourceInUseException"])
        XCTAssertTrue(run.output.contains("2 open shards, not 1; unchanged"), run.output)
    }

    func testSetupStopsAtTimedOutStep() throws {
        let bench = try StreamOnStrictAWS()
        try bench.fake.set(["readsUntilActive": 1_000_000])
        let run = try bench.stream("setup", "--no-policy", "--timeout", "1")
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.output.contains("stream       unchanged"), run.output)
        XCTAssertTrue(run.notes.contains("waited 1 s for stream concerts"), run.notes)
        XCTAssertEqual(try bench.changes(), ["EnableEnhancedMonitoring"])
    }

    func testStreamIsNotCreatedFromARN() throws {
        let bench = try StreamOnStrictAWS("")
        let arn = "arn:aws:kinesis:us-east-1:123456789012:stream/concerts"
        let run = try bench.stream("setup", "--stream-name", arn)
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.notes.contains("an ARN cannot create it"), run.notes)
        XCTAssertEqual(try bench.changes(), [])
    }

    func testRejectedStepDoesNotStopOthers() throws {
        let bench = try StreamOnStrictAWS("")
        try bench.fake.add(
            .error, of: "GetPolicy", code: "AccessDenied", message: "not authorized to perform: iam:GetPolicy",
            status: 403)
        try bench.fake.add(.error, of: "StartStreamEncryption", code: "KMSAccessDeniedException", message: "no key")
        let run = try bench.stream("setup")
        XCTAssertEqual(run.status, 1)
        XCTAssertTrue(run.output.contains("encryption   failed      kinesis StartStreamEncryption: KMSAcc"), run.output)
        XCTAssertTrue(run.output.contains("policy       failed      iam GetPolicy: AccessDenied"), run.output)
        XCTAssertTrue(run.output.contains("allow iam:GetPolicy"), run.output)
        XCTAssertTrue(run.output.contains("test record  put"), run.output)
    }
}
