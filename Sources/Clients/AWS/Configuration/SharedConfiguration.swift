import Glibc

/// The shared files `config` and `credentials`, both read.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
struct SharedConfiguration: Sendable, Equatable {
    /// One profile's values; those of the credentials file win over those of the config file.
    struct Profile: Sendable, Equatable {
        var name: String
        private var section: ConfigurationFile.Section

        init(name: String, section: ConfigurationFile.Section) { (self.name, self.section) = (name, section) }

        /// Nil when it is missing or empty.
        subscript(key: String) -> String? { section.values[key].flatMap { $0.isEmpty ? nil : $0 } }
    }

    private let config: ConfigurationFile
    private let credentials: ConfigurationFile
    /// Where both were looked for.
    let paths: [String]
    /// The folder of AWS's files, for cached tokens; nil without a home.
    let folder: String?

    /// - Parameter variables: `HOME`, `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` count.
    init(_ variables: Variables) throws(AWSConfigurationError) {
        let home = variables["HOME"]
        let folder = home.map { $0 + "/.aws" }
        func path(_ variable: String, _ name: String) -> String? {
            guard let path = variables[variable] else { return folder.map { $0 + "/" + name } }
            guard path.hasPrefix("~/"), let home else { return path }
            return home + path.dropFirst()
        }
        let configPath = path("AWS_CONFIG_FILE", "config")
        let credentialsPath = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        self.folder = folder
        paths = [credentialsPath, configPath].compactMap { $0 }
        config = try Self.file(configPath, isNamed: variables["AWS_CONFIG_FILE"] != nil)
        credentials = try Self.file(credentialsPath, isNamed: variables["AWS_SHARED_CREDENTIALS_FILE"] != nil)
    }

    /// A file that is not there is one without sections, and so is one in a home that is closed to this process:
    /// containers run with the home of another user.
    ///
    /// - Parameter isNamed: Whether somebody asked for this very file.
    private static func file(_ path: String?, isNamed: Bool) throws(AWSConfigurationError) -> ConfigurationFile {
        guard let path else { return try ConfigurationFile("", path: "") }
        switch LocalFile.read(path) {
        case .missing: return try ConfigurationFile("", path: path)
        case .forbidden where !isNamed: return try ConfigurationFile("", path: path)
        case .forbidden: throw .unreadableFile(path: path, reason: LocalFile.systemWords(EACCES))
        case .unreadable(let reason): throw .unreadableFile(path: path, reason: reason)
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .unreadableFile(path: path, reason: "it is not UTF-8")
            }
            return try ConfigurationFile(text, path: path)
        }
    }

    /// Nil when neither file has it.
    func profile(_ name: String) -> Profile? {
        let plain = name == "default" ? config.sections["default"] : nil
        let found = [plain, config.sections["profile \(name)"], credentials.sections[name]].compactMap { $0 }
        guard var section = found.first else { return nil }
        for other in found.dropFirst() { section.values.merge(other.values) { $1 } }
        return Profile(name: name, section: section)
    }

    func ssoSession(_ name: String) -> Profile? {
        config.sections["sso-session \(name)"].map { Profile(name: name, section: $0) }
    }

    /// The endpoint that a `services` section gives a service.
    ///
    /// - Parameter service: In lower case, such as `redshift_data`.
    func endpointURL(ofService service: String, in name: String) -> String? {
        config.sections["services \(name)"]?.nested[service]?["endpoint_url"].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Environment variables, of which an empty one counts as not set.
struct Variables: Sendable, Equatable {
    private let values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }
}
