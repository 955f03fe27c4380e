import Basics

/// A role that is assumed with STS.
///
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
struct STSRole: Sendable {
    var arn: String
    var sessionName: String?
    var externalID: String?
    var durationSeconds: String?

    /// Assumes the role with the client's credentials.
    func credentials(from client: AWSClient, origin: String) async throws -> AWSCredentials {
        var request = AWSRequest.sts("AssumeRole", parameters)
        request.timeout = .seconds(15)
        return try await Self.credentials(request, from: client, origin: origin)
    }

    /// Assumes the role with an identity provider's token, which is read from its file each time.
    func credentials(
        from client: AWSClient, webIdentityTokenFile file: String, origin: String
    ) async throws -> AWSCredentials {
        guard case .bytes(let bytes) = LocalFile.read(file), let token = String(validating: bytes, as: UTF8.self) else {
            throw CredentialError.unusable(origin: origin, reason: "the web identity token file \(file) cannot be read")
        }
        let item = AWSRequest.QueryItem("WebIdentityToken", String(token[...].trimmed))
        var request = AWSRequest.sts("AssumeRoleWithWebIdentity", parameters + [item])
        request.secrets = [item.value]
        request.isSigned = false
        request.timeout = .seconds(15)
        return try await Self.credentials(request, from: client, origin: origin)
    }

    private static func credentials(
        _ request: AWSRequest, from client: AWSClient, origin: String
    ) async throws -> AWSCredentials {
        let answer: XMLElement
        do { answer = try await client.send(request).xml() } catch let error as AWSError {
            throw CredentialError.failed(origin: origin, error)
        }
        return try CredentialDocument.credentials(in: answer, origin: origin)
    }

    private var parameters: [AWSRequest.QueryItem] {
        let items = [
            ("RoleArn", arn), ("RoleSessionName", sessionName ?? "concert-data-processor"), ("ExternalId", externalID),
            ("DurationSeconds", durationSeconds),
        ]
        return items.compactMap { name, value in value.map { AWSRequest.QueryItem(name, $0) } }
    }
}
