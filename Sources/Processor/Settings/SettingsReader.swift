import Transport

/// Reads settings from an environment, and collects what is wrong with them.
///
/// Everything else gets values: nothing but this reads the function's own variables.
package struct SettingsReader: Sendable {
    private let environment: [String: String]
    /// One sentence for each fault, each once.
    package private(set) var problems: [String] = []
    /// What was read; nil unless it is collected.
    private var described: [SettingDescription]?
    /// What ``aws()`` returned; nil before its first call.
    private var access: AWSAccess??

    /// - Parameter environment: The process's; a literal in tests. A variable that is set but empty counts as not set.
    package init(_ environment: [String: String]) { self.environment = environment }

    /// The settings that `read` reads, in order.
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

    /// The value of a variable: the default where it is not set, or where it is invalid, which is a problem.
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

    /// Adds a problem, unless it is known: two processors may read the same variables.
    package mutating func complain(_ problem: String) {
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// - Throws: ``SettingsError`` if there are problems.
    package func check() throws(SettingsError) {
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
    }
}

/// What more than one part of the function needs.
extension SettingsReader {
    /// How AWS is called; nil if the variables of AWS are invalid, which is a problem.
    ///
    /// Asked for only by what calls AWS: without it, a Region need not be known.
    package mutating func aws() -> AWSAccess? {
        if let access { return access }
        guard described == nil else { return nil }
        do throws(SettingsError) { access = .some(try AWSAccess(environment)) } catch {
            for problem in error.problems { complain(problem) }
            access = .some(nil)
        }
        return access ?? nil
    }

    /// The certificate authorities that connections trust, other than those to AWS.
    package var certificateBundle: CertificateBundle? { CertificateBundle(environment: environment) }
}

/// Settings of one part of the function.
package protocol SettingsPart {
    /// Nil when something needed is missing, which is a problem of `reader` unless the whole part may be left out.
    init?(_ reader: inout SettingsReader)
}

extension SettingsPart {
    /// Reads them alone.
    ///
    /// - Throws: ``SettingsError`` naming every variable that is wrong.
    package init(environment: [String: String]) throws(SettingsError) {
        var reader = SettingsReader(environment)
        let settings = Self(&reader)
        try reader.check()
        guard let settings else { throw SettingsError(problems: ["no settings"]) }
        self = settings
    }
}

/// What is wrong with the environment, each variable in one sentence.
public struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    public var problems: [String]

    public init(problems: [String]) { self.problems = problems }

    /// What the Runtime API is told; alarms match on it.
    public static let errorType = "Runtime.InvalidSettings"

    public var description: String { problems.joined(separator: "; ") }
}
