import Glibc

/// The shared files `config` and `credentials`.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
struct SharedConfiguration: Sendable, Equatable {
    /// The values of one profile; those of the credentials file take precedence over those of the config file.
    struct Profile: Sendable, Equatable {
        var name: String
        private var values: TextTable<String>
        /// Whether the credentials file, not the config file, contains the access key.
        var hasKeyInCredentialsFile = false

        init(name: String, values: TextTable<String>) { (self.name, self.values) = (name, values) }

        /// The value, or nil if it is missing or empty.
        subscript(key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }
    }

    private let config: File
    private let credentials: File
    private var profiles = TextTable<ConfigurationFile.Section>()
    private var sessions = TextTable<ConfigurationFile.Section>()
    private var services = TextTable<ConfigurationFile.Section>()
    /// The paths of both files.
    let paths: [String]
    /// The folder of AWS's files, which contains cached tokens; nil without a home folder.
    let folder: String?

    /// - Parameter variables: `HOME`, `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` are used.
    init(_ variables: Variables) throws(AWSConfigurationError) {
        let home = variables["HOME"]
        let folder = home.map { $0 + "/.aws" }
        func path(_ variable: String, _ name: String) -> String? {
            guard let path = variables[variable] else { return folder.map { $0 + "/" + name } }
            guard path.utf8.starts(with: "~/".utf8), let home else { return path }
            return home + path.dropFirst()
        }
        let configPath = path("AWS_CONFIG_FILE", "config")
        let credentialsPath = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        self.folder = folder
        paths = [credentialsPath, configPath].compactMap { $0 }
        config = try File(configPath, isNamed: variables["AWS_CONFIG_FILE"] != nil)
        credentials = try File(credentialsPath, isNamed: variables["AWS_SHARED_CREDENTIALS_FILE"] != nil)
        sortSections()
    }

    /// Assigns each section of the config file to its kind; of duplicate profiles, the last one counts.
    private mutating func sortSections() {
        for section in config.content.sections {
            let words = ShellWords.split(section.heading) ?? []
            let heading = section.heading.utf8
            if heading.starts(with: "profile".utf8) {
                if words.count == 2 { profiles[words[1]] = section }
            } else if heading.starts(with: "sso-session".utf8) {
                if words.count == 2 { sessions[words[1]] = section }
            } else if heading.starts(with: "services".utf8) {
                if words.count == 2 { services[words[1]] = section }
            } else if section.heading.isIdentical(to: "default") {
                profiles[section.heading] = section
            }
        }
    }

    /// A file and its path.
    private struct File: Sendable, Equatable {
        var path = ""
        var content = ConfigurationFile()

        /// Treats a missing file as an empty one, and also an unreadable file in the home folder: containers may run
        /// with the home folder of another user.
        ///
        /// - Parameter isNamed: Whether a variable names this file.
        init(_ path: String?, isNamed: Bool) throws(AWSConfigurationError) {
            guard let path else { return }
            self.path = path
            switch LocalFile.read(path) {
            case .missing: return
            case .forbidden where !isNamed: return
            case .forbidden: throw .unreadableFile(path: path, reason: LocalFile.systemMessage(EACCES))
            case .unreadable(let reason): throw .unreadableFile(path: path, reason: reason)
            case .bytes(let bytes): content = ConfigurationFile(bytes)
            }
        }

        /// - Throws: ``AWSConfigurationError`` with the line of `problem`, if there is one.
        func check(_ problem: ConfigurationFile.Problem?) throws(AWSConfigurationError) {
            if let problem { throw .unreadableLine(path: path, line: problem.line, expected: problem.expected) }
        }
    }

    /// Returns a profile, or nil if neither file contains it.
    ///
    /// - Throws: ``AWSConfigurationError`` if its section is invalid, or if it is missing and an invalid heading may be
    ///   its own.
    func profile(_ name: String) throws(AWSConfigurationError) -> Profile? {
        let found = profiles[name]
        let secret = credentials.content.sections.first { $0.heading.isIdentical(to: name) }
        try config.check(found?.problem)
        try credentials.check(secret?.problem)
        guard found != nil || secret != nil else {
            try config.check(config.content.stray)
            try credentials.check(credentials.content.stray)
            return nil
        }
        var values = found?.values ?? TextTable()
        if let secret { values.merge(secret.values) }
        var profile = Profile(name: name, values: values)
        profile.hasKeyInCredentialsFile = secret?.values["aws_access_key_id"] != nil
        return profile
    }

    /// Returns the section of an SSO session, or nil if the config file does not contain it.
    func ssoSession(_ name: String) throws(AWSConfigurationError) -> Profile? {
        let section = sessions[name]
        try config.check(section?.problem)
        return section.map { Profile(name: name, values: $0.values) }
    }

    /// Returns the endpoints of a `services` section by the service's name in lower case, such as `redshift_data`.
    ///
    /// Returns nil if the config file does not contain the section.
    func endpointURLs(inServices name: String) throws(AWSConfigurationError) -> TextTable<String>? {
        guard let section = services[name] else { return nil }
        try config.check(section.problem)
        var urls = TextTable<String>()
        for service in section.nested.keys {
            urls[service] = section.nested[service]?["endpoint_url"].flatMap { $0.isEmpty ? nil : $0 }
        }
        return urls
    }
}

/// Environment variables; an empty one counts as unset.
struct Variables: Sendable, Equatable {
    private let values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }
}
