import Basics
import Clients
import Foundation
import JSON
import Processor

/// Checks of staged loads: the staging bucket retains staged objects, and the loader runs.
extension Check {
    static let loader = [
        Check(name: "Staged rows", needs: [.function]) { context in try await stagedRows(&context) },
        Check(name: "Loader", needs: [.function]) { context in try await loader(&context) },
        Check(name: "Loader's role", needs: [.function]) { context in try await loaderRole(&context) },
        Check(name: "Load schedule", needs: [.function]) { context in try await schedule(&context) },
        Check(name: "Staged age", needs: [.function]) { context in try await age(&context) },
    ]

    private static let direct = Finding.ok("the function does not stage rows")
    private static let noLoader = Finding.ok("no loader; see Loader")

    /// Checks whether lifecycle rules of the bucket delete rows that are not loaded yet.
    private static func stagedRows(_ context: inout DiagnosisContext) async throws -> Finding {
        guard let target = context.stagedTarget else { return direct }
        var request = AWSRequest(
            service: .s3, operation: "GetBucketLifecycleConfiguration", method: "GET", path: [target.bucket])
        request.query = [.init("lifecycle", "")]
        do {
            for rule in try await context.xml(request).children where rule.text(of: "Status") == "Enabled" {
                guard let expired = expired(by: rule, of: target) else { continue }
                return .fault(
                    "a lifecycle rule of bucket \(target.bucket) expires \(expired) with rows that are not loaded yet",
                    "limit rule \(rule.text(of: "ID") ?? "") to the prefix redshift-staging/")
            }
        } catch let error as AWSError where error.code == "NoSuchLifecycleConfiguration" {}
        request.operation = "GetBucketVersioning"
        request.query = [.init("versioning", "")]
        guard try await context.xml(request).text(of: "Status") != "Enabled" else {
            return .warning(
                "bucket \(target.bucket) has versioning enabled: loaded objects remain as noncurrent versions",
                "add a lifecycle rule that expires noncurrent versions, or disable versioning")
        }
        return .ok("no lifecycle rule of bucket \(target.bucket) expires them")
    }

    /// Returns the prefix of staged loads whose current objects a rule expires, or nil if there is none.
    private static func expired(by rule: XMLElement, of target: StagedTarget) -> String? {
        guard let expiration = rule["Expiration"], expiration["Days"] != nil || expiration["Date"] != nil else {
            return nil
        }
        let filter = rule["Filter"]
        let prefix =
            rule.text(of: "Prefix") ?? filter?.text(of: "Prefix") ?? filter?["And"]?.text(of: "Prefix") ?? ""
        // A rule with a filter by tag or size may also apply to them.
        return [target.staged, target.loads, target.refused].first {
            $0.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: $0.utf8)
        }
    }

    private static func loader(_ context: inout DiagnosisContext) async throws -> Finding {
        guard context.stagedTarget != nil else { return direct }
        let name = context.loaderName
        do {
            let answer = try await context.json(.lambda("GetFunction", "GET", ["functions", name]))
            context.loader = answer["Configuration"]
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return .fault(
                "function \(name) does not exist in \(context.region): staged rows are not loaded",
                "deploy template.yaml, pass --loader-function-name, or run concertctl warehouse load")
        }
        let (own, other) = (context.settings, SettingsReader(ofFunction: context.loader))
        func difference<Value>(_ setting: Setting<Value>) -> String? {
            own.text(of: setting) == other.text(of: setting) ? nil : setting.name
        }
        let different = [
            difference(RedshiftSettings.workgroup), difference(RedshiftSettings.cluster),
            difference(RedshiftSettings.database), difference(RedshiftSettings.schema),
            difference(RedshiftSettings.stagingBucket),
        ].compactMap { $0 }
        guard different.isEmpty else {
            return .fault(
                "function and loader have different values of \(different.joined(separator: ", "))",
                "set them in the environment of \(name) to the values of \(context.functionName)")
        }
        return .ok("\(name) loads from where \(context.functionName) stages")
    }

    private static func loaderRole(_ context: inout DiagnosisContext) async throws -> Finding {
        guard let target = context.stagedTarget else { return direct }
        guard let loader = context.loader else { return noLoader }
        let arn = loader["Role"]?.string ?? ""
        let bucket = "arn:\(ARN(arn)?.partition ?? "aws"):s3:::\(target.bucket)"
        var needed = [IAMAction("s3:ListBucket", on: bucket)]
        for prefix in [target.staged, target.loads, target.refused] {
            needed += ["DeleteObject", "GetObject", "PutObject"].map {
                IAMAction("s3:" + $0, on: "\(bucket)/\(prefix)*")
            }
        }
        if let workgroup = context.variable(RedshiftSettings.workgroup), ARN(workgroup) != nil {
            needed.append(IAMAction("redshift-data:BatchExecuteStatement", on: workgroup))
        }
        needed += ["DescribeStatement", "GetStatementResult"].map { IAMAction("redshift-data:" + $0, on: "*") }
        return try await finding(onRole: arn, needed, ok: "may load from bucket \(target.bucket)", &context)
    }

    private static func schedule(_ context: inout DiagnosisContext) async throws -> Finding {
        guard context.stagedTarget != nil else { return direct }
        guard let arn = context.loader?["FunctionArn"]?.string else { return noLoader }
        let found = try await Paging.all { token in
            var request = AWSRequest(
                service: .scheduler, operation: "ListSchedules", method: "GET", path: ["schedules"])
            request.query = token.map { [.init("NextToken", $0)] } ?? []
            let answer = try await context.json(request)
            let found = answer["Schedules"]?.array?.first { $0["Target"]?["Arn"]?.string == arn }
            return Page(found.map { [$0] } ?? [], next: found == nil ? answer["NextToken"]?.string : nil)
        }
        guard let schedule = found.first else {
            return .warning(
                "no schedule invokes \(context.loaderName)",
                "create one with the input {\"action\": \"load\"}, unless something else invokes it")
        }
        let name = schedule["Name"]?.string ?? ""
        guard schedule["State"]?.string != "DISABLED" else {
            return .fault(
                "schedule \(name) of the loader is DISABLED: staged rows are not loaded",
                "enable it when the warehouse accepts writes")
        }
        return .ok("schedule \(name) invokes \(context.loaderName)")
    }

    private static func age(_ context: inout DiagnosisContext) async throws -> Finding {
        guard context.stagedTarget != nil else { return direct }
        guard context.loader != nil else { return noLoader }
        let now = context.now
        let query = MetricQuery(
            namespace: "ConcertDataProcessor", metric: "StagedAge",
            dimensions: [.init("FunctionName", context.loaderName)], statistic: .maximum, period: 60,
            since: .init(millisecondsSinceEpoch: now.millisecondsSinceEpoch - 1_800_000), until: now)
        guard let last = query.datapoints(in: try await context.xml(query.request)).last else {
            return .fault(
                "\(context.loaderName) has not reported StagedAge for 30 minutes: it does not run, or METRICS is off",
                "check its schedule and its log; concertctl warehouse load loads staged rows")
        }
        let text = "the oldest staged object is \(Int(last.value)) s old"
        guard last.value <= 1800 else {
            return .fault(text, "concertctl warehouse status shows staged objects; see docs/operations.md")
        }
        return .ok(text)
    }
}

extension DiagnosisContext {
    /// The location of the function's staged rows, or nil in direct mode.
    var stagedTarget: StagedTarget? {
        processors.contains(RedshiftWriter.definition.name) ? StagedTarget(settings) : nil
    }
}
