import Clients
import Processor

/// Makes AWS clients; nothing is looked up or connected before a client's first call.
struct AWSClients: Sendable {
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

    func make() -> AWSClient { environment.makeClient(.invocation, credentials: credentials) }

    /// Makes a login whose password is good for the next connection; one that is open needs no other.
    func cacheLogin(user: String, host: String) async throws -> RedisConnection.Login {
        let token = ElastiCacheToken.token(
            user: user, host: host, region: environment.region, credentials: try await credentials.credentials())
        return RedisConnection.Login(user: user, password: token)
    }
}
