import Basics
import Clients
import JSON
import Telemetry

/// The replaced versions of a stack, which `deploy --rollback` can deploy again.
///
/// A version is a template, which names its code, and the values of its parameters. Each is an object of the bucket, whose
/// key begins with the time: `STACK/history/20261125T231932Z-HASH.json`. Secrets are not part of it.
struct DeployHistory: Sendable {
    /// A version that was replaced.
    struct Version: Sendable, Equatable {
        /// The stack's ARN, which differs from that of another stack with the same name.
        var stackID: String
        /// The key of the template.
        var template: String
        var parameters: [NamedValue]
        /// When it was replaced.
        var time: String
        /// The names of the secret parameters that the next version sets.
        var replacedSecrets: [String] = []

        var json: JSONValue {
            [
                "replacedSecrets": .array(replacedSecrets.map { .string($0) }), "stackId": .string(stackID),
                "template": .string(template), "replaced": .string(time), "parameters": parameters.json,
            ]
        }
    }

    let stack: String
    let bucket: DeployBucket

    private var prefix: String { "\(stack)/history/" }

    static func hash(_ bytes: [UInt8]) -> String { SHA256.digest(of: bytes).hexadecimal }

    func zipKey(_ hash: String) -> String { "\(stack)/code/\(hash).zip" }

    func templateKey(_ bytes: [UInt8], _ fileExtension: String) -> String {
        "\(stack)/templates/\(Self.hash(bytes)).\(fileExtension)"
    }

    /// Returns the key of a deployed template, regardless of the tool that deployed it.
    func templateKey(ofDeployed template: String) -> String {
        let isJSON = template.utf8.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
        return templateKey(Array(template.utf8), isJSON ? "json" : "yaml")
    }

    /// Stores a version before it is replaced.
    ///
    /// - Parameters:
    ///   - secrets: The names of all secret parameters.
    ///   - replacedSecrets: The names of those that the next version sets.
    func keep(
        _ replaced: Stack, template: String, secrets: [String], replacedSecrets: [String], now: WallClock
    ) async throws {
        let bytes = Array(template.utf8)
        let key = templateKey(ofDeployed: template)
        try await bucket.upload(bytes, as: key, contentType: "text/plain")
        // CloudFormation returns asterisks instead of secrets.
        let open = replaced.parameters.filter { parameter in
            !secrets.contains { $0.hasSameBytes(as: parameter.name) } && parameter.value != "****"
        }
        let version = Version(
            stackID: replaced.id, template: key, parameters: open, time: now.iso8601,
            replacedSecrets: replacedSecrets)
        let time = String(decoding: now.iso8601.utf8.filter { !"-:".utf8.contains($0) }, as: UTF8.self)
        try await bucket.replace(
            version.json.bytes, as: "\(prefix)\(time)-\(Self.hash(version.json.bytes).prefix(8)).json",
            contentType: "application/json")
    }

    /// Returns the newest stored version that differs from the deployed one; nil if there is none.
    ///
    /// - Parameter template: The deployed template.
    /// - Throws: ``CommandError`` if the last deployment changed only secrets: those of the version before are not stored.
    func previous(to current: Stack, template: String) async throws -> Version? {
        let deployed = templateKey(ofDeployed: template)
        // After a failed update, the deployed version is that of before, and its secrets, too.
        var isReplaced = current.status != "UPDATE_ROLLBACK_COMPLETE"
        for key in try await bucket.keys(from: prefix).reversed() {
            guard let json = try? JSONValue(parsing: try await bucket.object(key)),
                let template = json["template"]?.string
            else { throw CommandError(description: "s3://\(bucket.name)/\(key): not a version of a stack") }
            // Of a stack that was deleted, or of another account that uses the bucket.
            guard let stackID = json["stackId"]?.string, stackID.hasSameBytes(as: current.id) else { continue }
            let kept = json["parameters"]?.object?.members.map { NamedValue($0.name, $0.value.string ?? "") } ?? []
            let isDeployed =
                template.hasSameBytes(as: deployed)
                && kept.allSatisfy { value in
                    current.parameters[value.name].map { $0.hasSameBytes(as: value.value) } ?? false
                }
            guard isDeployed else {
                return Version(
                    stackID: stackID, template: template, parameters: kept, time: json["replaced"]?.string ?? "")
            }
            let secrets = (json["replacedSecrets"]?.array ?? []).compactMap(\.string)
            guard secrets.isEmpty || !isReplaced else {
                throw CommandError(
                    description:
                        "the last deployment of stack \(stack) changed only secrets, which are not stored: set "
                        + "them with concertctl deploy "
                        + secrets.map { "--parameter \($0)=VALUE" }.joined(separator: " "))
            }
            isReplaced = true
        }
        return nil
    }
}
