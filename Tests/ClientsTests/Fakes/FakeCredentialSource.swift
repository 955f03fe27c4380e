import Clients

/// A source with a list of credentials, of which each `invalidate()` selects the next.
actor FakeCredentialSource: CredentialSource {
    let origin = "a test"
    private(set) var invalidations = 0
    private let keys: [String]
    private var index = 0

    init(_ keys: [String]) { self.keys = keys }

    func credentials() -> AWSCredentials {
        AWSCredentials(
            accessKeyID: keys[index], secretAccessKey: "secret-of-" + keys[index], sessionToken: "token-text")
    }

    func invalidate() {
        invalidations += 1
        index = min(index + 1, keys.count - 1)
    }

    /// Renews the credentials, as another client would.
    func renewElsewhere() { index = min(index + 1, keys.count - 1) }
}
