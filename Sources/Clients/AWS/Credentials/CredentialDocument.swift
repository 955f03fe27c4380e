import Basics
import JSON
import Telemetry

/// A parser of the credential formats of endpoints, processes and STS.
enum CredentialDocument {
    /// Reads credentials from JSON: `AccessKeyId`, `SecretAccessKey`, `Token` or `SessionToken`, `Expiration`.
    ///
    /// - Throws: ``CredentialError`` that names what is missing.
    static func credentials(in value: JSONValue, origin: String) throws(CredentialError) -> AWSCredentials {
        let expiration = value["Expiration"]?.string
        let token = value["Token"]?.string ?? value["SessionToken"]?.string
        return try credentials(
            origin, key: value["AccessKeyId"]?.string, secret: value["SecretAccessKey"]?.string, token: token,
            expiration: expiration)
    }

    /// Reads credentials from an XML response of STS.
    static func credentials(in answer: XMLElement, origin: String) throws(CredentialError) -> AWSCredentials {
        let element = answer.first("Credentials")
        return try credentials(
            origin, key: element?.text(of: "AccessKeyId"), secret: element?.text(of: "SecretAccessKey"),
            token: element?.text(of: "SessionToken"), expiration: element?.text(of: "Expiration"))
    }

    private static func credentials(
        _ origin: String, key: String?, secret: String?, token: String?, expiration: String?
    ) throws(CredentialError) -> AWSCredentials {
        guard let key, !key.isEmpty, let secret, !secret.isEmpty else {
            throw .unusable(origin: origin, reason: "the response lacks AccessKeyId or SecretAccessKey")
        }
        let token = token.flatMap { $0.isEmpty ? nil : $0 }
        guard let expiration else {
            return AWSCredentials(accessKeyID: key, secretAccessKey: secret, sessionToken: token)
        }
        guard let time = WallClock(iso8601: expiration) else {
            throw .unusable(
                origin: origin,
                reason: "the response's Expiration is invalid; expected a date such as 2026-01-01T00:00:00Z")
        }
        return AWSCredentials(accessKeyID: key, secretAccessKey: secret, sessionToken: token, expiration: time)
    }
}
