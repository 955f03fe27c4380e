import Transport

/// A reader of settings from an environment, which collects problems.
///
/// No other code reads the function's own variables.
package struct SettingsReader: Sendable {
    private let environment: [String: String]
    /// One sentence per problem, without duplicates.
    package private(set) var problems: [String] = []
    /// The descriptions of the variables that were read; nil unless they are collected.
    private var described: [SettingDescription]?
    /// The result of ``aws()``; nil before its first call.
    private var access: AWSAccess??

    /// - Parameter environment: The environment of the process, or a literal in tests. An empty variable counts as not set.
    package init(_ environment: [String: String]) { self.environment = environment }

    /// Returns the descriptions of the settings that `read` reads, in order.
    package static func descriptions(of read: (inout SettingsReader) -> Void) -> [SettingDescription] {
        var reader = SettingsReader([:])
        reader.described = []
        read(&reader)
        return reader.described ?? []
    }

    /// The text of a variable, whether it is valid or not; nil if it is not set.
    package func text<Value>(of setting: Setting<Value>) -> String? { text(named: setting.name) }

    private func text(named name: String) -> String? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        return text
    }

    package func isSet<Value>(_ setting: Setting<Value>) -> Bool { text(of: setting) != nil }

    /// Returns the value of a variable, or the default if it is not set; adds a problem and returns the default if it is
    /// invalid.
    package mutating func read<Value>(_ setting: Setting<Value>) -> Value {
        if described != nil { described?.append(setting.description) }
        guard let text = text(of: setting) else { return setting.fallback }
        var faults: [SettingFault] = []
        let value = setting.form.parse(text, &faults) ?? setting.fallback
        if !faults.isEmpty { complain(faults, of: setting.name, text, isSecret: setting.isSecret) }
        return value
    }

    private mutating func complain(_ faults: [SettingFault], of name: String, _ text: String, isSecret: Bool) {
        for fault in faults {
            for message in fault.messages(name: name, text: text, isSecret: isSecret) { complain(message) }
        }
    }

    /// The value of a variable that must be set; nil if it is not, or is invalid, which are problems.
    package mutating func required<Value>(_ setting: Setting<Value?>) -> Value? {
        if described == nil, !isSet(setting) {
            complain("\(setting.name) must be set" + (setting.requirement.map { " \($0)" } ?? ""))
        }
        return read(setting)
    }

    /// Adds a problem once, because two processors may read the same variables.
    package mutating func complain(_ problem: String) {
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// Checks that no problem was found.
    ///
    /// - Throws: ``SettingsError`` if there are problems.
    package func check() throws(SettingsError) {
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
    }
}

/// Settings that several parts of the function use.
extension SettingsReader {
    /// Returns the configuration of AWS calls; adds a problem and returns nil if variables of AWS are invalid.
    ///
    /// Called only for parts that call AWS, because others do not require a Region.
    package mutating func aws() -> AWSAccess? {
        if let access { return access }
        guard described == nil else { return nil }
        do throws(SettingsError) { access = .some(try AWSAccess(environment)) } catch {
            for problem in error.problems { complain(problem) }
            access = .some(nil)
        }
        return access ?? nil
    }

    /// The certificate authorities that connections other than those to AWS trust.
    package var certificateBundle: CertificateBundle? { CertificateBundle(environment: environment) }
}

/// The settings of one part of the function.
package protocol SettingsPart {
    /// Reads the settings; returns nil if required ones are missing, and adds problems unless the whole part is optional.
    init?(_ reader: inout SettingsReader)
}

extension SettingsPart {
    /// Reads only these settings.
    ///
    /// - Throws: ``SettingsError`` with the problems of all invalid variables.
    package init(environment: [String: String]) throws(SettingsError) {
        var reader = SettingsReader(environment)
        let settings = Self(&reader)
        try reader.check()
        guard let settings else { throw SettingsError(problems: ["no settings"]) }
        self = settings
    }
}

/// The problems of the environment, one sentence per variable.
package struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    package var problems: [String]

    package init(problems: [String]) { self.problems = problems }

    /// The error type that is reported to the Runtime API; alarms match it.
    package static let errorType = "Runtime.InvalidSettings"

    package var description: String { problems.joined(separator: "; ") }
}
