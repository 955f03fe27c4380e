import Foundation
import JSON
import TestSupport
import XCTest

/// Tests of `concertctl mapping` and the AWS CLI against moto behind the signature oracle.
final class MappingMotoTests: XCTestCase {
    private static let streamARN = "arn:aws:kinesis:us-east-1:123456789012:stream/concerts"

    private func moto() throws -> Moto {
        let moto = try Moto()
        try moto.reset()
        try moto.aws("kinesis", "create-stream", "--stream-name", "concerts", "--shard-count", "1")
        try moto.aws(
            "iam", "create-role", "--role-name", "r", "--assume-role-policy-document",
            #"{"Version":"2012-10-17","Statement":[]}"#)
        let folder = try TemporaryFolder()
        // An empty ZIP archive.
        let archive = try folder.write("PK\u{5}\u{6}" + String(repeating: "\0", count: 18), to: "function.zip")
        for function in ["concert-data-processor", "other"] {
            try moto.aws(
                "lambda", "create-function", "--function-name", function, "--runtime", "provided.al2023", "--handler",
                "bootstrap", "--role", "arn:aws:iam::123456789012:role/r", "--zip-file", "fileb://\(archive)")
        }
        return moto
    }

    /// Returns the description of the mapping without the members that change by themselves.
    private func described(_ run: Run) throws -> String {
        var members = try run.json()
        // The AWS CLI prints times in another format and omits the tags that moto adds.
        for name in ["LastModified", "State", "StateTransitionReason", "Tags"] { members[name] = nil }
        return try MappingTestCase.text(members)
    }

    func testTheAWSCLIReadsEveryOption() throws {
        let moto = try moto()
        for hasToken in [false, true] {
            let oracle = try SigV4Oracle(upstream: moto.url)
            let environment = oracle.environment(hasToken: hasToken)
            let created = try Concertctl.run(
                [
                    "mapping", "create", "--stream-name", "concerts", "--batch-size", "500",
                    "--maximum-batching-window-in-seconds", "30", "--parallelization-factor", "4",
                    "--starting-position", "TRIM_HORIZON", "--on-failure",
                    "arn:aws:sqs:us-east-1:123456789012:dead-letters", "--maximum-record-age-in-seconds", "3600",
                    "--maximum-retry-attempts", "0", "--bisect-batch-on-function-error",
                    "--tumbling-window-in-seconds", "60", "--function-response-types", "ReportBatchItemFailures",
                    "--filter-criteria", #"Filters=[{Pattern='{"data":{"type":["concert"]}}'}]"#, "--kms-key-arn",
                    "arn:aws:kms:us-east-1:123456789012:key/k", "--metrics-config", "Metrics=EventCount", "--tags",
                    "Project=concerts", "Stage=a b", "--no-enabled", "--output", "json",
                ], environment: environment)
            XCTAssertEqual(created.status, 0, created.notes)
            let uuid = try XCTUnwrap(created.json()["UUID"] as? String)
            let read = try moto.aws("lambda", "get-event-source-mapping", "--uuid", uuid)
            XCTAssertEqual(try described(created), try described(read))
            let members = try read.json()
            let expected: [String: String] = [
                "BatchSize": "[500]", "MaximumBatchingWindowInSeconds": "[30]", "ParallelizationFactor": "[4]",
                "StartingPosition": #"["TRIM_HORIZON"]"#, "MaximumRecordAgeInSeconds": "[3600]",
                "DestinationConfig":
                    #"[{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:dead-letters"}}]"#,
                "MaximumRetryAttempts": "[0]", "BisectBatchOnFunctionError": "[true]",
                "TumblingWindowInSeconds": "[60]", "FunctionResponseTypes": #"[["ReportBatchItemFailures"]]"#,
                "FilterCriteria": #"[{"Filters":[{"Pattern":"{\"data\":{\"type\":[\"concert\"]}}"}]}]"#,
                "KMSKeyArn": #"["arn:aws:kms:us-east-1:123456789012:key/k"]"#,
                "MetricsConfig": #"[{"Metrics":["EventCount"]}]"#, "State": #"["Disabled"]"#,
            ]
            for (name, value) in expected {
                XCTAssertEqual(try MappingTestCase.text([members[name] ?? "absent"]), value, name)
            }
            let tags = try moto.aws(
                "lambda", "list-tags", "--resource", try XCTUnwrap(members["EventSourceMappingArn"] as? String))
            XCTAssertEqual(
                try MappingTestCase.text(try tags.json()["Tags"] ?? [:]), #"{"Project":"concerts","Stage":"a b"}"#)

            let again = try Concertctl.run(
                ["mapping", "create", "--stream-name", "concerts", "--tags", "Project=concerts"],
                environment: environment)
            assertRun(again, 0, output: "already exists with the requested settings")
            let retagged = try Concertctl.run(
                ["mapping", "create", "--stream-name", "concerts", "--tags", "Project=x", "--update"],
                environment: environment)
            assertRun(retagged, 1, output: "Tags", notes: "aws lambda tag-resource")
            assertRun(
                try Concertctl.run(["mapping", "delete", "--uuid", uuid, "--yes", "--wait"], environment: environment),
                0)
            let requests = try oracle.requests()
            XCTAssertFalse(requests.isEmpty)
            XCTAssertEqual(requests.compactMap(\.error), [])
        }
    }

    func testChangesAMappingOfTheAWSCLI() throws {
        let moto = try moto()
        let environment = try SigV4Oracle(upstream: moto.url)
        let made = try moto.aws(
            "lambda", "create-event-source-mapping", "--function-name",
            "arn:aws:lambda:us-east-1:123456789012:function:other", "--event-source-arn", Self.streamARN,
            "--starting-position", "LATEST", "--batch-size", "42")
        let uuid = try XCTUnwrap(made.json()["UUID"] as? String)
        func run(_ words: String...) throws -> Run {
            try Concertctl.run(["mapping"] + words, environment: environment.environment())
        }
        let shown = try run("show", "--function-name", "other", "--stream-name", "concerts", "--output", "json")
        XCTAssertEqual(try described(shown), try described(made), shown.notes)
        assertRun(try run("list", "--function-name", "other"), 0, output: uuid, "42")
        assertRun(
            try run("update", "--uuid", uuid, "--batch-size", "43", "--maximum-retry-attempts", "3", "--wait"), 0,
            output: "updated BatchSize, MaximumRetryAttempts, Enabled")
        let read = try moto.aws("lambda", "get-event-source-mapping", "--uuid", uuid).json()
        XCTAssertEqual(read["BatchSize"] as? Int, 43)
        XCTAssertEqual(read["MaximumRetryAttempts"] as? Int, 3)
        assertRun(try run("disable", "--uuid", uuid, "--wait"), 0, output: "Disabled")
        assertRun(try run("delete", "--uuid", uuid, "--yes"), 0)
        let left = try moto.aws("lambda", "list-event-source-mappings").json()["EventSourceMappings"] as? [Any]
        XCTAssertEqual(left?.count, 0)
        XCTAssertEqual(try environment.requests().compactMap(\.error), [])
    }
}
