import Basics
import Clients
import Foundation
import JSON
import Processor

/// Checks of the sinks in the function's environment.
///
/// A missing sink does not always cause failed records: EventBridge reports success for events on a bus that does not
/// exist.
extension Check {
    static let sinks = [
        Check(name: "Topic", needs: [.function]) { context in try await topic(&context) },
        Check(name: "Event bus", needs: [.function]) { context in try await eventBus(&context) },
        Check(name: "Warehouse", needs: [.function]) { context in try await warehouse(&context) },
        Check(name: "Staging bucket", needs: [.function]) { context in try await stagingBucket(&context) },
    ]

    private static let unused = Finding.ok("not used by the function")

    private static func topic(_ context: inout DiagnosisContext) async throws -> Finding {
        guard context.processors.contains("notifier"), let arn = context.variable(NotifierSettings.topicARN)
        else {
            return unused
        }
        guard ARN(arn)?.service == "sns" else {
            return .fault(
                "NOTIFY_TOPIC_ARN is \"\(arn)\", which is not a topic's ARN", context.set(NotifierSettings.topicARN)
            )
        }
        return try await context.check(.topic(arn: arn))
    }

    private static func eventBus(_ context: inout DiagnosisContext) async throws -> Finding {
        guard context.processors.contains("notifier"), let bus = context.variable(NotifierSettings.eventBus)
        else {
            return unused
        }
        let (name, region) = (bus, context.region)
        let consequence = "every notification to it is lost, because PutEvents still reports success"
        if let other = ARN(bus)?.region, other != region {
            return .fault(
                "event bus \(name) is in \(other), but the function calls \(region); \(consequence)",
                context.set(NotifierSettings.eventBus))
        }
        do {
            _ = try await context.json(.eventBridge("DescribeEventBus", ["Name": .string(name)]))
            return .ok("event bus \(name) exists")
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return .fault(
                "event bus \(name) does not exist in \(region); \(consequence)",
                "aws events list-event-buses --region \(region)", context.set(NotifierSettings.eventBus))
        }
    }

    private static func warehouse(_ context: inout DiagnosisContext) async throws -> Finding {
        guard context.processors.contains("redshift") else { return unused }
        if let given = context.variable(RedshiftSettings.workgroup) {
            return try await workgroup(given, &context)
        }
        guard let name = context.variable(RedshiftSettings.cluster) else {
            return .fault("neither a workgroup nor a cluster is set", context.set(RedshiftSettings.workgroup))
        }
        do {
            let answer = try await context.xml(
                .redshift("DescribeClusters", [.init("ClusterIdentifier", name)]))
            return state(of: "cluster \(name)", answer.first("ClusterStatus")?.text ?? "", ready: "available")
        } catch let error as AWSError where error.code == "ClusterNotFound" {
            return missing("cluster \(name)", RedshiftSettings.cluster, context)
        }
    }

    private static func workgroup(_ given: String, _ context: inout DiagnosisContext) async throws -> Finding {
        guard ARN(given) == nil else {
            // The API finds workgroups by name, but an ARN contains an ID.
            return try await workgroup(withARN: given, &context)
        }
        do {
            let answer = try await context.json(
                .redshiftServerless("GetWorkgroup", ["workgroupName": .string(given)]))
            return state(of: "workgroup \(given)", answer["workgroup"]?["status"]?.string ?? "", ready: "AVAILABLE")
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return missing("workgroup \(given)", RedshiftSettings.workgroup, context)
        }
    }

    private static func workgroup(withARN arn: String, _ context: inout DiagnosisContext) async throws -> Finding {
        if let other = ARN(arn)?.region, other != context.region {
            return missing("workgroup \(arn)", RedshiftSettings.workgroup, context)
        }
        let found = try await Paging.all { token in
            let answer = try await context.json(
                .redshiftServerless(
                    "ListWorkgroups", .object(ofPresent: [("nextToken", token.map { .string($0) })])))
            let found = answer["workgroups"]?.array?.first { $0["workgroupArn"]?.string == arn }
            return Page(found.map { [$0] } ?? [], next: found == nil ? answer["nextToken"]?.string : nil)
        }
        guard let found = found.first else {
            return missing("workgroup \(arn)", RedshiftSettings.workgroup, context)
        }
        let name = found["workgroupName"]?.string ?? arn
        return state(of: "workgroup \(name)", found["status"]?.string ?? "", ready: "AVAILABLE")
    }

    private static func state(of sink: String, _ state: String, ready: String) -> Finding {
        // The status of a cluster that is resized or backed up has more words, but it is available.
        guard state.utf8.elementsEqual(ready.utf8) else {
            return .warning("\(sink) is \(state.isEmpty ? "in an unknown state" : state)", "run this again in a minute")
        }
        return .ok("\(sink) is \(state)")
    }

    private static func missing<Value>(
        _ sink: String, _ variable: Setting<Value>, _ context: DiagnosisContext
    ) -> Finding {
        .fault(
            "\(sink) does not exist in \(context.region): every batch with records for it fails",
            context.set(variable))
    }

    private static func stagingBucket(_ context: inout DiagnosisContext) async throws -> Finding {
        guard let name = context.variable(RedshiftSettings.stagingBucket),
            context.processors.contains("redshift") || context.variable(RedshiftSettings.load) != nil
        else { return unused }
        return try await context.check(.bucket(name))
    }
}

extension DiagnosisContext {
    /// The names of the function's processors.
    var processors: [String] {
        var reader = settings
        return reader.read(GeneralSettings.processors).map(\.name)
    }

    fileprivate func set<Value>(_ variable: Setting<Value>) -> String {
        "create it, or set \(variable.name) in the environment of \(functionName)"
    }
}
