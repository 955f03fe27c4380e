import Clients
import Foundation
import JSON
import Processor

/// Staged loads: the bucket keeps what is staged, and the loader runs.
extension Check {
    static let loader = [
        Check(name: "Staged rows", needs: [.function]) { examination in try await stagedRows(&examination) },
        Check(name: "Loader", needs: [.function]) { examination in try await loader(&examination) },
        Check(name: "Loader's role", needs: [.function]) { examination in try await loaderRole(&examination) },
        Check(name: "Load schedule", needs: [.function]) { examination in try await schedule(&examination) },
        Check(name: "Staged age", needs: [.function]) { examination in try await age(&examination) },
    ]

    private static let direct = Finding.ok("the function does not stage rows")
    private static let noLoader = Finding.ok("no loader; see Loader")

    /// Whether rules of the bucket delete rows that are in no table yet.
    private static func stagedRows(_ examination: inout Examination) async throws -> Finding {
        guard let target = examination.stagedTarget else { return direct }
        var request = AWSRequest(
            service: .s3, operation: "GetBucketLifecycleConfiguration", method: "GET", path: [target.bucket])
        request.query = [.init("lifecycle", "")]
        do {
            for rule in try await examination.xml(request).children where rule.text(of: "Status") == "Enabled" {
                guard let expired = expired(by: rule, of: target) else { continue }
                return .fault(
                    "a lifecycle rule of bucket \(target.bucket) expires \(expired): rows that are in no table yet",
                    "limit rule \(rule.text(of: "ID") ?? "") to the prefix redshift-staging/")
            }
        } catch let error as AWSError where error.code == "NoSuchLifecycleConfiguration" {}
        request.operation = "GetBucketVersioning"
        request.query = [.init("versioning", "")]
        guard try await examination.xml(request).text(of: "Status") != "Enabled" else {
            return .warning(
                "bucket \(target.bucket) has versioning: objects that were loaded remain as noncurrent versions",
                "add a lifecycle rule that expires noncurrent versions, or disable versioning")
        }
        return .ok("no lifecycle rule of bucket \(target.bucket) expires them")
    }

    /// The prefix of staged loads whose current objects a rule deletes; nil if there is none.
    private static func expired(by rule: XMLElement, of target: StagedTarget) -> String? {
        guard let expiration = rule["Expiration"], expiration["Days"] != nil || expiration["Date"] != nil else {
            return nil
        }
        let filter = rule["Filter"]
        let prefix =
            rule.text(of: "Prefix") ?? filter?.text(of: "Prefix") ?? filter?["And"]?.text(of: "Prefix") ?? ""
        // A rule with tags or sizes may still apply to them.
        return [target.staged, target.loads, target.refused].first {
            $0.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: $0.utf8)
        }
    }

    private static func loader(_ examination: inout Examination) async throws -> Finding {
        guard examination.stagedTarget != nil else { return direct }
        let name = examination.loaderName
        do {
            let answer = try await examination.json(.lambda("GetFunction", "GET", ["functions", name]))
            examination.loader = answer["Configuration"]
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return .fault(
                "there is no function \(name) in \(examination.region): what is staged is not loaded",
                "deploy template.yaml, name it with --loader-function-name, or run concertctl warehouse load")
        }
        let (own, other) = (examination.settings, SettingsReader(ofFunction: examination.loader))
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
                "set them in the environment of \(name) as in that of \(examination.functionName)")
        }
        return .ok("\(name) loads from where \(examination.functionName) stages")
    }

    private static func loaderRole(_ examination: inout Examination) async throws -> Finding {
        guard let target = examination.stagedTarget else { return direct }
        guard let loader = examination.loader else { return noLoader }
        let arn = loader["Role"]?.string ?? ""
        let bucket = "arn:\(ARN(arn)?.partition ?? "aws"):s3:::\(target.bucket)"
        var needed = [IAMAction("s3:ListBucket", on: bucket)]
        for prefix in [target.staged, target.loads, target.refused] {
            needed += ["DeleteObject", "GetObject", "PutObject"].map {
                IAMAction("s3:" + $0, on: "\(bucket)/\(prefix)*")
            }
        }
        if let workgroup = examination.variable(RedshiftSettings.workgroup), ARN(workgroup) != nil {
            needed.append(IAMAction("redshift-data:BatchExecuteStatement", on: workgroup))
        }
        needed += ["DescribeStatement", "GetStatementResult"].map { IAMAction("redshift-data:" + $0, on: "*") }
        return try await finding(onRole: arn, needed, ok: "may load from bucket \(target.bucket)", &examination)
    }

    private static func schedule(_ examination: inout Examination) async throws -> Finding {
        guard examination.stagedTarget != nil else { return direct }
        guard let arn = examination.loader?["FunctionArn"]?.string else { return noLoader }
        let found = try await Paging.all { token in
            var request = AWSRequest(
                service: .scheduler, operation: "ListSchedules", method: "GET", path: ["schedules"])
            request.query = token.map { [.init("NextToken", $0)] } ?? []
            let answer = try await examination.json(request)
            let found = answer["Schedules"]?.array?.first { $0["Target"]?["Arn"]?.string == arn }
            return Page(found.map { [$0] } ?? [], next: found == nil ? answer["NextToken"]?.string : nil)
        }
        guard let schedule = found.first else {
            return .warning(
                "no schedule invokes \(examination.loaderName)",
                "create one with the input {\"action\": \"load\"}, or see that something else invokes it")
        }
        let name = schedule["Name"]?.string ?? ""
        guard schedule["State"]?.string != "DISABLED" else {
            return .fault(
                "schedule \(name) of the loader is DISABLED: what is staged is not loaded",
                "enable it when the warehouse may be written to")
        }
        return .ok("schedule \(name) invokes \(examination.loaderName)")
    }

    private static func age(_ examination: inout Examination) async throws -> Finding {
        guard examination.stagedTarget != nil else { return direct }
        guard examination.loader != nil else { return noLoader }
        let now = examination.now
        let query = MetricQuery(
            namespace: "ConcertDataProcessor", metric: "StagedAge",
            dimensions: [.init("FunctionName", examination.loaderName)], statistic: .maximum, period: 60,
            since: .init(millisecondsSinceEpoch: now.millisecondsSinceEpoch - 1_800_000), until: now)
        guard let last = query.datapoints(in: try await examination.xml(query.request)).last else {
            return .fault(
                "\(examination.loaderName) has written no StagedAge for 30 minutes: it does not run, or METRICS is off",
                "look at its schedule and its log; concertctl warehouse load loads what is staged")
        }
        let text = "the oldest staged object is \(Int(last.value)) s old"
        guard last.value <= 1800 else {
            return .fault(text, "concertctl warehouse status shows what is staged; docs/operations.md says what to do")
        }
        return .ok(text)
    }
}

extension Examination {
    /// Where the function stages rows; nil in direct mode.
    var stagedTarget: StagedTarget? {
        processors.contains(RedshiftWriter.definition.name) ? StagedTarget(settings) : nil
    }
}
