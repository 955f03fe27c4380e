import Clients
import JSON

/// Turns server-side encryption on or off, or changes the key.
struct StreamEncrypt: Command {
    /// The key that AWS keeps for every account.
    static let awsKey = "alias/aws/kinesis"
    static let keyID = Option<String?>(
        "--key-id", value: "KEY", otherwise: awsKey, "a KMS key's ID, ARN or alias")
    private static let disable = Option<Bool>("--disable", "stop encrypting what is put from now on")
    static let description = CommandDescription(
        name: "stream encrypt", summary: "turn server-side encryption on or off, or change the key",
        discussion: """
            Records that are on the stream already stay as they are. With a key of your own, producers need \
            kms:GenerateDataKey and consumers kms:Decrypt on it. AWS lets a stream change this 25 times in 24 hours.
            """,
        options: [keyID, disable] + StreamChange.options,
        examples: [
            "concertctl stream encrypt",
            "concertctl stream encrypt --stream-name concert-data-stream --key-id alias/concerts",
            "concertctl stream encrypt --disable",
        ])

    /// Nil turns it off.
    private let keyID: String?
    private let change: StreamChange

    init(_ input: Input) throws {
        try input.exclude(Self.disable, [Self.keyID])
        keyID = try input[Self.disable] ? nil : Self.key(input)
        change = try StreamChange(input)
    }

    /// - Returns: What `--key-id` names, otherwise AWS's own key.
    static func key(_ input: Input) throws(UsageError) -> String {
        let key = try input[keyID] ?? awsKey
        guard (1...2048).contains(key.utf8.count) else {
            throw UsageError(
                description: "\(keyID.name) is empty or longer than 2048 bytes; expected an ID, ARN or alias")
        }
        return key
    }

    func run() async throws -> ExitStatus {
        let goal = keyID.map { Self.goal(encryptedWith: $0, of: change.stream) }
        return try await change.run([goal ?? Self.goalOfNoEncryption(of: change.stream)])
    }

    static func goal(encryptedWith keyID: String, of stream: StreamReference) -> StreamGoal {
        StreamGoal(
            what: "encryption with \(keyID)", state: { $0.encryption },
            isReached: { $0.keyID.map { isSameKey($0, keyID) } ?? false },
            // Whether AWS then shows the key as it was named is its own matter.
            isApplied: { $0.keyID != nil }, limit: Self.limit,
            request: { _ in
                stream.request("StartStreamEncryption", ("EncryptionType", "KMS"), ("KeyId", .string(keyID)))
            })
    }

    private static func goalOfNoEncryption(of stream: StreamReference) -> StreamGoal {
        StreamGoal(
            what: "no encryption", state: { $0.encryption }, isReached: { $0.keyID == nil }, limit: Self.limit,
            request: { summary in
                stream.request(
                    "StopStreamEncryption", ("EncryptionType", "KMS"), ("KeyId", .string(summary.keyID ?? awsKey)))
            })
    }

    private static let limit = "a stream may change its encryption 25 times in 24 hours"

    /// Whether one names the key as the other does, or is the other's ARN; an alias and its key count as two.
    static func isSameKey(_ one: String, _ other: String) -> Bool { resource(one).elementsEqual(resource(other)) }

    /// Without what an ARN has before its resource, and without `key/`.
    private static func resource(_ key: String) -> Substring.UTF8View {
        let resource = (ARN(key)?.resource ?? key)[...].utf8
        return resource.starts(with: "key/".utf8) ? resource.dropFirst(4) : resource
    }
}

extension StreamSummary {
    /// Such as `KMS with alias/aws/kinesis`.
    var encryption: String { keyID.map { "encrypted with \($0)" } ?? "not encrypted" }
}
