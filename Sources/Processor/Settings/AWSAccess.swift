import Clients

/// The configuration of AWS calls: Region, endpoints, and credentials, which all clients share.
///
/// Credentials are resolved and connections opened at a client's first call.
package struct AWSAccess: Sendable {
    private let environment: AWSEnvironment
    private let credentials: any CredentialSource

    /// - Throws: ``SettingsError`` if the variables `AWS_...`, or the files that they name, are invalid.
    init(_ environment: [String: String]) throws(SettingsError) {
        do throws(AWSConfigurationError) {
            self.environment = try AWSEnvironment(environment)
        } catch {
            throw SettingsError(problems: [error.description])
        }
        guard !self.environment.region.isEmpty else {
            throw SettingsError(problems: ["AWS_REGION must be set because a processor or DEAD_LETTER_... calls AWS"])
        }
        credentials = self.environment.credentialSource(.invocation)
    }

    package func makeClient() -> AWSClient { environment.makeClient(.invocation, credentials: credentials) }

    /// Returns a login with a token for the next connection; open connections stay valid without a new one.
    func cacheLogin(user: String, host: String) async throws -> RedisConnection.Login {
        let token = ElastiCacheToken.token(
            user: user, host: host, region: environment.region, credentials: try await credentials.credentials())
        return RedisConnection.Login(user: user, password: token)
    }
}

/// The environment variables of AWS that the function supports, for the reference; ``AWSEnvironment`` reads them.
package enum AWSVariables {
    private static let settings = [
        Setting("AWS_REGION", .text("Region"), "the Region; Lambda sets it"),
        Setting("AWS_DEFAULT_REGION", .text("Region"), "the Region if `AWS_REGION` is not set"),
        Setting(
            "AWS_ACCESS_KEY_ID", .text(), isSecret: true,
            "credentials; Lambda sets them. If not set, profiles, then the role of the container or the instance, are used"
        ),
        Setting("AWS_SECRET_ACCESS_KEY", .text(), isSecret: true, "belongs to `AWS_ACCESS_KEY_ID`"),
        Setting("AWS_SESSION_TOKEN", .text(), isSecret: true, "belongs to `AWS_ACCESS_KEY_ID`"),
        Setting("AWS_ENDPOINT_URL", .text("URL"), "an endpoint to call instead of those of AWS"),
        Setting(
            "AWS_ENDPOINT_URL_REDSHIFT_DATA", .text("URL"), "the same for one service; each service has such a variable"
        ),
        Setting("AWS_ENDPOINT_URL_S3", .text("URL"), "the same for Amazon S3"),
        Setting(
            "AWS_MAX_ATTEMPTS", .text("1...100"), "attempts of one call, including the first one; 3 if not set"),
        Setting(
            "AWS_CA_BUNDLE", .text("path"),
            "a file of certificate authorities to trust, also for `rediss://` and webhooks"),
    ]

    package static var descriptions: [SettingDescription] { settings.map(\.description) }
}
