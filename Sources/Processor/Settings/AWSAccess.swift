import Clients

/// How the function calls AWS: Region, endpoints, and credentials, shared by all of its clients.
///
/// Nothing is looked up or connected before a client's first call.
package struct AWSAccess: Sendable {
    private let environment: AWSEnvironment
    private let credentials: any CredentialSource

    /// - Throws: ``SettingsError`` for what is wrong with `AWS_...` and the files that they name.
    init(_ environment: [String: String]) throws(SettingsError) {
        do throws(AWSConfigurationError) {
            self.environment = try AWSEnvironment(environment)
        } catch {
            throw SettingsError(problems: [error.description])
        }
        guard !self.environment.region.isEmpty else {
            throw SettingsError(problems: ["AWS_REGION must be set, for a processor or DEAD_LETTER_... calls AWS"])
        }
        credentials = self.environment.credentialSource(.invocation)
    }

    package func makeClient() -> AWSClient { environment.makeClient(.invocation, credentials: credentials) }

    /// Makes a login whose password is valid for the next connection; an open connection needs no other.
    func cacheLogin(user: String, host: String) async throws -> RedisConnection.Login {
        let token = ElastiCacheToken.token(
            user: user, host: host, region: environment.region, credentials: try await credentials.credentials())
        return RedisConnection.Login(user: user, password: token)
    }
}

/// The variables of AWS that the function honors, for its reference: ``AWSEnvironment`` reads them, with precedence rules of
/// its own.
package enum AWSVariables {
    private static let settings = [
        Setting("AWS_REGION", .text("Region"), "the Region; Lambda sets it"),
        Setting("AWS_DEFAULT_REGION", .text("Region"), "the Region where `AWS_REGION` is not set"),
        Setting(
            "AWS_ACCESS_KEY_ID", .text(), isSecret: true,
            "credentials; Lambda sets them. Without them, profiles and the container's or the instance's role are used"),
        Setting("AWS_SECRET_ACCESS_KEY", .text(), isSecret: true, "belongs to `AWS_ACCESS_KEY_ID`"),
        Setting("AWS_SESSION_TOKEN", .text(), isSecret: true, "belongs to `AWS_ACCESS_KEY_ID`"),
        Setting("AWS_ENDPOINT_URL", .text("URL"), "an endpoint to call instead of those of AWS"),
        Setting(
            "AWS_ENDPOINT_URL_REDSHIFT_DATA", .text("URL"), "the same for one service; any service has such a variable"),
        Setting("AWS_ENDPOINT_URL_S3", .text("URL"), "the same for Amazon S3"),
        Setting(
            "AWS_MAX_ATTEMPTS", .text("1...100"), "attempts of one call, the first included; 3 where it is not set"),
        Setting(
            "AWS_CA_BUNDLE", .text("path"),
            "a file of certificate authorities to trust, for `rediss://` and webhooks, too"),
    ]

    package static var descriptions: [SettingDescription] { settings.map(\.description) }
}
