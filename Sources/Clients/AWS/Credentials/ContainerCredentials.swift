import Basics
import JSON
import Transport

/// Credentials from the endpoint that ECS, EKS and other services provide to a container.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
struct ContainerCredentials: Sendable {
    let origin = "the container's endpoint"
    private let url: String
    private let token: String?
    private let tokenFile: String?

    /// Returns nil if the environment does not name an endpoint.
    init?(_ variables: Variables) throws(CredentialError) {
        token = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        tokenFile = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
        if let path = variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            guard path.utf8.first == UInt8(ascii: "/") else {
                throw .unusable(
                    origin: origin, reason: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash")
            }
            url = "http://169.254.170.2" + path
        } else if let full = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            guard Self.isTrusted(full) else {
                throw .unusable(
                    origin: origin,
                    reason:
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to this machine or the container agent"
                )
            }
            url = full
        } else {
            return nil
        }
    }

    /// Without TLS, only endpoints that are reached without crossing a network are trusted.
    private static func isTrusted(_ url: String) -> Bool {
        // In ASCII, every character is one byte.
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return false }
        guard let scheme = ["https://", "http://"].first(where: { url.hasPrefix($0) }) else { return false }
        let authority = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        guard !authority.isEmpty, !authority.hasPrefix(":"), !authority.contains("@"),
            AWSEndpoint.hasPortOrNone(authority)
        else { return false }
        if scheme == "https://" { return true }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return isLoopback(host)
            || ["localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].contains(String(host))
    }

    /// Returns whether the host is in 127.0.0.0/8, in dotted decimal notation.
    private static func isLoopback(_ host: Substring) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8($0) != nil }
    }

    func fetch(_ http: any HTTPClient) -> @Sendable () async throws -> AWSCredentials {
        { try await credentials(http) }
    }

    private func credentials(_ http: any HTTPClient) async throws -> AWSCredentials {
        var request = HTTPRequest(url: url, timeout: .seconds(5))
        if let authorization = try authorization() {
            request.headers.append(HTTPHeader("Authorization", authorization))
        }
        let response: HTTPResponse
        do { response = try await http.send(request) } catch let error as TransportError {
            throw CredentialError.unusable(origin: origin, reason: "\(error)")
        }
        guard response.status == 200, let value = try? JSONValue(parsing: response.body) else {
            throw CredentialError.unusable(
                origin: origin, reason: "status \(response.status), and no credentials; check the task's role")
        }
        return try CredentialDocument.credentials(in: value, origin: origin)
    }

    /// The file is read each time because its token is renewed.
    private func authorization() throws(CredentialError) -> String? {
        guard let tokenFile else { return token }
        guard case .bytes(let bytes) = LocalFile.read(tokenFile), let text = String(validating: bytes, as: UTF8.self)
        else { throw .unusable(origin: origin, reason: "the token file \(tokenFile) cannot be read") }
        return String(text[...].trimmed)
    }
}
