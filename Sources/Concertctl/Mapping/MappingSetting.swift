import JSON

/// The normalization of settings, so that equivalent forms in the API compare as equal.
enum MappingSetting {
    /// The settings that `UpdateEventSourceMapping` cannot change.
    static let createOnly: Set = ["EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "Tags"]

    /// Lambda's defaults.
    private static let fallbacks: [String: JSONValue] = [
        "BatchSize": 100, "MaximumBatchingWindowInSeconds": 0, "ParallelizationFactor": 1,
        "MaximumRecordAgeInSeconds": -1, "MaximumRetryAttempts": -1, "BisectBatchOnFunctionError": false,
        "TumblingWindowInSeconds": 0, "Enabled": true,
    ]

    /// Returns the normalized setting, or null if there is none.
    ///
    /// - Parameter value: The setting in a request or a response.
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

    /// Returns a filter pattern as normalized JSON.
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

/// A difference between a setting of a mapping and the requested one.
struct MappingDifference: Sendable, Equatable {
    var setting: String
    /// The values in the form of the API; null for none.
    var present: JSONValue
    var wanted: JSONValue

    var isCreateOnly: Bool { MappingSetting.createOnly.contains(setting) }

    /// How to change the setting.
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

    /// Returns the differences as a table.
    static func text(_ differences: [MappingDifference]) -> String {
        var table = TextTable(["SETTING", "CURRENT", "REQUESTED", "CHANGED BY"])
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
    /// Returns the differences from the requested settings.
    ///
    /// Other settings are not compared.
    ///
    /// - Parameter tags: The tags of the mapping, which are not part of its description.
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
        // The description contains the state instead.
        case "Enabled": isEnabled.map { .bool($0) } ?? .string(state)
        // Ignore other tags of the mapping.
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
