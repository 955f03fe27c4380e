import Telemetry

/// Credentials that sign requests.
///
/// Their values never appear in descriptions, logs or errors.
public struct AWSCredentials: Sendable, Equatable {
    public var accessKeyID: String
    public var secretAccessKey: String
    /// The session token of temporary credentials.
    public var sessionToken: String?
    /// The expiration time; nil for credentials that do not expire.
    public var expiration: WallClock?

    public init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: WallClock? = nil
    ) {
        (self.accessKeyID, self.secretAccessKey) = (accessKeyID, secretAccessKey)
        (self.sessionToken, self.expiration) = (sessionToken, expiration)
    }
}

/// A description without any value, also for debuggers and test failures.
extension AWSCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { sessionToken == nil ? "credentials" : "temporary credentials" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A source of credentials, such as a profile, a role or the instance metadata.
public protocol CredentialSource: Sendable {
    /// Returns credentials that are valid for some time; the source caches and renews them.
    func credentials() async throws -> AWSCredentials
    /// Discards the cached credentials because the service reported that they are no longer valid.
    func invalidate() async
    /// The name of the source in messages: `the environment`, `profile "dev"`.
    var origin: String { get async }
}

/// Fixed credentials that are never renewed.
public struct StaticCredentials: CredentialSource {
    private let value: AWSCredentials
    public let origin: String

    public init(_ value: AWSCredentials, origin: String) { (self.value, self.origin) = (value, origin) }

    public func credentials() -> AWSCredentials { value }

    public func invalidate() {}
}
