import Basics
import Foundation
import JSON
import TestSupport
import Transport

@testable import Clients

/// A running `credential-server.py`, and a home folder with files, for one credential chain.
final class CredentialServer: Sendable {
    let clock = FakeClock()
    let home: TemporaryFolder
    private let server: PythonServer

    init() throws {
        server = try PythonServer("credential-server.py")
        home = try TemporaryFolder()
    }

    /// - Parameter mode: The kind of responses, as documented in `credential-server.py`.
    func url(_ mode: String = "fine") -> String { server.url + "/" + mode }

    /// The variables that send each kind of request to this server.
    func variables(_ mode: String = "fine") -> [String: String] {
        [
            "HOME": home.url.path, "AWS_ENDPOINT_URL_STS": url(mode) + "/sts", "AWS_ENDPOINT_URL_SSO": url(mode),
            "AWS_ENDPOINT_URL_SSO_OIDC": url(mode), "AWS_ENDPOINT_URL_SIGNIN": url(mode),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": url(mode) + "/", "AWS_MAX_ATTEMPTS": "1",
        ]
    }

    func chain(
        _ variables: [String: String], _ options: AWSEnvironment.Options = AWSEnvironment.Options()
    ) throws -> CredentialChain {
        let environment = try AWSEnvironment(variables, options: options)
        var metadata = CurlHTTPClient.Configuration()
        metadata.bodyLimit = 64 << 10
        return CredentialChain(
            environment, http: CurlHTTPClient(CurlHTTPClient.Configuration()), metadata: CurlHTTPClient(metadata),
            now: { [clock] in clock.time })
    }

    /// Returns the access key ID that a chain provides, or its error's text.
    func outcome(
        _ variables: [String: String], _ options: AWSEnvironment.Options = AWSEnvironment.Options()
    ) async -> String {
        do { return try await chain(variables, options).credentials().accessKeyID } catch { return "\(error)" }
    }

    /// All requests so far, as received.
    func requests() async throws -> [JSONValue] {
        let http = CurlHTTPClient(CurlHTTPClient.Configuration())
        let answer = try await http.send(HTTPRequest(url: server.url + "/log"))
        return try JSONValue(parsing: answer.body).array ?? []
    }

    /// The file with the token of an SSO session.
    func tokenFile(for key: String) -> URL {
        home.url.appending(path: ".aws/sso/cache/\(SHA1.digest(of: Array(key.utf8)).hexadecimal).json")
    }

    /// Stores a token in the file that `aws sso login` would write.
    func writeToken(_ text: String, for key: String) throws {
        let name = SHA1.digest(of: Array(key.utf8)).hexadecimal
        try home.write(text, to: ".aws/sso/cache/\(name).json")
    }
}
