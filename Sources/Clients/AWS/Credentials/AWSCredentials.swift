import Basics
import Telemetry

/// Credentials that sign requests.
///
/// Their values never appear in descriptions, logs or errors.
package struct AWSCredentials: Sendable, Equatable {
    package var accessKeyID: String
    package var secretAccessKey: String
    /// The session token of temporary credentials.
    package var sessionToken: String?
    /// The expiration time; nil for credentials that do not expire.
    package var expiration: WallClock?

    package init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: WallClock? = nil
    ) {
        (self.accessKeyID, self.secretAccessKey) = (accessKeyID, secretAccessKey)
        (self.sessionToken, self.expiration) = (sessionToken, expiration)
    }
}

/// A description without any value, also for debuggers and test failures.
extension AWSCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { sessionToken == nil ? "credentials" : "temporary credentials" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A source of credentials, such as a profile, a role or the instance metadata.
package protocol CredentialSource: Sendable {
    /// Returns credentials that are valid for some time; the source caches and renews them.
    func credentials() async throws -> AWSCredentials
    /// Discards the cached credentials because the service reported that they are no longer valid.
    func invalidate() async
    /// The name of the source in messages: `the environment`, `profile "dev"`.
    var origin: String { get async }
}

/// Fixed credentials that are never renewed.
package struct StaticCredentials: CredentialSource {
    private let value: AWSCredentials
    package let origin: String

    package init(_ value: AWSCredentials, origin: String) { (self.value, self.origin) = (value, origin) }

    package func credentials() -> AWSCredentials { value }

    package func invalidate() {}
}
