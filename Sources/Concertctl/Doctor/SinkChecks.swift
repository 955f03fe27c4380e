import Clients
import Foundation
import JSON

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
        guard examination.processors.contains("notifier"), let arn = examination.variable("NOTIFY_TOPIC_ARN") else {
            return unused
        }
        guard ARN(arn)?.service == "sns" else {
            return .fault(
                "NOTIFY_TOPIC_ARN is \"\(arn)\", which is not a topic's ARN", examination.set("NOTIFY_TOPIC_ARN"))
        }
        return try await examination.look(at: .topic(arn: arn))
    }

    private static func eventBus(_ examination: inout Examination) async throws -> Finding {
        guard examination.processors.contains("notifier"), let bus = examination.variable("NOTIFY_EVENT_BUS") else {
            return unused
        }
        let (name, region) = (bus, examination.region)
        let consequence = "every notification to it is lost, because PutEvents reports success all the same"
        if let other = ARN(bus)?.region, other != region {
            return .fault(
                "event bus \(name) is in \(other), the function calls \(region); \(consequence)",
                examination.set("NOTIFY_EVENT_BUS"))
        }
        do {
            _ = try await examination.json(.eventBridge("DescribeEventBus", ["Name": .string(name)]))
            return .ok("event bus \(name) exists")
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return .fault(
                "event bus \(name) does not exist in \(region); \(consequence)",
                "aws events list-event-buses --region \(region)", examination.set("NOTIFY_EVENT_BUS"))
        }
    }

    private static func warehouse(_ examination: inout Examination) async throws -> Finding {
        guard examination.processors.contains("redshift") else { return unused }
        if let given = examination.variable("REDSHIFT_WORKGROUP_NAME") {
            return try await workgroup(given, &examination)
        }
        guard let name = examination.variable("REDSHIFT_CLUSTER_IDENTIFIER") else {
            return .fault("the function names neither", examination.set("REDSHIFT_WORKGROUP_NAME"))
        }
        do {
            let answer = try await examination.xml(
                .redshift("DescribeClusters", [.init("ClusterIdentifier", name)]))
            return state(of: "cluster \(name)", answer.first("ClusterStatus")?.text ?? "", ready: "available")
        } catch let error as AWSError where error.code == "ClusterNotFound" {
            return missing("cluster \(name)", "REDSHIFT_CLUSTER_IDENTIFIER", examination)
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
            return missing("workgroup \(given)", "REDSHIFT_WORKGROUP_NAME", examination)
        }
    }

    private static func workgroup(withARN arn: String, _ examination: inout Examination) async throws -> Finding {
        if let other = ARN(arn)?.region, other != examination.region {
            return missing("workgroup \(arn)", "REDSHIFT_WORKGROUP_NAME", examination)
        }
        let found = try await Paging.all { token in
            let answer = try await examination.json(
                .redshiftServerless(
                    "ListWorkgroups", .object(ofPresent: [("nextToken", token.map { .string($0) })])))
            let found = answer["workgroups"]?.array?.first { $0["workgroupArn"]?.string == arn }
            return Page(found.map { [$0] } ?? [], next: found == nil ? answer["nextToken"]?.string : nil)
        }
        guard let found = found.first else {
            return missing("workgroup \(arn)", "REDSHIFT_WORKGROUP_NAME", examination)
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

    private static func missing(_ sink: String, _ variable: String, _ examination: Examination) -> Finding {
        .fault(
            "\(sink) does not exist in \(examination.region): every batch with records for it fails",
            examination.set(variable))
    }

    private static func stagingBucket(_ examination: inout Examination) async throws -> Finding {
        guard let name = examination.variable("REDSHIFT_STAGING_BUCKET"),
            examination.processors.contains("redshift") || examination.variable("REDSHIFT_LOAD") != nil
        else { return unused }
        return try await examination.look(at: .bucket(name))
    }
}

extension Examination {
    /// The names in `PROCESSORS`.
    var processors: [String] {
        (variable("PROCESSORS") ?? "").utf8.split(separator: UInt8(ascii: ","))
            .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespaces) }
    }

    fileprivate func set(_ variable: String) -> String {
        "create it, or set \(variable) in the environment of \(functionName)"
    }
}
