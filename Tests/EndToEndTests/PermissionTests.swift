import Foundation
import XCTest

/// Tests that compare the calls of the function with the permissions of its role.
final class PermissionTests: XCTestCase {
    /// The action that allows a call, and the caller if it is not the function.
    private static let calls: [String: (action: String?, parameters: [String: String])] = [
        "SendMessageBatch": ("sqs:SendMessage", [:]),
        "PutObject": ("s3:PutObject", ["DeadLetterBucket": "yes", "RedshiftStagingBucket": "staging"]),
        "BatchExecuteStatement": ("redshift-data:BatchExecuteStatement", ["RedshiftWorkgroupArn": "arn"]),
        "DescribeStatement": ("redshift-data:DescribeStatement", ["RedshiftWorkgroupArn": "arn"]),
        "PublishBatch": ("sns:Publish", ["NotifyTopicArn": "arn"]),
        "PutEvents": ("events:PutEvents", ["NotifyEventBusArn": "arn"]),
        // Only concertctl makes these calls, with its user's permissions: it counts rows, and reads dead letters.
        "ExecuteStatement": (nil, [:]), "DeleteObject": (nil, [:]),
        // The loader makes these calls, with its own role.
        "GetStatementResult": (nil, [:]), "GetObject": (nil, [:]), "ListObjectsV2": (nil, [:]),
        "DeleteObjects": (nil, [:]), "CopyObject": (nil, [:]),
        // The credentials of a profile, which need no permission, and which a function does not use.
        "GetRoleCredentials": (nil, [:]), "CreateToken": (nil, [:]), "CreateOAuth2Token": (nil, [:]),
    ]

    /// The actions of the poller and of Lambda itself with the role.
    private static let actionsOfLambda: Set<String> = [
        "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
        "kinesis:ListShards", "kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard", "kms:Decrypt",
        "logs:CreateLogStream", "logs:PutLogEvents", "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
        // The warehouse requires it of the caller that runs a statement.
        "redshift-serverless:GetCredentials",
    ]

    private static let everything = [
        "RedshiftWorkgroupArn": "arn", "RedshiftStagingBucket": "staging", "DeadLetterBucket": "yes",
        "NotifyTopicArn": "arn", "NotifyEventBusArn": "arn", "SubnetIds": "subnet-1", "EnhancedFanOut": "yes",
    ]

    /// Returns the names of AWS operations in the sources of the bootstrap.
    private func operations() throws -> Set<String> {
        let form =
            /"((?:Put|Get|BatchExecute|Execute|Describe|Publish|Send|List|Delete|Create|Update|Cancel|Copy)[A-Z][A-Za-z0-9]+)"/
        var found: Set<String> = []
        for folder in ["Processor", "Clients/AWS", "Bootstrap"] {
            let root = Repository.root.appendingPathComponent("Sources/\(folder)")
            let files = try XCTUnwrap(FileManager.default.enumerator(atPath: root.path))
            for case let name as String in files where name.hasSuffix(".swift") {
                let text = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
                for match in text.matches(of: form)
                where !match.1.hasSuffix("Exception") && !["CopyObjectResult", "ListBucketResult"].contains(match.1) {
                    found.insert(String(match.1))
                }
            }
        }
        return found
    }

    /// Returns the actions that the function's role allows, with these parameters.
    private func allowed(_ parameters: [String: String], role: String = "ProcessorRole") throws -> Set<String> {
        let statements = try statements(parameters, role: role)
        return Set(statements.flatMap { $0["Action"].elements }.compactMap(\.string))
    }

    private func statements(_ parameters: [String: String], role name: String) throws -> [JSONValue] {
        let resources = try Template.shipped.get().resolved(parameters)["Resources"]
        let role = resources[name]["Properties"]["Policies"].elements.map { $0["PolicyDocument"] }
        let attached = resources.keys.map { resources[$0] }
            .filter { $0["Type"] == "AWS::IAM::RolePolicy" && $0["Properties"]["RoleName"] == ["Ref": .string(name)] }
            .map { $0["Properties"]["PolicyDocument"] }
        return (role + attached).flatMap { $0["Statement"].elements }
    }

    private static let staged = [
        "RedshiftWorkgroupArn": "arn", "RedshiftStagingBucket": "staging", "RedshiftCopyRoleArn": "role",
        "WarehouseLoad": "staged",
    ]

    /// Returns the bucket and key that a statement's resource allows, with the target shortened.
    private func keys(_ statement: JSONValue) -> [String] {
        statement["Resource"].elements.map { resource in
            let text = resource["Fn::Sub"].elements.first?.string ?? resource["Fn::Sub"].string ?? resource.text
            return text.replacingOccurrences(of: "${Warehouse}/${RedshiftDatabase}/${RedshiftSchema}", with: "TARGET")
                .replacingOccurrences(of: "arn:${AWS::Partition}:s3:::${RedshiftStagingBucket}", with: "BUCKET")
        }
    }

    func testStagedFunctionMayOnlyWriteToItsTarget() throws {
        let statements = try statements(Self.staged, role: "ProcessorRole")
        XCTAssertFalse(try allowed(Self.staged).contains { $0.hasPrefix("redshift") })
        let writes = statements.filter { $0["Action"].elements.contains { $0.string?.hasPrefix("s3:") == true } }
        XCTAssertEqual(writes.map { $0["Action"] }, ["s3:PutObject"])
        XCTAssertEqual(writes.flatMap(keys), ["BUCKET/redshift-staged/TARGET/*"])
        let direct = Self.staged.merging(["WarehouseLoad": "direct"]) { $1 }
        let puts = try self.statements(direct, role: "ProcessorRole").filter { $0["Action"] == "s3:PutObject" }
        XCTAssertEqual(puts.flatMap(keys), ["BUCKET/redshift-staging/*"])
    }

    func testLoaderPermissionsAreLimitedToItsPrefixes() throws {
        for load in ["direct", "staged"] {
            let parameters = Self.staged.merging(["WarehouseLoad": load]) { $1 }
            XCTAssertEqual(
                try allowed(parameters, role: "LoaderRole"),
                [
                    "redshift-data:BatchExecuteStatement", "redshift-data:DescribeStatement",
                    "redshift-data:GetStatementResult", "redshift-serverless:GetCredentials", "s3:ListBucket",
                    "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "logs:CreateLogStream", "logs:PutLogEvents",
                ])
            let statements = try statements(parameters, role: "LoaderRole")
            let objects = statements.filter { $0["Action"].elements.contains("s3:DeleteObject") }
            XCTAssertEqual(
                objects.flatMap(keys), ["staged", "loads", "refused"].map { "BUCKET/redshift-\($0)/TARGET/*" })
            let lists = statements.filter { $0["Action"] == "s3:ListBucket" }
            XCTAssertEqual(lists.flatMap(keys), ["BUCKET"])
            XCTAssertEqual(lists.first?["Condition"]["StringLike"]["s3:prefix"].elements.count, 2)
        }
        // The part of the ARN that keys contain.
        let sub = try XCTUnwrap(try statements(Self.staged, role: "LoaderRole").first { $0["Sid"] == "MoveObjects" })
        XCTAssertEqual(
            sub["Resource"].elements.first?["Fn::Sub"].elements.last?["Warehouse"],
            ["Fn::Select": [1, ["Fn::Split": ["workgroup/", ["Fn::Sub": "${RedshiftWorkgroupArn}workgroup/"]]]]])
    }

    func testEveryCallIsAllowed() throws {
        let operations = try operations()
        XCTAssertGreaterThan(operations.count, 8, "the calls are written in another way now")
        for operation in operations.sorted() {
            guard let call = Self.calls[operation] else {
                XCTFail("\(operation) is called without a documented permission")
                continue
            }
            guard let action = call.action else { continue }
            XCTAssertTrue(try allowed(call.parameters).contains(action), "\(operation) lacks \(action)")
        }
    }

    func testNoUnusedPermissionIsGranted() throws {
        let needed = Set(Self.calls.values.compactMap(\.action)).union(Self.actionsOfLambda)
        XCTAssertEqual(try allowed(Self.everything).subtracting(needed), [])
        XCTAssertEqual(needed.subtracting(try allowed(Self.everything)), [])
        // If it is turned off, no permission remains.
        let least = try allowed([:])
        for action in ["s3:PutObject", "sns:Publish", "events:PutEvents", "redshift-data:BatchExecuteStatement"] {
            XCTAssertFalse(least.contains(action), action)
        }
        XCTAssertFalse(least.contains { $0.hasPrefix("ec2:") || $0.contains("*") }, "\(least)")
    }
}
