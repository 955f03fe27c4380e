import JSON
import Processor

/// The formatting of a mapping's settings.
enum MappingText {
    static func escaped(_ text: String) -> String { MessageText.escaped(text) }

    /// Returns a setting as text.
    ///
    /// - Parameter value: The value in the form of the API; nil or null if there is none.
    static func value(_ value: JSONValue?, of setting: String) -> String {
        switch (setting, MappingSetting.plain(value, of: setting)) {
        case (_, .null): "none"
        case ("LastModified", let time), ("StartingPositionTimestamp", let time):
            time.double.map(TimestampText.text) ?? time.text
        case ("MaximumRetryAttempts", -1), ("MaximumRecordAgeInSeconds", -1): "-1 (no limit)"
        case ("FilterCriteria", .array(let patterns)):
            escaped(patterns.compactMap(\.string).joined(separator: " or "))
        case (_, .array(let words)) where words.allSatisfy({ $0.string != nil }):
            escaped(words.compactMap(\.string).joined(separator: ", "))
        case (_, .string(let text)): escaped(text)
        case (_, let other): other.text
        }
    }
}
