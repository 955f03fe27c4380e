import Basics
import Clients
import JSON

/// The parsing of settings that are structures.
enum MappingStructures {
    /// Returns `DestinationConfig`, with an empty destination to remove it.
    static func destination(_ input: Input) throws -> JSONValue? {
        let option = MappingOptions.destinationConfig
        let structure = try Shorthand.value(of: option, input)
        let arn = try input[MappingOptions.onFailure]
        guard structure == nil || arn == nil else {
            throw UsageError(description: "\(option.name) and \(MappingOptions.onFailure.name) cannot be combined")
        }
        if let arn { return try destination(arn, of: MappingOptions.onFailure) }
        guard let structure else { return nil }
        let config = try members(structure, ["OnFailure", "OnSuccess"], of: option)
        guard config["OnSuccess"] == nil else {
            throw UsageError(
                description: "\(option.name): OnSuccess is not supported by event source mappings; expected OnFailure")
        }
        let onFailure = try members(config["OnFailure"], ["Destination"], of: option)
        guard let given = (onFailure["Destination"] ?? "").string else {
            throw UsageError(description: "\(option.name): Destination is not a text")
        }
        return try destination(given, of: option)
    }

    private static func destination(_ arn: String, of option: any CommandOption) throws(UsageError) -> JSONValue {
        let isARN = ARN(arn).map { ["sqs", "sns", "s3"].contains($0.service) } ?? false
        let isTopic = arn.utf8.starts(with: "kafka://".utf8) && arn.utf8.count > "kafka://".utf8.count
        guard arn.isEmpty || isARN || isTopic, arn.utf8.count <= 350 else {
            throw UsageError(
                description: "\(option.name) is \"\(arn)\"; expected the ARN of an SQS queue, an SNS topic, or an S3 "
                    + "bucket, kafka://TOPIC, or \"\" for none")
        }
        return ["OnFailure": ["Destination": .string(arn)]]
    }

    /// Returns `FilterCriteria`, which is empty to remove the filter.
    static func filter(_ input: Input) throws -> JSONValue? {
        let option = MappingOptions.filterCriteria
        guard let structure = try Shorthand.value(of: option, input) else { return nil }
        let criteria = try members(structure, ["Filters"], of: option)
        let filters = criteria["Filters"] ?? []
        guard let list = filters.array ?? filters.object.map({ [.object($0)] })
        else { throw UsageError(description: "\(option.name): Filters is not a list") }
        let patterns = try list.map { filter in try pattern(filter, of: option) }
        return patterns.isEmpty ? [:] : ["Filters": .array(patterns.map { ["Pattern": .string($0)] })]
    }

    /// Returns the text of a pattern, which may be given as text or as an object.
    private static func pattern(_ filter: JSONValue, of option: any CommandOption) throws(UsageError) -> String {
        let given = try members(filter, ["Pattern"], of: option)["Pattern"]
        let text = given?.string ?? given?.object.map { JSONValue.object($0).text }
        guard let text, (try? JSONValue(parsing: Array(text.utf8)))?.object != nil else {
            throw UsageError(
                description: "\(option.name): invalid Pattern; expected a JSON object as text, such as "
                    + "'{\"data\":{\"type\":[\"concert\"]}}'")
        }
        let length = text.unicodeScalars.count
        guard length <= 4096 else {
            throw UsageError(description: "\(option.name): a Pattern has \(length) characters; expected at most 4096")
        }
        return text
    }

    /// Returns `MetricsConfig`.
    static func metrics(_ input: Input) throws -> JSONValue? {
        let option = MappingOptions.metricsConfig
        guard let structure = try Shorthand.value(of: option, input) else { return nil }
        let metrics = try members(structure, ["Metrics"], of: option)["Metrics"] ?? []
        let names = (metrics.array ?? [metrics]).map(\.string)
        for name in names where name != "EventCount" && name != "" {
            throw UsageError(
                description: "\(option.name): unknown metric\(name.map { " \"\($0)\"" } ?? ""); expected EventCount")
        }
        return ["Metrics": names.contains("EventCount") ? ["EventCount"] : []]
    }

    /// Returns `Tags`.
    static func tags(_ input: Input) throws -> JSONValue? {
        let option = MappingOptions.tags
        guard let words = try input[option] else { return nil }
        let structure = try Shorthand.structure(words.joined(separator: ","), of: option.name)
        guard let tags = (structure ?? [:]).object else {
            throw UsageError(description: "\(option.name) is not an object")
        }
        guard tags.members.count <= 50 else {
            throw UsageError(description: "\(option.name) has \(tags.members.count) tags; expected at most 50")
        }
        for tag in tags.members {
            guard let value = tag.value.string, value.unicodeScalars.count <= 256,
                (1...128).contains(tag.name.unicodeScalars.count),
                !tag.name.lowercased().utf8.starts(with: "aws:".utf8)
            else {
                throw UsageError(
                    description:
                        "\(option.name): invalid tag \"\(tag.name)\"; expected a key of 1 to 128 characters that "
                        + "does not begin with aws:, and a value of at most 256 characters")
            }
        }
        return .object(tags)
    }

    /// Returns the members of a structure.
    private static func members(
        _ value: JSONValue?, _ known: [String], of option: any CommandOption
    ) throws(UsageError) -> JSONObject {
        guard let object = (value ?? [:]).object else {
            throw UsageError(
                description: "\(option.name): expected \(known.joined(separator: " or "))=... instead of a value")
        }
        for name in object.names where !known.contains(name) {
            throw UsageError(
                description: "\(option.name): unknown member \"\(name)\"; expected \(known.joined(separator: " or "))")
        }
        return object
    }
}
