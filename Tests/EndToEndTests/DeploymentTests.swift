import Foundation
import TestSupport
import XCTest

/// Tests of the template after its deployment to moto.
final class DeploymentTests: XCTestCase {
    private func deploy(_ parameters: [String: String]) throws -> (moto: Moto, template: JSONValue) {
        let moto = try Moto()
        try moto.reset()
        let template = try Template.shipped.get().resolved(parameters)
        try withTemporaryFolder { folder in
            // moto supports neither AWS::NoValue nor conditions within lists, so these are resolved before.
            let file = folder.appendingPathComponent("template.json")
            try template.text.write(to: file, atomically: true, encoding: .utf8)
            let code = folder.appendingPathComponent("code.zip")
            try Data("no zip".utf8).write(to: code)
            try moto.aws("s3", "mb", "s3://code-bucket")
            try moto.aws("s3", "cp", code.path, "s3://code-bucket/code.zip")
            let values = parameters.map { "ParameterKey=\($0.key),ParameterValue=\($0.value)" }
            try moto.aws(
                "cloudformation", "create-stack", "--stack-name", "concerts", "--template-body", "file://\(file.path)",
                "--capabilities", "CAPABILITY_IAM", "--parameters", list: values)
        }
        return (moto, template)
    }

    private func json(_ run: Run) throws -> JSONValue { try JSONValue(parsing: run.output.utf8) }

    func testMappingMatchesTheTemplate() throws {
        for parameters in [
            ["LogLevel": "INFO"],
            [
                "BatchSize": "500", "ParallelizationFactor": "4", "MaximumRetryAttempts": "3", "StreamShardCount": "2",
                "MaximumBatchingWindowInSeconds": "1", "TumblingWindowInSeconds": "60",
            ],
        ] {
            let (moto, template) = try deploy(parameters)
            let mapping = try json(moto.aws("lambda", "list-event-source-mappings"))["EventSourceMappings"].elements
            XCTAssertEqual(mapping.count, 1)
            let wanted = template["Resources"]["ProcessorStream"]["Properties"]
            for name in ["BatchSize", "MaximumBatchingWindowInSeconds"] {
                XCTAssertEqual(mapping.first?[name], value(of: wanted[name], template, parameters), name)
            }
            XCTAssertEqual(mapping.first?["FunctionResponseTypes"], ["ReportBatchItemFailures"])
            let queue = try json(moto.aws("sqs", "list-queues"))["QueueUrls"].elements.first?.string ?? ""
            let arn = "arn:aws:sqs:us-east-1:123456789012:" + (queue.split(separator: "/").last ?? "")
            let target = mapping.first?["DestinationConfig"]["OnFailure"]["Destination"]
            XCTAssertEqual(target, .string(arn), "discarded records go to an unexpected destination")

            // The output of our own command.
            let shown = try Concertctl.run(
                ["mapping", "list", "--endpoint-url", moto.url, "--region", "us-east-1", "--output", "json"],
                environment: ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"])
            XCTAssertEqual(shown.status, 0, shown.notes)
            XCTAssertTrue(shown.output.contains("function:concert-data-processor"), shown.output)
        }
    }

    func testStreamAndFunctionAreCreated() throws {
        let (moto, _) = try deploy(["StreamShardCount": "3", "MemorySize": "512"])
        let stream = try json(moto.aws("kinesis", "describe-stream-summary", "--stream-name", "concert-data-stream"))
        XCTAssertEqual(stream["StreamDescriptionSummary"]["OpenShardCount"], 3)
        let function = try json(
            moto.aws("lambda", "get-function-configuration", "--function-name", "concert-data-processor"))
        XCTAssertEqual(function["Runtime"], "provided.al2023")
        XCTAssertEqual(function["MemorySize"], 512)
    }

    func testLoaderAndScheduleAreCreatedInBothModes() throws {
        for load in ["direct", "staged"] {
            let (moto, _) = try deploy([
                "WarehouseLoad": load, "RedshiftStagingBucket": "staging",
                "RedshiftCopyRoleArn": "arn:aws:iam::123456789012:role/copy",
                "RedshiftWorkgroupArn": "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/w-1",
            ])
            let loader = try json(
                moto.aws("lambda", "get-function-configuration", "--function-name", "concert-data-loader"))
            XCTAssertEqual(loader["Timeout"], 900)
            XCTAssertEqual(loader["Environment"]["Variables"]["REDSHIFT_STAGING_BUCKET"], "staging")
            let function = try json(
                moto.aws("lambda", "get-function-configuration", "--function-name", "concert-data-processor"))
            XCTAssertEqual(function["Environment"]["Variables"]["REDSHIFT_LOAD"], .string(load))
            let roles = try json(moto.aws("iam", "list-roles"))["Roles"].elements.compactMap { $0["RoleName"].string }
            let role = try XCTUnwrap(roles.first { $0.contains("LoaderRole") })
            let policy = try json(
                moto.aws("iam", "get-role-policy", "--role-name", role, "--policy-name", "LoadWarehouse"))
            let text = policy.text.replacingOccurrences(of: "\\/", with: "/")
            XCTAssertTrue(text.contains("arn:aws:s3:::staging/redshift-loads/w-1/dev/concert_dw/*"), text)
        }
    }

    func testTheCommandDeploysUpdatesGoesBackAndRemoves() throws {
        let moto = try Moto()
        try moto.reset()
        let folder = try TemporaryFolder()
        let template = try folder.write(Template.shipped.get().resolved().text, to: "template.json")
        let zip = try DeploymentFiles.zip(in: folder)
        func concertctl(_ words: String...) throws -> JSONValue {
            let run = try Concertctl.run(
                words + ["--yes", "--output", "json"],
                environment: [
                    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
                    "AWS_ENDPOINT_URL": moto.url, "AWS_MAX_ATTEMPTS": "1",
                ])
            XCTAssertEqual(run.status, 0, "\(words): \(run.notes.suffix(600))")
            return try JSONValue(parsing: run.output.utf8)
        }
        func memory() throws -> JSONValue {
            try json(moto.aws("lambda", "get-function", "--function-name", "concert-data-processor"))["Configuration"][
                "MemorySize"]
        }
        let first = try concertctl("deploy", "--template", template, "--zip", zip)
        XCTAssertEqual(first["status"], "CREATE_COMPLETE")
        XCTAssertEqual(try memory(), 256)
        let second = try concertctl("deploy", "--template", template, "--zip", zip, "--parameter", "MemorySize=512")
        XCTAssertEqual(second["status"], "UPDATE_COMPLETE")
        XCTAssertEqual(try memory(), 512)
        XCTAssertEqual(try concertctl("deploy", "--rollback")["status"], "UPDATE_COMPLETE")
        XCTAssertEqual(try memory(), 256)
        let removed = try concertctl("undeploy")
        XCTAssertEqual(removed["status"], "DELETE_COMPLETE")
        XCTAssertEqual(
            removed["kept"].elements.compactMap { $0["name"].string }.filter { $0.hasPrefix("concert-data-") },
            ["concert-data-stream", "concert-data-deploy-123456789012-us-east-1"])
        XCTAssertThrowsError(try memory())
    }

    /// Returns a property, or the value of the parameter that it refers to.
    private func value(of property: JSONValue, _ template: JSONValue, _ parameters: [String: String]) -> JSONValue {
        guard let name = property["Ref"].string else { return property }
        if let given = parameters[name] { return Double(given).map(JSONValue.number) ?? .string(given) }
        return template["Parameters"][name]["Default"]
    }
}
