import Basics
import JSON
import Transport

/// Credentials of the EC2 instance's role, from version 2 of the instance metadata service.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>
struct InstanceMetadataCredentials: Sendable {
    private static let rolePath = "/latest/meta-data/iam/security-credentials/"
    private static let tokenPath = "/latest/api/token"

    private let origin = "instance metadata"
    private let endpoint: String
    /// The timeout of each of the three requests; they all time out on a machine that is not an instance.
    let timeout: Duration
    /// The maximum number of attempts of each request, including the first.
    private let attempts: Int

    /// - Parameter profile: The fallback for settings that variables do not set.
    init(_ variables: Variables, _ profile: SharedConfiguration.Profile? = nil) throws(CredentialError) {
        func setting(_ variable: String, _ key: String) -> String? { variables[variable] ?? profile?[key] }
        func number(_ variable: String, _ key: String, _ range: ClosedRange<Int>) throws(CredentialError) -> Int {
            guard let text = setting(variable, key) else { return 1 }
            guard let value = Int(text), range.contains(value) else {
                throw .unusable(
                    origin: "instance metadata",
                    reason: "\(variable) or \(key) is \"\(text)\"; expected a whole number in "
                        + "\(range.lowerBound)...\(range.upperBound)")
            }
            return value
        }
        let mode = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode")
        let address = mode?.lowercased() == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
        var endpoint = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint") ?? address
        while endpoint.utf8.last == UInt8(ascii: "/") { endpoint.unicodeScalars.removeLast() }
        self.endpoint = endpoint
        timeout = .seconds(try number("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 1...60))
        attempts = try number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 1...20)
    }

    func fetch(_ http: any HTTPClient) -> @Sendable () async throws -> AWSCredentials {
        { try await credentials(http) }
    }

    private func credentials(_ http: any HTTPClient) async throws -> AWSCredentials {
        let token = try await token(http)
        let header = HTTPHeader("X-aws-ec2-metadata-token", token)
        let roles = try await text(http, "GET", Self.rolePath, header)
        let line = roles.utf8.split { $0 == 0x0A || $0 == 0x0D }.first
        guard let role = line.map({ String(decoding: $0, as: UTF8.self) }) else { throw unusable(Self.noRole) }
        let document = try await text(http, "GET", Self.rolePath + PercentEncoding.encode(role), header)
        guard let value = try? JSONValue(parsing: Array(document.utf8)) else {
            throw unusable("the role's credentials are not available")
        }
        let code = value["Code"]?.string ?? "Success"
        guard code == "Success" else {
            let isName = code.utf8.count <= 100 && code.utf8.allSatisfy { (0x30...0x7A).contains($0) }
            throw unusable("the role's credentials are not available\(isName ? ": \(code)" : "")")
        }
        return try CredentialDocument.credentials(in: value, origin: origin)
    }

    private static let noRole = "the instance has no role: attach an instance profile"

    private func unusable(_ reason: String) -> CredentialError { .unusable(origin: origin, reason: reason) }

    /// Returns the session token that all other requests require.
    private func token(_ http: any HTTPClient) async throws -> String {
        let token: String
        do {
            token = try await text(
                http, "PUT", Self.tokenPath, HTTPHeader("X-aws-ec2-metadata-token-ttl-seconds", "21600"))
        } catch let error as TransportError where error.isTimeout {
            // The hop limit drops only the response to PUT, so the request times out in a container.
            throw unusable(
                "\(error.reason); in a container on an EC2 instance, the instance's hop limit must be 2 or more: "
                    + "aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id ID")
        }
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw unusable("the response is not from the metadata service")
        }
        return token
    }

    /// Returns the body of a successful response after at most the allowed number of attempts.
    private func text(
        _ http: any HTTPClient, _ method: String, _ path: String, _ header: HTTPHeader
    ) async throws -> String {
        let request = HTTPRequest(method: method, url: endpoint + path, headers: [header], timeout: timeout)
        var attempt = 1
        while true {
            let response: HTTPResponse
            do { response = try await http.send(request) } catch let error as TransportError {
                guard error.isRetryable, attempt < attempts else { throw error }
                attempt += 1
                continue
            }
            if response.status == 200, let text = String(validating: response.body, as: UTF8.self) { return text }
            guard response.status >= 500, attempt < attempts else {
                throw unusable(Self.reason(of: response.status, path))
            }
            attempt += 1
        }
    }

    private static func reason(of status: Int, _ path: String) -> String {
        switch (status, path) {
        case (404, tokenPath), (405, tokenPath):
            "status \(status) for a session token: the server does not support IMDSv2"
        case (403, tokenPath):
            "status 403: the instance's metadata service is disabled; aws ec2 modify-instance-metadata-options "
                + "--http-endpoint enabled --instance-id ID enables it"
        case (404, rolePath): noRole
        case (404, _): "the instance's role has no credentials (status 404)"
        default: "status \(status) for \(path)"
        }
    }
}
