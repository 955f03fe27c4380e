import Foundation
import XCTest

@testable import Processor
@testable import concertctl

/// What the parameters of `template.yaml` reach, and what an update leaves in place.
final class TemplateParameterTests: XCTestCase {
    private static let everything = [
        "RedshiftStagingBucket": "b", "RedshiftCopyRoleArn": "r", "RedshiftWorkgroupArn": "arn",
        "NotifyTopicArn": "new",
        "NotifyEventBusArn": "arn", "AlarmTopicArn": "new", "AlarmEmail": "a@b", "DeadLetterBucket": "yes",
        "RawArchive": "yes", "EnhancedFanOut": "yes", "TumblingWindowInSeconds": "60", "SubnetIds": "s",
    ]

    private func template(_ parameters: [String: String] = [:]) throws -> JSONValue {
        try Template.shipped.get().resolved(parameters)
    }

    /// The value with each parameter that it names in place; of a resource, the reference stays.
    private func resolved(_ value: JSONValue, _ template: JSONValue, _ given: [String: String]) -> JSONValue {
        func parameter(_ name: String) -> JSONValue? {
            let fallback = template["Parameters"][name]["Default"]
            return given[name].map { .string($0) } ?? (fallback == .null ? nil : fallback)
        }
        if let name = value["Ref"].string { return parameter(name) ?? value }
        if var text = value["Fn::Sub"].string {
            for name in template["Parameters"].keys {
                text = text.replacingOccurrences(of: "${\(name)}", with: parameter(name)?.string ?? "")
            }
            return .string(text)
        }
        switch value {
        case .array(let elements): return .array(elements.map { resolved($0, template, given) })
        case .object(let members): return .object(members.mapValues { resolved($0, template, given) })
        default: return value
        }
    }

    /// Version 0.2.0's properties whose change would replace a resource.
    func testAnUpdateOfAnEarlierStackReplacesNothing() throws {
        let file = Repository.root.appendingPathComponent("Tests/Support/template-0.2.0.json")
        let earlier = Template(json: try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: file)))
        for parameters in [[:], Self.everything] {
            let (before, after) = (try earlier.resolved(parameters), try template(parameters))
            XCTAssertEqual(before["Resources"].keys, after["Resources"].keys)
            for name in before["Resources"].keys {
                let (old, new) = (before["Resources"][name], after["Resources"][name])
                for member in ["Type", "DeletionPolicy", "UpdateReplacePolicy"] {
                    XCTAssertEqual(old[member], new[member], "\(name) \(member)")
                }
                for property in old["Properties"].keys {
                    XCTAssertEqual(
                        resolved(old["Properties"][property], before, parameters),
                        resolved(new["Properties"][property], after, parameters), "\(name) \(property)")
                }
            }
        }
    }

    func testTwoDeploymentsShareNoName() throws {
        let names = ["FunctionName": "f", "LoaderName": "l", "StreamName": "s"]
        let properties = [
            "FunctionName", "LogGroupName", "Name", "ConsumerName", "DashboardName", "RoleName", "QueueName",
            "BucketName", "TopicName", "AlarmName", "ManagedPolicyName", "DeliveryStreamName",
        ]
        let template = try template(Self.everything)
        var found = 0
        for name in template["Resources"].keys {
            for property in properties {
                let value = template["Resources"][name]["Properties"][property]
                // A reference to a resource of the stack is the stack's own.
                guard value != .null, value["Ref"].string.map({ names[$0] != nil }) ?? true else { continue }
                found += 1
                XCTAssertNotEqual(
                    resolved(value, template, [:]), resolved(value, template, names), "\(name) \(property)")
            }
        }
        XCTAssertEqual(found, 7)
        let body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"].text
        for name in ["concert-data-loader", "concert-data-processor", "concert-data-stream"] {
            XCTAssertFalse(body.contains(name), name)
        }
    }

    func testAnExistingStreamIsReadAndNoneIsMade() throws {
        let arn = "arn:aws:kinesis:us-east-1:123456789012:stream/theirs"
        var parameters = Self.everything
        parameters["StreamArn"] = arn
        for (fanOut, source) in [
            ("no", ["Ref": "StreamArn"]), ("yes", JSONValue.attribute("ConsumerARN", of: "StreamConsumer")),
        ] {
            parameters["EnhancedFanOut"] = fanOut
            let template = try template(parameters)
            XCTAssertFalse(template["Resources"].keys.contains("Stream"))
            let text = template["Resources"].text + template["Outputs"].text
            XCTAssertFalse(
                text.contains(#"["Stream","Arn"]"#) || text.contains(#"{"Ref":"Stream"}"#) || text.contains("${Stream}")
                    || text.contains("${Stream."))
            XCTAssertEqual(
                template.resource("ProcessorStream", type: "AWS::Lambda::EventSourceMapping")["EventSourceArn"], source)
            XCTAssertEqual(template["Outputs"]["StreamArn"]["Value"], ["Ref": "StreamArn"])
            let dimension = template.resource("WriteThrottlesAlarm", type: "AWS::CloudWatch::Alarm")["Dimensions"]
                .elements[0]
            // What CloudFormation makes of it: the part of the ARN behind "stream/".
            XCTAssertEqual(
                dimension["Value"]["Fn::Select"], [1, ["Fn::Split": ["stream/", ["Fn::Sub": "${StreamArn}stream/"]]]])
        }
    }

    /// The settings of a page's tables; those that Lambda sets, and those of AWS clients, need no parameter.
    private func settings() throws -> [(name: String, fallback: String)] {
        let page = try String(
            contentsOf: Repository.root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
        let own = page.components(separatedBy: "\n## AWS")[0]
        return own.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            let cells = line.components(separatedBy: " | ").map {
                $0.trimmingCharacters(in: CharacterSet(charactersIn: " |`"))
            }
            return (cells[0].components(separatedBy: "`")[0], cells.count > 2 ? cells[2] : "")
        }
    }

    func testEverySettingIsReachableWithItsDefault() throws {
        let template = try Template.shipped.get().json
        let variables = ["Processor", "Loader"].map {
            template["Resources"][$0]["Properties"]["Environment"]["Variables"]
        }
        let settings = try settings()
        XCTAssertGreaterThan(settings.count, 25)
        for (name, fallback) in settings {
            guard let value = variables.map({ $0[name] }).first(where: { $0 != .null }) else {
                XCTFail("\(name) is not in the template")
                continue
            }
            guard let parameter = value["Ref"].string, template["Parameters"][parameter] != .null else { continue }
            let described = template["Parameters"][parameter]["Default"]
            let text = described.number.map { String(Int($0)) } ?? described.string ?? ""
            if !fallback.isEmpty, fallback != "required", !text.isEmpty { XCTAssertEqual(text, fallback, name) }
        }
    }

    /// The function must start with the template's defaults, and with each option.
    func testTheFunctionAcceptsTheVariables() throws {
        let values: [String: String] = [
            "QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q",
            "CacheUrl": "rediss://user@host", "RedshiftClusterIdentifier": "cluster", "RedshiftDbUser": "user",
            "NotifyOn": "concert.announced,artist.popular", "NotifyPopularityThreshold": "80", "CacheAuth": "iam",
            "NotifyWebhookUrl": "https://example.com/hook", "NotifyWebhookSecret": "secret",
            "Processors": "redshift,cache,notifier,log", "OptionalProcessors": "notifier",
        ]
        for given in [[:], values] {
            let template = try template(given.filter { $0.key != "QueueUrl" })
            let variables = template.resource("Processor", type: "AWS::Lambda::Function")["Environment"]["Variables"]
            var environment = ["AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"]
            for name in variables.keys {
                let value = resolved(variables[name], template, given)
                environment[name] = value.number.map { String(Int($0)) } ?? value.string ?? values["QueueUrl"]
            }
            XCTAssertNoThrow(try Settings(environment: environment), "\(environment)")
        }
    }

    func testAClusterAndASecretAreReachedWithPermissionsOfTheirOwn() throws {
        let cluster = "arn:${AWS::Partition}:redshift:${AWS::Region}:${AWS::AccountId}"
        let names = ["RedshiftClusterIdentifier": "c", "RedshiftStagingBucket": "b", "RedshiftCopyRoleArn": "r"]
        for (parameters, connect, resources) in [
            ([:], "redshift:GetClusterCredentialsWithIAM", ["dbname:${RedshiftClusterIdentifier}/${RedshiftDatabase}"]),
            (
                ["RedshiftDbUser": "u"], "redshift:GetClusterCredentials",
                [
                    "dbname:${RedshiftClusterIdentifier}/${RedshiftDatabase}",
                    "dbuser:${RedshiftClusterIdentifier}/${RedshiftDbUser}",
                ]
            ),
        ] {
            let template = try template(names.merging(parameters) { $1 }.merging(["RedshiftSecretArn": "s"]) { $1 })
            let policies = [
                template.resource("WarehousePolicy", type: "AWS::IAM::RolePolicy")["PolicyDocument"],
                template.resource("LoaderRole", type: "AWS::IAM::Role")["Policies"].elements[0]["PolicyDocument"],
            ]
            for policy in policies {
                let statements = policy["Statement"].elements
                func resource(of action: String) -> JSONValue? {
                    statements.first { $0["Action"] == .string(action) }?["Resource"]
                }
                XCTAssertEqual(
                    resource(of: "redshift-data:BatchExecuteStatement"),
                    ["Fn::Sub": .string(cluster + ":cluster:${RedshiftClusterIdentifier}")])
                XCTAssertEqual(
                    resource(of: connect), .array(resources.map { ["Fn::Sub": .string("\(cluster):\($0)")] }))
                XCTAssertEqual(resource(of: "secretsmanager:GetSecretValue"), ["Ref": "RedshiftSecretArn"])
                XCTAssertFalse(policy.text.contains("redshift-serverless"))
            }
        }
    }

    func testTheRoleMayConnectToTheCacheOnlyWithIAM() throws {
        XCTAssertFalse(try template(["CacheUrl": "u"])["Resources"].keys.contains("CachePolicy"))
        for (arns, resource) in [("", nil), ("arn:a,arn:b", JSONValue.object(["Ref": "CacheArns"]))] {
            let policy = try template(["CacheAuth": "iam", "CacheArns": arns]).resource(
                "CachePolicy", type: "AWS::IAM::RolePolicy")
            let statement = policy["PolicyDocument"]["Statement"].elements[0]
            XCTAssertEqual(statement["Action"], "elasticache:Connect")
            if let resource {
                XCTAssertEqual(statement["Resource"], resource)
            } else {
                XCTAssertEqual(statement["Resource"].elements.count, 3)
            }
        }
    }

    func testTheDeployersPolicyCoversEveryTypeOfTheTemplate() throws {
        let resources = try Template.shipped.get().json["Resources"]
        let types = Set(resources.keys.compactMap { resources[$0]["Type"].string })
        let names = DeployerPolicy.Names(stack: "s", bucket: "b", function: "f", loader: "l", stream: "k")
        XCTAssertEqual(types, Set(DeployerPolicy(names).statements.flatMap(\.types)))
    }
}
