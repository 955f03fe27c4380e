import JSON

/// What the API's ways to say the same have in common, so that settings can be compared.
enum MappingSetting {
    /// Which only a creation can set, or another call.
    static let createOnly: Set = ["EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "Tags"]

    /// What Lambda takes where nothing is said.
    private static let fallbacks: [String: JSONValue] = [
        "BatchSize": 100, "MaximumBatchingWindowInSeconds": 0, "ParallelizationFactor": 1,
        "MaximumRecordAgeInSeconds": -1, "MaximumRetryAttempts": -1, "BisectBatchOnFunctionError": false,
        "TumblingWindowInSeconds": 0, "Enabled": true,
    ]

    /// The setting in the one form that is compared and shown; null where there is none.
    ///
    /// - Parameter value: As a request or an answer has it.
    static func plain(_ value: JSONValue?, of setting: String) -> JSONValue {
        guard let value, !value.isNull else { return fallbacks[setting] ?? .null }
        switch setting {
        case "DestinationConfig": return nonEmpty(value["OnFailure"]?["Destination"])
        case "FilterCriteria":
            let patterns = (value["Filters"]?.array ?? []).compactMap { $0["Pattern"]?.string }
            return nonEmpty(.array(patterns.map(canonical).sorted().map { .string($0) }))
        case "MetricsConfig": return nonEmpty(value["Metrics"])
        case "StartingPositionTimestamp": return value.double.map { .decimal($0) } ?? value
        case "Tags": return value
        default: return value.integer.map { .integer($0) } ?? nonEmpty(value)
        }
    }

    private static func nonEmpty(_ value: JSONValue?) -> JSONValue {
        value == nil || value == "" || value == [] ? .null : value ?? .null
    }

    /// A filter's pattern without what does not matter in JSON.
    private static func canonical(_ pattern: String) -> String {
        (try? JSONValue(parsing: Array(pattern.utf8))).map { sorted($0).text } ?? pattern
    }

    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            let members = object.members.sorted { $0.name < $1.name }
            return .object(JSONObject(members.map { JSONObject.Member(name: $0.name, value: sorted($0.value)) }))
        case .array(let elements): return .array(elements.map(sorted))
        default: return value
        }
    }
}

/// A setting that a mapping has otherwise than somebody wants.
struct MappingDifference: Sendable, Equatable {
    var setting: String
    /// As the API has them; null for none.
    var present: JSONValue
    var wanted: JSONValue

    var isCreateOnly: Bool { MappingSetting.createOnly.contains(setting) }

    /// What can change it.
    private var remedy: String {
        switch setting {
        case "Tags": "aws lambda tag-resource"
        default: isCreateOnly ? "a new mapping" : "--update"
        }
    }

    var json: JSONValue {
        [
            "Setting": .string(setting), "Is": present, "Wanted": wanted, "OnlyAtCreation": .bool(isCreateOnly),
        ]
    }

    /// As a table for people.
    static func text(_ differences: [MappingDifference]) -> String {
        var table = TextTable(["SETTING", "IS", "WANTED", "CHANGED BY"])
        for difference in differences {
            table.add([
                difference.setting, MappingText.value(difference.present, of: difference.setting),
                MappingText.value(difference.wanted, of: difference.setting),
                difference.remedy,
            ])
        }
        return table.text
    }
}

extension Mapping {
    /// What differs from what was asked for; what nobody asked for does not.
    ///
    /// - Parameter tags: The mapping's, which its description leaves out.
    func differences(from wanted: JSONObject, tags: JSONValue? = nil) -> [MappingDifference] {
        wanted.members.compactMap { member in
            let present = present(member.name, tags, wanted: member.value)
            guard MappingSetting.plain(present, of: member.name) != MappingSetting.plain(member.value, of: member.name)
            else { return nil }
            return MappingDifference(setting: member.name, present: present ?? .null, wanted: member.value)
        }
    }

    private func present(_ setting: String, _ tags: JSONValue?, wanted: JSONValue) -> JSONValue? {
        switch setting {
        // The description has a state in its place.
        case "Enabled": isEnabled.map { .bool($0) } ?? .string(state)
        // Others may have tagged it, too.
        case "Tags":
            .object(
                JSONObject(
                    (wanted.object?.members ?? []).compactMap { tag in
                        tags?[tag.name].map { JSONObject.Member(name: tag.name, value: $0) }
                    }))
        default: json[setting]
        }
    }
}
