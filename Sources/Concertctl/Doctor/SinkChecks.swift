import Clients
import Foundation
import JSON
import Processor

/// Whether the sinks that the function's environment names exist.
///
/// A sink that does not exist does not always show as failed records: EventBridge reports success for events that
/// are put on a bus that does not exist.
extension Check {
    static let sinks = [
        Check(name: "Topic", needs: [.function]) { examination in try await topic(&examination) },
        Check(name: "Event bus", needs: [.function]) { examination in try await eventBus(&examination) },
        Check(name: "Warehouse", needs: [.function]) { examination in try await warehouse(&examination) },
        Check(name: "Staging bucket", needs: [.function]) { examination in try await stagingBucket(&examination) },
    ]

    private static let unused = Finding.ok("not used by the function")

    private static func topic(_ examination: inout Examination) async throws -> Finding {
        guard examination.processors.contains("notifier"), let arn = examination.variable(NotifierSettings.topicARN)
        else {
            return unused
        }
        guard ARN(arn)?.service == "sns" else {
            return .fault(
                "NOTIFY_TOPIC_ARN is \"\(arn)\", which is not a topic's ARN", examination.set(NotifierSettings.topicARN)
            )
        }
        return try await examination.look(at: .topic(arn: arn))
    }

    private static func eventBus(_ examination: inout Examination) async throws -> Finding {
        guard examination.processors.contains("notifier"), let bus = examination.variable(NotifierSettings.eventBus)
        else {
            return unused
        }
        let (name, region) = (bus, examination.region)
        let consequence = "every notification to it is lost, because PutEvents reports success all the same"
        if let other = ARN(bus)?.region, other != region {
            return .fault(
                "event bus \(name) is in \(other), the function calls \(region); \(consequence)",
                examination.set(NotifierSettings.eventBus))
        }
        do {
            _ = try await examination.json(.eventBridge("DescribeEventBus", ["Name": .string(name)]))
            return .ok("event bus \(name) exists")
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return .fault(
                "event bus \(name) does not exist in \(region); \(consequence)",
                "aws events list-event-buses --region \(region)", examination.set(NotifierSettings.eventBus))
        }
    }

    private static func warehouse(_ examination: inout Examination) async throws -> Finding {
        guard examination.processors.contains("redshift") else { return unused }
        if let given = examination.variable(RedshiftSettings.workgroup) {
            return try await workgroup(given, &examination)
        }
        guard let name = examination.variable(RedshiftSettings.cluster) else {
            return .fault("the function names neither", examination.set(RedshiftSettings.workgroup))
        }
        do {
            let answer = try await examination.xml(
                .redshift("DescribeClusters", [.init("ClusterIdentifier", name)]))
            return state(of: "cluster \(name)", answer.first("ClusterStatus")?.text ?? "", ready: "available")
        } catch let error as AWSError where error.code == "ClusterNotFound" {
            return missing("cluster \(name)", RedshiftSettings.cluster, examination)
        }
    }

    private static func workgroup(_ given: String, _ examination: inout Examination) async throws -> Finding {
        guard ARN(given) == nil else {
            // The API finds workgroups by name, and an ARN has an ID instead.
            return try await workgroup(withARN: given, &examination)
        }
        do {
            let answer = try await examination.json(
                .redshiftServerless("GetWorkgroup", ["workgroupName": .string(given)]))
            return state(of: "workgroup \(given)", answer["workgroup"]?["status"]?.string ?? "", ready: "AVAILABLE")
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return missing("workgroup \(given)", RedshiftSettings.workgroup, examination)
        }
    }

    private static func workgroup(withARN arn: String, _ examination: inout Examination) async throws -> Finding {
        if let other = ARN(arn)?.region, other != examination.region {
            return missing("workgroup \(arn)", RedshiftSettings.workgroup, examination)
        }
        let found = try await Paging.all { token in
            let answer = try await examination.json(
                .redshiftServerless(
                    "ListWorkgroups", .object(ofPresent: [("nextToken", token.map { .string($0) })])))
            let found = answer["workgroups"]?.array?.first { $0["workgroupArn"]?.string == arn }
            return Page(found.map { [$0] } ?? [], next: found == nil ? answer["nextToken"]?.string : nil)
        }
        guard let found = found.first else {
            return missing("workgroup \(arn)", RedshiftSettings.workgroup, examination)
        }
        let name = found["workgroupName"]?.string ?? arn
        return state(of: "workgroup \(name)", found["status"]?.string ?? "", ready: "AVAILABLE")
    }

    private static func state(of sink: String, _ state: String, ready: String) -> Finding {
        // A cluster that is resized or backed up says more than that it is available, and works.
        guard state.utf8.elementsEqual(ready.utf8) else {
            return .warning("\(sink) is \(state.isEmpty ? "in an unknown state" : state)", "run this again in a minute")
        }
        return .ok("\(sink) is \(state)")
    }

    private static func missing<Value>(
        _ sink: String, _ variable: Setting<Value>, _ examination: Examination
    ) -> Finding {
        .fault(
            "\(sink) does not exist in \(examination.region): every batch with records for it fails",
            examination.set(variable))
    }

    private static func stagingBucket(_ examination: inout Examination) async throws -> Finding {
        guard let name = examination.variable(RedshiftSettings.stagingBucket),
            examination.processors.contains("redshift") || examination.variable(RedshiftSettings.load) != nil
        else { return unused }
        return try await examination.look(at: .bucket(name))
    }
}

extension Examination {
    /// The names of the function's processors.
    var processors: [String] {
        var reader = settings
        return reader.read(GeneralSettings.processors).map(\.name)
    }

    fileprivate func set<Value>(_ variable: Setting<Value>) -> String {
        "create it, or set \(variable.name) in the environment of \(functionName)"
    }
}
