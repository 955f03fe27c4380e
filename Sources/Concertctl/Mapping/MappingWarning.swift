import Basics
import Clients
import JSON

/// Warnings about settings that lose records silently or block a shard.
enum MappingWarning {
    /// - Parameters:
    ///   - settings: The settings in a request or a response.
    ///   - retentionHours: The retention period of the stream, or nil if it is not known.
    static func warnings(on settings: JSONValue, retentionHours: Int?) -> [String] {
        func setting(_ name: String) -> JSONValue { MappingSetting.plain(settings[name], of: name) }
        let age = setting("MaximumRecordAgeInSeconds").integer ?? -1
        var warnings: [String] = []
        if setting("FunctionResponseTypes") == .null {
            warnings.append(
                "without ReportBatchItemFailures, Lambda ignores reported failures and loses the records: "
                    + "--function-response-types ReportBatchItemFailures")
        }
        if setting("MaximumRetryAttempts") == -1 {
            let end = age == -1 ? "until its records expire" : "until its records are \(age) s old"
            warnings.append(
                "a failing batch is retried \(end) and blocks its shard: "
                    + "--maximum-retry-attempts N")
        }
        warnings += ageWarning(age, retentionHours).map { [$0] } ?? []
        if setting("DestinationConfig") == .null {
            warnings.append("no on-failure destination: discarded records are lost silently: --on-failure ARN")
        }
        if setting("BisectBatchOnFunctionError") == false {
            warnings.append(
                "one record that makes the function fail also fails the rest of its batch: --bisect-batch-on-function-error"
            )
        }
        if setting("StartingPosition") == "LATEST" {
            warnings.append(
                "LATEST misses records that arrive before the mapping is Enabled: --starting-position TRIM_HORIZON or "
                    + "AT_TIMESTAMP, which can only be set at creation")
        }
        return warnings
    }

    private static func ageWarning(_ age: Int, _ retentionHours: Int?) -> String? {
        let retention = retentionHours.map { "\($0) h" } ?? "24 h by default"
        let fix = "--maximum-record-age-in-seconds SECONDS"
        if age == -1 {
            return
                "records are retried until they expire after the stream's retention of \(retention), and are then lost "
                + "silently: \(fix)"
        }
        guard let retentionHours, age >= retentionHours * 3600 else { return nil }
        return
            "records are discarded after \(age) s, but expire earlier, after the stream's retention of \(retention), and "
            + "are then lost silently: \(fix)"
    }

    /// Prints the warnings on standard error.
    ///
    /// In a dry run, all settings of a mapping are known only if it is created.
    static func show(_ settings: JSONValue, _ session: AWSSession) async {
        guard !session.isDryRun || settings["EventSourceArn"] != nil else { return }
        let retention = await retentionHours(for: settings, session)
        for warning in warnings(on: settings, retentionHours: retention) { Console.note("warning: \(warning)") }
    }

    /// Returns the retention period if a warning depends on it, or nil if it cannot be read.
    private static func retentionHours(for settings: JSONValue, _ session: AWSSession) async -> Int? {
        let age = settings["MaximumRecordAgeInSeconds"]?.integer ?? -1
        // The minimum retention period is one day.
        guard !session.isDryRun, age == -1 || age >= 86_400, let arn = settings["EventSourceArn"]?.string,
            let source = try? MappingSource(arn: arn)
        else { return nil }
        return try? await source.stream.summary(session).retentionHours
    }
}
