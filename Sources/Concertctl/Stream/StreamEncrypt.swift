import Basics
import Clients
import JSON

/// Enables or disables server-side encryption, or changes the key.
struct StreamEncrypt: Command {
    /// The AWS managed key.
    static let awsKey = "alias/aws/kinesis"
    static let keyID = Option<String?>(
        "--key-id", value: "KEY", otherwise: awsKey, "ID, ARN, or alias of a KMS key")
    private static let disable = Option<Bool>("--disable", "stop encrypting new records")
    static let description = CommandDescription(
        name: "stream encrypt", summary: "enable or disable server-side encryption, or change the key",
        discussion: """
            Records that are already on the stream are not changed. With a customer managed key, producers need \
            kms:GenerateDataKey and consumers need kms:Decrypt on it. AWS allows 25 encryption changes per stream in 24 hours.
            """,
        options: [keyID, disable] + StreamChange.options,
        examples: [
            "concertctl stream encrypt",
            "concertctl stream encrypt --stream-name concert-data-stream --key-id alias/concerts",
            "concertctl stream encrypt --disable",
        ])

    /// Nil disables encryption.
    private let keyID: String?
    private let change: StreamChange

    init(_ input: Input) throws {
        try input.exclude(Self.disable, [Self.keyID])
        keyID = try input[Self.disable] ? nil : Self.key(input)
        change = try StreamChange(input)
    }

    /// Returns the value of `--key-id`, by default the AWS managed key.
    static func key(_ input: Input) throws(UsageError) -> String {
        let key = try input[keyID] ?? awsKey
        guard (1...2048).contains(key.utf8.count) else {
            throw UsageError(
                description: "\(keyID.name) is empty or longer than 2048 bytes; expected an ID, ARN, or alias")
        }
        return key
    }

    func run() async throws -> ExitStatus {
        let desired = keyID.map { Self.desiredState(encryptedWith: $0, of: change.stream) }
        return try await change.run([desired ?? Self.desiredStateWithoutEncryption(of: change.stream)])
    }

    static func desiredState(encryptedWith keyID: String, of stream: StreamReference) -> DesiredState {
        DesiredState(
            what: "encryption with \(keyID)", state: { $0.encryption },
            isReached: { $0.keyID.map { isSameKey($0, keyID) } ?? false },
            // AWS may show the key in another form than the request used.
            isApplied: { $0.keyID != nil }, limit: Self.limit,
            request: { _ in
                stream.request("StartStreamEncryption", ("EncryptionType", "KMS"), ("KeyId", .string(keyID)))
            })
    }

    private static func desiredStateWithoutEncryption(of stream: StreamReference) -> DesiredState {
        DesiredState(
            what: "no encryption", state: { $0.encryption }, isReached: { $0.keyID == nil }, limit: Self.limit,
            request: { summary in
                stream.request(
                    "StopStreamEncryption", ("EncryptionType", "KMS"), ("KeyId", .string(summary.keyID ?? awsKey)))
            })
    }

    private static let limit = "AWS allows 25 encryption changes per stream in 24 hours"

    /// Returns whether both texts name the same key, by ID or ARN; an alias and its key count as different.
    static func isSameKey(_ one: String, _ other: String) -> Bool { resource(one).elementsEqual(resource(other)) }

    /// Returns the key without the ARN's prefix and without `key/`.
    private static func resource(_ key: String) -> Substring.UTF8View {
        let resource = (ARN(key)?.resource ?? key)[...].utf8
        return resource.starts(with: "key/".utf8) ? resource.dropFirst(4) : resource
    }
}

extension StreamSummary {
    /// The encryption and its key, such as `encrypted with alias/aws/kinesis`.
    var encryption: String { keyID.map { "encrypted with \($0)" } ?? "not encrypted" }
}
