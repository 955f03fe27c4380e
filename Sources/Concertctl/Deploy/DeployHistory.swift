import Basics
import Clients
import JSON
import Telemetry

/// The versions of a stack that were replaced, so that `deploy --rollback` can bring one back.
///
/// A version is a template, which names its code, and the values of its parameters. Each is an object of the bucket, whose
/// key begins with the time: `STACK/history/20261125T231932Z-HASH.json`. Secrets are not part of it.
struct DeployHistory: Sendable {
    /// A version that was replaced.
    struct Version: Sendable, Equatable {
        /// The key of the template.
        var template: String
        var parameters: [NamedValue]
        /// When it was replaced.
        var time: String

        var json: JSONValue {
            ["template": .string(template), "replaced": .string(time), "parameters": parameters.json]
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

    /// The key of a template that a stack has, regardless of who deployed it.
    func templateKey(ofDeployed template: String) -> String {
        let isJSON = template.utf8.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
        return templateKey(Array(template.utf8), isJSON ? "json" : "yaml")
    }

    /// Keeps a version that is about to be replaced.
    func keep(template: String, parameters: [NamedValue], secrets: [String], now: WallClock) async throws {
        let bytes = Array(template.utf8)
        let key = templateKey(ofDeployed: template)
        try await bucket.upload(bytes, as: key, contentType: "text/plain")
        // Of secrets, the service shows asterisks.
        let open = parameters.filter { parameter in
            !secrets.contains { $0.hasSameBytes(as: parameter.name) } && parameter.value != "****"
        }
        let version = Version(template: key, parameters: open, time: now.iso8601)
        let time = String(decoding: now.iso8601.utf8.filter { !"-:".utf8.contains($0) }, as: UTF8.self)
        try await bucket.replace(
            version.json.bytes, as: "\(prefix)\(time)-\(Self.hash(version.json.bytes).prefix(8)).json",
            contentType: "application/json")
    }

    /// The newest version that differs from the one that is deployed; nil when none was kept.
    func previous(template: String, parameters: [NamedValue]) async throws -> Version? {
        let deployed = templateKey(ofDeployed: template)
        for key in try await bucket.keys(from: prefix).reversed() {
            guard let json = try? JSONValue(parsing: try await bucket.object(key)),
                let template = json["template"]?.string
            else { throw CommandError(description: "s3://\(bucket.name)/\(key): not a version of a stack") }
            let kept = json["parameters"]?.object?.members.map { NamedValue($0.name, $0.value.string ?? "") } ?? []
            let isDeployed =
                template.hasSameBytes(as: deployed)
                && kept.allSatisfy { value in parameters[value.name].map { $0.hasSameBytes(as: value.value) } ?? false }
            if !isDeployed {
                return Version(template: template, parameters: kept, time: json["replaced"]?.string ?? "")
            }
        }
        return nil
    }
}
