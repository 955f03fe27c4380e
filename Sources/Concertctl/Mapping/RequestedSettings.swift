import Basics
import Clients
import Foundation
import JSON
import Processor

/// The settings that the options request for a mapping, as members of API requests.
struct RequestedSettings: Sendable {
    /// The settings that were given.
    var given = JSONObject()
    /// The defaults of settings that were not given.
    private(set) var implied = JSONObject()

    /// - Throws: ``UsageError`` for settings that Lambda would reject, as far as this can be checked locally.
    init(_ input: Input, isCreation: Bool) throws {
        try takeNumbers(input)
        try takeRecordAge(input)
        given["BisectBatchOnFunctionError"] = try input[MappingOptions.bisect].map { .bool($0) }
        given["Enabled"] = try input[MappingOptions.enabled].map { .bool($0) }
        given["FunctionResponseTypes"] = try Self.responseTypes(input)
        given["DestinationConfig"] = try MappingStructures.destination(input)
        given["FilterCriteria"] = try MappingStructures.filter(input)
        given["MetricsConfig"] = try MappingStructures.metrics(input)
        given["KMSKeyArn"] = try Self.key(input)
        guard isCreation else { return }
        try takeStart(input)
        given["Tags"] = try MappingStructures.tags(input)
        for (name, value) in Self.defaults where given[name] == nil { implied[name] = value }
    }

    /// The defaults of a new mapping.
    private static let defaults: [(name: String, value: JSONValue)] = [
        ("BatchSize", 100), ("MaximumBatchingWindowInSeconds", 5), ("StartingPosition", "LATEST"),
        ("FunctionResponseTypes", ["ReportBatchItemFailures"]),
    ]

    /// The defaults of a new mapping, such as `BatchSize 100`.
    static let impliedText = defaults.map { "\($0.name) \(MappingText.value($0.value, of: $0.name))" }
        .joined(separator: ", ")

    /// All settings of a creation request.
    var all: JSONObject { JSONObject(given.members + implied.members) }
}

extension RequestedSettings {
    private mutating func takeNumbers(_ input: Input) throws(UsageError) {
        let numbers = [
            (MappingOptions.batchSize, "BatchSize"),
            (MappingOptions.batchingWindow, "MaximumBatchingWindowInSeconds"),
            (MappingOptions.parallelizationFactor, "ParallelizationFactor"),
            (MappingOptions.retryAttempts, "MaximumRetryAttempts"),
            (MappingOptions.tumblingWindow, "TumblingWindowInSeconds"),
        ]
        for (option, name) in numbers { given[name] = try input[option].map { .integer($0) } }
    }

    private mutating func takeRecordAge(_ input: Input) throws(UsageError) {
        guard let age = try input[MappingOptions.recordAge] else { return }
        guard age == -1 || age >= 60 else {
            throw UsageError(description: "\(MappingOptions.recordAge.name) is \"\(age)\"; expected -1 or 60...604800")
        }
        given["MaximumRecordAgeInSeconds"] = .integer(age)
    }

    private static func responseTypes(_ input: Input) throws(UsageError) -> JSONValue? {
        let types = try input[MappingOptions.responseTypes]
        let reports = try input[MappingOptions.reportFailures]
        guard types == nil || reports == nil else {
            throw UsageError(
                description: "\(MappingOptions.responseTypes.name) and \(MappingOptions.reportFailures.name) "
                    + "cannot be combined")
        }
        if let reports { return reports ? ["ReportBatchItemFailures"] : [] }
        for type in types ?? [] where type != "ReportBatchItemFailures" {
            throw UsageError(
                description: "\(MappingOptions.responseTypes.name) is \"\(type)\"; expected ReportBatchItemFailures, "
                    + "or \"\" for none")
        }
        return types.map { $0.isEmpty ? [] : ["ReportBatchItemFailures"] }
    }

    private static func key(_ input: Input) throws(UsageError) -> JSONValue? {
        guard let key = try input[MappingOptions.kmsKey] else { return nil }
        guard key.isEmpty || ARN(key)?.service == "kms" else {
            throw UsageError(
                description: "\(MappingOptions.kmsKey.name) is \"\(key)\"; expected the ARN of a KMS key, or \"\"")
        }
        return .string(key)
    }

    private mutating func takeStart(_ input: Input) throws(UsageError) {
        let position = try input[MappingOptions.startingPosition]
        let text = try input[MappingOptions.startingTimestamp]
        guard (position == .atTimestamp) == (text != nil) else {
            throw UsageError(
                description: "\(MappingOptions.startingTimestamp.name) and \(MappingOptions.startingPosition.name) "
                    + "AT_TIMESTAMP must be given together")
        }
        given["StartingPosition"] = position.map { .string($0.rawValue) }
        guard let text else { return }
        guard let seconds = Double(text) ?? Timestamp(text).map(Self.seconds), seconds.isFinite, seconds >= 0 else {
            throw UsageError(
                description: "\(MappingOptions.startingTimestamp.name) is \"\(text)\"; expected a time such as "
                    + "2026-11-24T12:00:00Z, or seconds since the epoch")
        }
        guard seconds <= Date().timeIntervalSince1970 else {
            throw UsageError(
                description: "\(MappingOptions.startingTimestamp.name) is \"\(text)\", which is in the future")
        }
        given["StartingPositionTimestamp"] = .decimal(seconds)
    }

    private static func seconds(_ time: Timestamp) -> Double {
        Double(time.secondsSinceEpoch) + Double(time.nanoseconds) / 1e9
    }
}
