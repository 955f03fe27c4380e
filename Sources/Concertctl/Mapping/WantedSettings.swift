import Clients
import Foundation
import JSON
import Processor

/// What a command line asks of a mapping, as members of the API's requests.
struct WantedSettings: Sendable {
    /// What somebody asked for.
    var given = JSONObject()
    /// What a creation sets where nobody asked.
    private(set) var implied = JSONObject()

    /// - Throws: ``UsageError`` for what Lambda would refuse, as far as it can be told from here.
    init(_ arguments: Arguments, isCreation: Bool) throws {
        try takeNumbers(arguments)
        try takeRecordAge(arguments)
        given["BisectBatchOnFunctionError"] = arguments.toggle(MappingOptions.bisect).map { .bool($0) }
        given["Enabled"] = arguments.toggle(MappingOptions.enabled).map { .bool($0) }
        given["FunctionResponseTypes"] = try Self.responseTypes(arguments)
        given["DestinationConfig"] = try MappingStructures.destination(arguments)
        given["FilterCriteria"] = try MappingStructures.filter(arguments)
        given["MetricsConfig"] = try MappingStructures.metrics(arguments)
        given["KMSKeyArn"] = try Self.key(arguments)
        guard isCreation else { return }
        try takeStart(arguments)
        given["Tags"] = try MappingStructures.tags(arguments)
        let defaults: [(String, JSONValue)] = [
            ("BatchSize", 100), ("MaximumBatchingWindowInSeconds", 5), ("StartingPosition", "LATEST"),
            ("FunctionResponseTypes", ["ReportBatchItemFailures"]),
        ]
        for (name, value) in defaults where given[name] == nil { implied[name] = value }
    }

    /// All that a creation sends.
    var all: JSONObject { JSONObject(given.members + implied.members) }
}

extension WantedSettings {
    private mutating func takeNumbers(_ arguments: Arguments) throws(UsageError) {
        let numbers = [
            (MappingOptions.batchSize, "BatchSize", 1...10_000),
            (MappingOptions.batchingWindow, "MaximumBatchingWindowInSeconds", 0...300),
            (MappingOptions.parallelizationFactor, "ParallelizationFactor", 1...10),
            (MappingOptions.retryAttempts, "MaximumRetryAttempts", -1...10_000),
            (MappingOptions.tumblingWindow, "TumblingWindowInSeconds", 0...900),
        ]
        for (option, name, bounds) in numbers {
            given[name] = try arguments.integer(option, in: bounds).map { .integer($0) }
        }
    }

    private mutating func takeRecordAge(_ arguments: Arguments) throws(UsageError) {
        guard let age = try arguments.integer(MappingOptions.recordAge, in: -1...604_800) else { return }
        guard age == -1 || age >= 60 else {
            throw UsageError(description: "\(MappingOptions.recordAge.name) is \"\(age)\"; expected -1 or 60...604800")
        }
        given["MaximumRecordAgeInSeconds"] = .integer(age)
    }

    private static func responseTypes(_ arguments: Arguments) throws(UsageError) -> JSONValue? {
        let types = arguments.list(MappingOptions.responseTypes)
        let reports = arguments.toggle(MappingOptions.reportFailures)
        guard types == nil || reports == nil else {
            throw UsageError(
                description: "\(MappingOptions.responseTypes.name) and \(MappingOptions.reportFailures.name) "
                    + "set the same; give one")
        }
        if let reports { return reports ? ["ReportBatchItemFailures"] : [] }
        for type in types ?? [] where type != "ReportBatchItemFailures" {
            throw UsageError(
                description: "\(MappingOptions.responseTypes.name) is \"\(type)\"; expected ReportBatchItemFailures, "
                    + "or \"\" for none")
        }
        return types.map { $0.isEmpty ? [] : ["ReportBatchItemFailures"] }
    }

    private static func key(_ arguments: Arguments) throws(UsageError) -> JSONValue? {
        guard let key = arguments.string(MappingOptions.kmsKey) else { return nil }
        guard key.isEmpty || ARN(key)?.service == "kms" else {
            throw UsageError(
                description: "\(MappingOptions.kmsKey.name) is \"\(key)\"; expected the ARN of a KMS key, or \"\"")
        }
        return .string(key)
    }

    private mutating func takeStart(_ arguments: Arguments) throws(UsageError) {
        let position = try arguments.choice(MappingOptions.startingPosition, of: StartingPosition.self)
        let text = arguments.string(MappingOptions.startingTimestamp)
        guard (position == .atTimestamp) == (text != nil) else {
            throw UsageError(
                description: "\(MappingOptions.startingTimestamp.name) and \(MappingOptions.startingPosition.name) "
                    + "AT_TIMESTAMP go together; give both or neither")
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
                description: "\(MappingOptions.startingTimestamp.name) is \"\(text)\", which is still to come")
        }
        given["StartingPositionTimestamp"] = .decimal(seconds)
    }

    private static func seconds(_ time: Timestamp) -> Double {
        Double(time.secondsSinceEpoch) + Double(time.nanoseconds) / 1e9
    }
}
