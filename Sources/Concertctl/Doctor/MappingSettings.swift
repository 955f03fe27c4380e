import Basics
import Clients
import JSON

/// The settings of an event source mapping that `doctor` checks.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html>
struct MappingSettings: Sendable, Equatable {
    var uuid: String
    var functionARN: String
    var sourceARN: String
    var state: String
    var transitionReason: String
    var lastResult: String
    var batchSize: Int
    /// The maximum batching window in seconds.
    var batchingWindow: Int
    var parallelizationFactor: Int
    /// The maximum number of retries, or nil without a limit.
    var maximumRetries: Int?
    /// The maximum record age in seconds, or nil without a limit.
    var maximumAge: Int?
    var bisects: Bool
    var reportsItemFailures: Bool
    /// The ARN of the on-failure destination.
    var destination: String?
    var startingPosition: String

    /// Fails if the description has no UUID.
    init?(_ json: JSONValue) {
        guard let uuid = json["UUID"]?.string else { return nil }
        func limit(_ name: String) -> Int? { json[name]?.integer.flatMap { $0 < 0 ? nil : $0 } }
        self.uuid = uuid
        functionARN = json["FunctionArn"]?.string ?? ""
        sourceARN = json["EventSourceArn"]?.string ?? ""
        state = json["State"]?.string ?? ""
        transitionReason = json["StateTransitionReason"]?.string ?? ""
        lastResult = json["LastProcessingResult"]?.string ?? ""
        batchSize = json["BatchSize"]?.integer ?? 100
        batchingWindow = json["MaximumBatchingWindowInSeconds"]?.integer ?? 0
        parallelizationFactor = json["ParallelizationFactor"]?.integer ?? 1
        maximumRetries = limit("MaximumRetryAttempts")
        maximumAge = limit("MaximumRecordAgeInSeconds")
        bisects = json["BisectBatchOnFunctionError"]?.bool ?? false
        reportsItemFailures =
            json["FunctionResponseTypes"]?.array?.contains { $0.string == "ReportBatchItemFailures" } ?? false
        let destination = json["DestinationConfig"]?["OnFailure"]?["Destination"]?.string
        self.destination = destination.flatMap { $0.isEmpty ? nil : $0 }
        startingPosition = json["StartingPosition"]?.string ?? ""
    }

    /// Returns whether the mapping invokes a function, in any version or alias.
    ///
    /// - Parameter function: The name or the ARN of the function.
    func isFor(_ function: String) -> Bool {
        guard let own = try? FunctionReference(functionARN), let other = try? FunctionReference(function) else {
            return false
        }
        return own.name == other.name
    }

    /// Returns whether the mapping reads a stream, directly or through a consumer.
    func isOf(stream arn: String) -> Bool { KinesisStreamARN(sourceARN)?.arn.description == arn }
}
