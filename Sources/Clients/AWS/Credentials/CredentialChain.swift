import Basics
import JSON
import Telemetry
import Transport

/// A source that resolves the provider of credentials on first use and keeps it.
///
/// The order is: a profile named by an option, keys in the environment, a web identity in the environment, the profile
/// of `AWS_PROFILE` or `default`, the container's endpoint, the instance metadata.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
package actor CredentialChain: CredentialSource {
    private let environment: AWSEnvironment
    private let http: any HTTPClient
    private let metadata: any HTTPClient
    private let unreachableTimeout: Duration?
    private let now: @Sendable () -> WallClock
    private var found: (any CredentialSource)?

    /// - Parameters:
    ///   - http: The client for STS and SSO.
    ///   - metadata: The client for the container's and the instance's endpoints; it must not use a proxy.
    ///   - unreachableTimeout: The limit for STS and SSO; see ``RetryPolicy/unreachableTimeout``.
    init(
        _ environment: AWSEnvironment, http: any HTTPClient, metadata: any HTTPClient,
        unreachableTimeout: Duration? = nil, now: @escaping @Sendable () -> WallClock = WallClock.now
    ) {
        (self.environment, self.http, self.metadata) = (environment, http, metadata)
        (self.unreachableTimeout, self.now) = (unreachableTimeout, now)
    }

    package var origin: String {
        get async { await found?.origin ?? "credentials that are not resolved yet" }
    }

    package func credentials() async throws -> AWSCredentials { try await source().credentials() }

    package func invalidate() async { await found?.invalidate() }

    private func source() throws -> any CredentialSource {
        if let found { return found }
        let source = try chosen()
        found = source
        return source
    }

    private func chosen() throws -> any CredentialSource {
        let variables = environment.variables
        let name = environment.profileName
        if environment.isProfileExplicit {
            let profile = try environment.profile(named: name)
            if let source = try source(of: profile, visited: []) { return source }
            throw CredentialError.unusable(
                origin: "profile \"\(name)\"",
                reason: "it has no credentials: no role_arn, no keys, no sso_session, no login_session and no "
                    + "credential_process; run aws login --profile \(name) or aws configure sso --profile \(name)")
        }
        if let keys = try Self.keys(in: variables) { return keys }
        if let file = variables["AWS_WEB_IDENTITY_TOKEN_FILE"] {
            guard let role = variables["AWS_ROLE_ARN"] else {
                throw CredentialError.unusable(
                    origin: "the environment", reason: "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not")
            }
            return webIdentity(
                role: role, file: file, session: variables["AWS_ROLE_SESSION_NAME"], "the environment's web identity")
        }
        if let profile = environment.profileIfAny, let source = try source(of: profile, visited: []) { return source }
        if let container = try ContainerCredentials(variables) {
            return renewing(container.origin, container.fetch(metadata))
        }
        if !isMetadataDisabled { return try instanceMetadata(afterSearching: searched) }
        throw CredentialError.notFound(searched: searched + ["instance metadata (disabled)"])
    }

    private var isMetadataDisabled: Bool {
        environment.variables["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true"
    }

    /// The sources that were searched before the instance metadata.
    private var searched: [String] {
        [
            "the environment",
            "profile \"\(environment.profileName)\" in \(environment.profilePaths.joined(separator: " and "))",
        ]
    }

    private func instanceMetadata(afterSearching searched: [String]) throws -> any CredentialSource {
        let instance = try InstanceMetadataCredentials(environment.variables, environment.profileIfAny)
        let fetch = instance.fetch(metadata)
        return renewing("instance metadata") {
            // Without a usable response, this is not an instance with a role, and no source has credentials.
            do { return try await fetch() } catch let error as TransportError {
                throw CredentialError.notFound(searched: searched + ["instance metadata (\(error.reason))"])
            } catch CredentialError.unusable(_, let reason) {
                throw CredentialError.notFound(searched: searched + ["instance metadata (\(reason))"])
            }
        }
    }

    private func renewing(
        _ origin: String, _ fetch: @escaping @Sendable () async throws -> AWSCredentials
    ) -> any CredentialSource {
        RenewingCredentials(origin: origin, now: now, fetch: fetch)
    }

    /// Returns the keys in the environment, or nil if there are none.
    static func keys(in variables: Variables) throws(CredentialError) -> StaticCredentials? {
        let (key, secret) = (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
        guard key != nil || secret != nil else { return nil }
        guard let key, let secret else {
            let (present, missing) =
                key == nil
                ? ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID") : ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            throw .unusable(origin: "the environment", reason: "\(present) is set, but \(missing) is not")
        }
        return StaticCredentials(
            AWSCredentials(accessKeyID: key, secretAccessKey: secret, sessionToken: variables["AWS_SESSION_TOKEN"]),
            origin: "the environment")
    }
}

/// Profiles.
extension CredentialChain {
    /// Returns nil if the profile does not configure credentials.
    ///
    /// The order is that of the AWS CLI.
    ///
    /// - Parameter visited: The profiles that use this one as their source, outermost first.
    private func source(
        of profile: SharedConfiguration.Profile, visited: [String]
    ) throws -> (any CredentialSource)? {
        let origin = "profile \"\(profile.name)\""
        let keys = try Self.keys(in: profile, origin)
        // The keys of a source take precedence over its role, so that a profile can be its own source.
        if let keys, !visited.isEmpty { return keys }
        if visited.contains(where: { $0.isIdentical(to: profile.name) }) {
            throw CredentialError.unusable(
                origin: origin,
                reason: "its source_profile refers back to it: \((visited + [profile.name]).joined(separator: ", "))")
        }
        if let file = profile["web_identity_token_file"] {
            guard let role = profile["role_arn"] else {
                throw CredentialError.unusable(
                    origin: origin, reason: "it has web_identity_token_file, but no role_arn")
            }
            return webIdentity(role: role, file: file, session: profile["role_session_name"], origin)
        }
        if let role = profile["role_arn"] { return try assumedRole(role, profile, visited: visited) }
        if profile["sso_account_id"] != nil || profile["sso_role_name"] != nil { return try sso(profile) }
        if let keys, profile.hasKeyInCredentialsFile { return keys }
        if let session = profile["login_session"] { return try login(session, profile) }
        if let command = profile["credential_process"] {
            return renewing(origin) { try await CredentialProcess(command: command, origin: origin).credentials() }
        }
        if let keys { return keys }
        // An SSO session alone does not name a role; the error says what is missing.
        if profile["sso_session"] != nil || profile["sso_start_url"] != nil { return try sso(profile) }
        // Otherwise the next source of the chain would be used for a profile that denotes another identity.
        if let name = Self.partKeys.first(where: { profile[$0] != nil }) {
            throw CredentialError.unusable(
                origin: origin,
                reason: "it has \(name), but neither role_arn nor another way to get credentials; add role_arn, or run "
                    + "aws login --profile \(profile.name)")
        }
        return nil
    }

    /// Settings that do not provide credentials on their own.
    private static let partKeys = [
        "source_profile", "credential_source", "mfa_serial", "external_id", "aws_session_token",
    ]

    /// - Parameter session: The profile's `login_session`.
    private func login(
        _ session: String, _ profile: SharedConfiguration.Profile
    ) throws -> any CredentialSource {
        let login = try LoginCredentials(
            session, profileName: profile.name, environment.variables, folder: environment.shared.folder)
        var configuration = environment.credentialConfiguration(NoCredentials(), unreachableTimeout: unreachableTimeout)
        if let region = profile["region"] { configuration.region = region }
        let client = AWSClient(configuration, http: http, now: now)
        return renewing(login.origin) { [now] in try await login.credentials(from: client, now: now()) }
    }

    private static func keys(
        in profile: SharedConfiguration.Profile, _ origin: String
    ) throws(CredentialError) -> StaticCredentials? {
        let (key, secret) = (profile["aws_access_key_id"], profile["aws_secret_access_key"])
        guard key != nil || secret != nil else { return nil }
        guard let key, let secret else {
            let missing = key == nil ? "aws_access_key_id" : "aws_secret_access_key"
            throw .unusable(origin: origin, reason: "\(missing) is missing; the other key is set")
        }
        return StaticCredentials(
            AWSCredentials(accessKeyID: key, secretAccessKey: secret, sessionToken: profile["aws_session_token"]),
            origin: origin)
    }

    private func assumedRole(
        _ role: String, _ profile: SharedConfiguration.Profile, visited: [String]
    ) throws -> any CredentialSource {
        let origin = "profile \"\(profile.name)\""
        if profile["mfa_serial"] != nil {
            throw CredentialError.unusable(
                origin: origin,
                reason: "it requires an MFA code, which this program does not prompt for; "
                    + "run eval \"$(aws configure export-credentials --profile \(profile.name) --format env)\" first")
        }
        let source: any CredentialSource
        if let name = profile["source_profile"] {
            if profile["credential_source"] != nil {
                throw CredentialError.unusable(
                    origin: origin, reason: "it has both source_profile and credential_source; expected one of them")
            }
            let next = try environment.profile(named: name)
            guard let found = try self.source(of: next, visited: visited + [profile.name]) else {
                throw CredentialError.unusable(
                    origin: origin, reason: "its source_profile \"\(name)\" has no credentials")
            }
            source = found
        } else {
            source = try credentialSource(profile["credential_source"], origin)
        }
        let request = STSRole(
            arn: role, sessionName: profile["role_session_name"], externalID: profile["external_id"],
            durationSeconds: profile["duration_seconds"])
        return renewing(origin) { [client = stsClient(source)] in
            try await request.credentials(from: client, origin: origin)
        }
    }

    private func credentialSource(_ name: String?, _ origin: String) throws -> any CredentialSource {
        switch name {
        case "Environment":
            guard let keys = try Self.keys(in: environment.variables) else {
                throw CredentialError.unusable(
                    origin: origin, reason: "its credential_source is Environment, but AWS_ACCESS_KEY_ID is not set")
            }
            return keys
        case "Ec2InstanceMetadata":
            guard !isMetadataDisabled else {
                throw CredentialError.unusable(
                    origin: origin,
                    reason: "its credential_source is Ec2InstanceMetadata, but AWS_EC2_METADATA_DISABLED is true")
            }
            return try instanceMetadata(afterSearching: [origin])
        case "EcsContainer":
            guard let container = try ContainerCredentials(environment.variables) else {
                throw CredentialError.unusable(
                    origin: origin,
                    reason:
                        "its credential_source is EcsContainer, but AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set")
            }
            return renewing(container.origin, container.fetch(metadata))
        case let other:
            let found = other.map { "credential_source \"\($0)\"" } ?? "neither source_profile nor credential_source"
            throw CredentialError.unusable(
                origin: origin,
                reason: "it has role_arn and \(found); expected source_profile, or credential_source as one of "
                    + "Environment, Ec2InstanceMetadata, EcsContainer")
        }
    }

    private func sso(_ profile: SharedConfiguration.Profile) throws -> any CredentialSource {
        let sso = try SSOCredentials(profile, environment.shared)
        var configuration = environment.credentialConfiguration(NoCredentials(), unreachableTimeout: unreachableTimeout)
        configuration.region = sso.region
        let client = AWSClient(configuration, http: http, now: now)
        return renewing("profile \"\(profile.name)\" (SSO)") { [now] in
            try await sso.credentials(from: client, now: now())
        }
    }

    private func webIdentity(role: String, file: String, session: String?, _ origin: String) -> any CredentialSource {
        let request = STSRole(arn: role, sessionName: session)
        return renewing(origin) { [client = stsClient(NoCredentials())] in
            try await request.credentials(from: client, webIdentityTokenFile: file, origin: origin)
        }
    }

    private func stsClient(_ source: any CredentialSource) -> AWSClient {
        var configuration = environment.credentialConfiguration(source, unreachableTimeout: unreachableTimeout)
        if configuration.region.isEmpty { configuration.region = "us-east-1" }
        return AWSClient(configuration, http: http, now: now)
    }
}

/// A placeholder for calls that are not signed.
private struct NoCredentials: CredentialSource {
    let origin = "none"

    func credentials() throws -> AWSCredentials { throw CredentialError.notFound(searched: []) }

    func invalidate() {}
}
