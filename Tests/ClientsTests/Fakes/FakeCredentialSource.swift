import Clients

/// Gives one credential after the other; each `invalidate()` goes on to the next.
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

    /// As if another client had renewed them.
    func renewElsewhere() { index = min(index + 1, keys.count - 1) }
}
