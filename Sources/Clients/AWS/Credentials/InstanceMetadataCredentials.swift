import JSON
import Transport

/// The role of the EC2 instance, by version 2 of its metadata service.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>
struct InstanceMetadataCredentials: Sendable {
    private static let rolePath = "/latest/meta-data/iam/security-credentials/"

    private let origin = "instance metadata"
    private let endpoint: String
    /// For each of the three requests: on a machine that is no instance, nobody should wait longer.
    private let timeout: Duration

    init(_ variables: Variables) {
        let isIPv6 = variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.lowercased() == "ipv6"
        let address = isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
        var endpoint = variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? address
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        self.endpoint = endpoint
        let seconds = variables["AWS_METADATA_SERVICE_TIMEOUT"].flatMap { Int($0) } ?? 1
        timeout = .seconds(min(max(seconds, 1), 60))
    }

    func fetch(_ http: any HTTPClient) -> @Sendable () async throws -> AWSCredentials {
        { try await credentials(http) }
    }

    private func credentials(_ http: any HTTPClient) async throws -> AWSCredentials {
        let token = try await text(
            http, "PUT", "/latest/api/token", HTTPHeader("X-aws-ec2-metadata-token-ttl-seconds", "21600"))
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CredentialError.unusable(origin: origin, reason: "what answered is not the metadata service")
        }
        let header = HTTPHeader("X-aws-ec2-metadata-token", token)
        let roles = try await text(http, "GET", Self.rolePath, header)
        guard let role = roles.split(whereSeparator: \.isNewline).first else {
            throw CredentialError.unusable(origin: origin, reason: "the instance has no role")
        }
        let document = try await text(http, "GET", Self.rolePath + PercentEncoding.encode(String(role)), header)
        guard let value = try? JSONValue(parsing: Array(document.utf8)), value["Code"]?.string ?? "Success" == "Success"
        else { throw CredentialError.unusable(origin: origin, reason: "the role's credentials are not available") }
        return try CredentialDocument.credentials(in: value, origin: origin)
    }

    private func text(
        _ http: any HTTPClient, _ method: String, _ path: String, _ header: HTTPHeader
    ) async throws -> String {
        let response = try await http.send(
            HTTPRequest(method: method, url: endpoint + path, headers: [header], timeout: timeout))
        guard response.status == 200, let text = String(validating: response.body, as: UTF8.self) else {
            let reason = response.status == 404 ? "the instance has no role" : "status \(response.status) for \(path)"
            throw CredentialError.unusable(origin: origin, reason: reason)
        }
        return text
    }
}
