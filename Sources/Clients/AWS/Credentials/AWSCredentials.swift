import Telemetry

/// What a request is signed with.
///
/// Its texts never show in descriptions, logs or errors.
public struct AWSCredentials: Sendable, Equatable {
    public var accessKeyID: String
    public var secretAccessKey: String
    /// Of temporary credentials only.
    public var sessionToken: String?
    /// When they cease to be valid; nil for those that last.
    public var expiration: WallClock?

    public init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: WallClock? = nil
    ) {
        (self.accessKeyID, self.secretAccessKey) = (accessKeyID, secretAccessKey)
        (self.sessionToken, self.expiration) = (sessionToken, expiration)
    }
}

/// Text: that there are some, and no more, also in debuggers' and test failures' words.
extension AWSCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { sessionToken == nil ? "credentials" : "temporary credentials" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Somewhere credentials come from: a profile, a role, an instance's metadata.
public protocol CredentialSource: Sendable {
    /// Credentials that are valid for a while still; cached and renewed by whoever conforms.
    func credentials() async throws -> AWSCredentials
    /// Forgets what is cached, since the service said that it is no longer valid.
    func invalidate() async
    /// Where they come from, for people: `the environment`, `profile "dev"`.
    var origin: String { get async }
}

/// Credentials that are there from the start, and stay.
public struct StaticCredentials: CredentialSource {
    private let value: AWSCredentials
    public let origin: String

    public init(_ value: AWSCredentials, origin: String) { (self.value, self.origin) = (value, origin) }

    public func credentials() -> AWSCredentials { value }

    public func invalidate() {}
}
