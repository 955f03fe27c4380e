import Telemetry
import Transport

/// The AWS configuration from environment variables, shared files and options: Region, endpoints, credentials, limits.
///
/// Creating it sends no requests; credentials are resolved on first use.
package struct AWSEnvironment: Sendable {
    /// Command-line options, which take precedence over the environment.
    package struct Options: Sendable {
        package var profile: String?
        package var region: String?
        package var endpointURL: String?

        package init(profile: String? = nil, region: String? = nil, endpointURL: String? = nil) {
            (self.profile, self.region, self.endpointURL) = (profile, region, endpointURL)
        }
    }

    /// The Region, or empty if none is configured; calls then fail with an error that says so.
    package let region: String
    package let certificateBundle: CertificateBundle?
    /// The maximum number of attempts of one call, including the first.
    package let maxAttempts: Int

    let variables: Variables
    let shared: SharedConfiguration
    let profileName: String
    /// Whether an option names the profile, which then takes precedence over keys in the environment.
    let isProfileExplicit: Bool
    /// The values of the profile; nil if no file contains it.
    let profileIfAny: SharedConfiguration.Profile?
    private let endpointURL: String?
    private let endpointVariant: EndpointVariant
    private let configuredEndpoints: ConfiguredEndpoints

    /// - Throws: ``AWSConfigurationError`` for an unreadable file, an invalid value or a missing profile.
    package init(_ environment: [String: String], options: Options = Options()) throws(AWSConfigurationError) {
        let variables = Variables(environment)
        let shared = try SharedConfiguration(variables)
        self.variables = variables
        self.shared = shared
        isProfileExplicit = options.profile.map { !$0.isEmpty } ?? false
        let chosen = isProfileExplicit ? options.profile : variables["AWS_PROFILE"] ?? variables["AWS_DEFAULT_PROFILE"]
        let name = chosen ?? "default"
        profileName = name
        let profile = try shared.profile(name)
        profileIfAny = profile
        if let chosen, profile == nil { throw .unknownProfile(name: chosen, files: shared.paths) }
        region =
            [options.region, variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"], profile?["region"]]
            .lazy.compactMap { $0 }.first { !$0.isEmpty } ?? ""
        endpointURL = options.endpointURL.flatMap { $0.isEmpty ? nil : $0 }
        var bundleVariables = environment
        if variables["AWS_CA_BUNDLE"] == nil { bundleVariables["AWS_CA_BUNDLE"] = profile?["ca_bundle"] }
        certificateBundle = CertificateBundle(environment: bundleVariables)
        maxAttempts = try Self.attempts(variables["AWS_MAX_ATTEMPTS"], profile)
        var variant: EndpointVariant = []
        if Self.isTrue("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", variables, profile) { variant.insert(.fips) }
        if Self.isTrue("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", variables, profile) {
            variant.insert(.dualStack)
        }
        endpointVariant = variant
        configuredEndpoints = try ConfiguredEndpoints(variables, profile, shared)
    }

    /// Returns whether a variable or, if it is not set, the profile has the value `true` in any letter case.
    fileprivate static func isTrue(
        _ variable: String, _ key: String, _ variables: Variables, _ profile: SharedConfiguration.Profile?
    ) -> Bool { (variables[variable] ?? profile?[key])?.lowercased() == "true" }

    private static func attempts(
        _ variable: String?, _ profile: SharedConfiguration.Profile?
    ) throws(AWSConfigurationError) -> Int {
        guard let text = variable ?? profile?["max_attempts"] else { return 3 }
        guard let value = Int(text), (1...100).contains(value) else {
            let setting = profile.map { "max_attempts of profile \"\($0.name)\"" }
            throw .wrongValue(
                name: variable == nil ? setting ?? "max_attempts" : "AWS_MAX_ATTEMPTS", value: text,
                expected: "a whole number in 1...100")
        }
        return value
    }

    var profilePaths: [String] { shared.paths }

    func profile(named name: String) throws(AWSConfigurationError) -> SharedConfiguration.Profile {
        guard let profile = try shared.profile(name) else { throw .unknownProfile(name: name, files: shared.paths) }
        return profile
    }

    /// Returns the configured endpoint of a service, or nil for AWS's default endpoint.
    ///
    /// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    package func endpointURL(of service: AWSService) -> String? { endpointURL ?? configuredEndpoints.url(of: service) }

    /// Returns the configuration of a client that gets credentials from STS or SSO.
    ///
    /// An endpoint given by an option applies to the command's services only; tokens are not sent there.
    func credentialConfiguration(
        _ credentials: any CredentialSource, unreachableTimeout: Duration?
    ) -> AWSClient.Configuration {
        var configuration = configuration(credentials: credentials)
        configuration.endpointURL = { self.configuredEndpoints.url(of: $0) }
        configuration.retries.unreachableTimeout = unreachableTimeout
        return configuration
    }

    /// Returns a client configuration with the given credentials.
    func configuration(credentials: any CredentialSource) -> AWSClient.Configuration {
        var configuration = AWSClient.Configuration(region: region, credentials: credentials)
        configuration.endpointURL = { self.endpointURL(of: $0) }
        configuration.endpointVariant = endpointVariant
        configuration.retries.maxAttempts = maxAttempts
        return configuration
    }

    /// The time limits of a client.
    package struct Patience: Sendable {
        /// The limit for the name lookup, the connection and the TLS handshake of one attempt.
        package var connectTimeout: Duration
        /// See ``RetryPolicy/unreachableTimeout``.
        package var connecting: Duration?
        /// Whether `HTTPS_PROXY` and similar variables apply.
        package var honoursProxies: Bool

        package init(connectTimeout: Duration, connecting: Duration? = nil, honoursProxies: Bool) {
            (self.connectTimeout, self.connecting) = (connectTimeout, connecting)
            self.honoursProxies = honoursProxies
        }

        /// The limits for an interactive command.
        package static let terminal = Patience(
            connectTimeout: .seconds(2), connecting: .seconds(8), honoursProxies: true)
        /// The limits for an invocation, which has its own deadline.
        package static let invocation = Patience(connectTimeout: .seconds(3), honoursProxies: false)
    }

    /// Returns the source of credentials, which all clients share.
    package func credentialSource(_ patience: Patience) -> any CredentialSource {
        var metadata = CurlHTTPClient.Configuration(certificateBundle: certificateBundle)
        // Proxies cannot reach these addresses, and an endpoint that does not respond quickly does not exist.
        metadata.connectTimeout = (try? InstanceMetadataCredentials(variables, profileIfAny).timeout) ?? .seconds(1)
        metadata.bodyLimit = 64 << 10
        return CredentialChain(
            self, http: httpClient(patience), metadata: CurlHTTPClient(metadata),
            unreachableTimeout: patience.connecting)
    }

    /// A client with a connection of its own.
    ///
    /// - Parameter answer: Answers a request in place of the service; nil for a request that is sent.
    package func makeClient(
        _ patience: Patience, credentials: any CredentialSource,
        answer: @escaping @Sendable (AWSRequest) throws -> AWSResponse? = { _ in nil }
    ) -> AWSClient {
        var configuration = configuration(credentials: credentials)
        configuration.answer = answer
        configuration.retries.unreachableTimeout = patience.connecting
        return AWSClient(configuration, http: httpClient(patience))
    }

    private func httpClient(_ patience: Patience) -> CurlHTTPClient {
        var http = CurlHTTPClient.Configuration(certificateBundle: certificateBundle)
        http.honoursProxyEnvironment = patience.honoursProxies
        http.connectTimeout = patience.connectTimeout
        return CurlHTTPClient(http)
    }
}

/// The endpoints that variables or the profile configure; they take precedence over FIPS and dual-stack endpoints.
private struct ConfiguredEndpoints: Sendable {
    private var isIgnored = false
    private let variables: Variables
    private var ofServices = TextTable<String>()
    private var ofAll: String?

    /// - Throws: ``AWSConfigurationError`` if the profile's `services` section is missing or unreadable.
    init(
        _ variables: Variables, _ profile: SharedConfiguration.Profile?, _ shared: SharedConfiguration
    ) throws(AWSConfigurationError) {
        self.variables = variables
        isIgnored = AWSEnvironment.isTrue(
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", variables, profile)
        guard !isIgnored, let profile else { return }
        ofAll = profile["endpoint_url"]
        guard let name = profile["services"] else { return }
        guard let urls = try shared.endpointURLs(inServices: name) else {
            throw .wrongValue(
                name: "services of profile \"\(profile.name)\"", value: name,
                expected: "the name of a section such as [services local]")
        }
        ofServices = urls
    }

    func url(of service: AWSService) -> String? {
        guard !isIgnored else { return nil }
        let suffix = service.endpointVariableSuffix
        return variables["AWS_ENDPOINT_URL_\(suffix)"] ?? variables["AWS_ENDPOINT_URL"]
            ?? ofServices[suffix.lowercased()] ?? ofAll
    }
}
