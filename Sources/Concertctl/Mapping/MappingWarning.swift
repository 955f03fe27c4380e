import Clients
import JSON

/// Settings that lose records, or hold up a shard, without anybody being told.
enum MappingWarning {
    /// - Parameters:
    ///   - settings: As a request or an answer has them.
    ///   - retentionHours: The stream's; nil where it is not known.
    static func warnings(on settings: JSONValue, retentionHours: Int?) -> [String] {
        func setting(_ name: String) -> JSONValue { MappingSetting.plain(settings[name], of: name) }
        let age = setting("MaximumRecordAgeInSeconds").integer ?? -1
        var warnings: [String] = []
        if setting("FunctionResponseTypes") == .null {
            warnings.append(
                "without ReportBatchItemFailures Lambda ignores which records failed, and takes them for done: "
                    + "--function-response-types ReportBatchItemFailures")
        }
        if setting("MaximumRetryAttempts") == -1 {
            let end = age == -1 ? "until its records expire" : "until its records are \(age) s old"
            warnings.append(
                "a batch that keeps failing is retried endlessly, \(end), and its shard waits: "
                    + "--maximum-retry-attempts N")
        }
        warnings += ageWarning(age, retentionHours).map { [$0] } ?? []
        if setting("DestinationConfig") == .null {
            warnings.append("no on-failure destination: discarded records leave no trace: --on-failure ARN")
        }
        if setting("BisectBatchOnFunctionError") == false {
            warnings.append(
                "one record that makes the function fail fails its whole batch: --bisect-batch-on-function-error")
        }
        if setting("StartingPosition") == "LATEST" {
            warnings.append(
                "LATEST misses what arrives before the mapping is Enabled: --starting-position TRIM_HORIZON or "
                    + "AT_TIMESTAMP, which only a creation can set")
        }
        return warnings
    }

    private static func ageWarning(_ age: Int, _ retentionHours: Int?) -> String? {
        let retention = retentionHours.map { "\($0) h" } ?? "24 h, unless set otherwise"
        let mend = "--maximum-record-age-in-seconds SECONDS"
        if age == -1 {
            return "records of any age are retried, up to the stream's retention of \(retention), and are then lost "
                + "silently: \(mend)"
        }
        guard let retentionHours, age >= retentionHours * 3600 else { return nil }
        return
            "records are to be discarded after \(age) s, but the stream's retention of \(retention) ends before, and "
            + "they are then lost silently: \(mend)"
    }

    /// Shows them on standard error.
    ///
    /// A dry run has a mapping's whole description only where it creates one.
    static func show(_ settings: JSONValue, _ session: AWSSession) async {
        guard !session.isDryRun || settings["EventSourceArn"] != nil else { return }
        let retention = await retentionHours(for: settings, session)
        for warning in warnings(on: settings, retentionHours: retention) { Console.note("warning: \(warning)") }
    }

    /// Asked for only where it matters; who may not ask is warned all the same.
    private static func retentionHours(for settings: JSONValue, _ session: AWSSession) async -> Int? {
        let age = settings["MaximumRecordAgeInSeconds"]?.integer ?? -1
        // No stream keeps records for less than a day.
        guard !session.isDryRun, age == -1 || age >= 86_400, let arn = settings["EventSourceArn"]?.string,
            let source = try? MappingSource(arn: arn)
        else { return nil }
        return try? await source.stream.summary(session).retentionHours
    }
}
