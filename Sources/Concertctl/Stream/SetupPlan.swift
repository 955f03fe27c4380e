/// What `stream setup` was asked for.
struct SetupPlan: Sendable {
    /// Nil for `ON_DEMAND`.
    var shardCount: Int?
    var mode: StreamMode.Mode
    /// None for none.
    var metrics: [String]
    /// Nil for no encryption.
    var keyID: String?
    var tags: StreamTags
    /// Nil leaves it as it is.
    var retentionHours: Int?
    /// In KiB; nil leaves it as it is.
    var recordSize: Int?
    /// Nil for no policy.
    var policyName: String?
    var updatesPolicy: Bool
    /// Nil: if the stream is new.
    var putsTestRecord: Bool?

    /// The variable for the number of shards where no option gives it.
    static let shardCountVariable = "AWS_KINESIS_SHARD_COUNT"

    private static let shardCount = Option<Int>(
        "--shard-count", 1...10_000, default: 1, variable: shardCountVariable, "open shards of a new stream")
    private static let mode = Option<StreamMode.Mode>("--stream-mode", default: .provisioned, "of a new stream")
    private static let metrics = Option<[String]?>(
        "--shard-level-metrics", value: "METRIC", choices: StreamMonitor.metrics + ["ALL"],
        otherwise: defaultMetrics.joined(separator: " "), "metrics to turn on, or ALL")
    private static let noMonitoring = Option<Bool>("--no-monitoring", "leave shard-level metrics as they are")
    private static let noEncryption = Option<Bool>("--no-encryption", "leave encryption as it is")
    private static let tags = Option<[String]>(
        "--tags", value: "KEY=VALUE", default: ["Project=ConcertDataPlatform", "Environment=development"], "tags to add"
    )
    private static let noTags = Option<Bool>("--no-tags", "leave the tags as they are")
    private static let policyOption = Option<String?>(
        "--policy-name", value: "NAME", otherwise: "STREAM-REGION-access", "the IAM policy's name")
    private static let noPolicy = Option<Bool>("--no-policy", "make no IAM policy")
    private static let updatePolicy = Option<Bool>(
        "--update-policy", "give a policy of this name that says something else a new version")
    private static let testRecord = Option<Bool?>(
        "--test-record", otherwise: "if the stream is new", "put a test record, or don't")
    static let options: [any CommandOption] = [
        shardCount, mode, StreamRetention.hours, StreamRecordSize.option, metrics, noMonitoring, StreamEncrypt.keyID,
        noEncryption, tags, noTags, policyOption, updatePolicy, noPolicy, testRecord,
    ]

    /// Those of the platform's guide; what else there is, AWS counts for the whole stream without charge.
    private static let defaultMetrics = ["IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords"]

    /// Leaves ``policyName`` open.
    init(_ input: Input) throws {
        try input.exclude(Self.noMonitoring, [Self.metrics])
        try input.exclude(Self.noEncryption, [StreamEncrypt.keyID])
        try input.exclude(Self.noTags, [Self.tags])
        try input.exclude(Self.noPolicy, [Self.policyOption, Self.updatePolicy])
        mode = try input[Self.mode]
        shardCount = try Self.shardCount(input, mode)
        metrics =
            try input[Self.noMonitoring] ? [] : StreamMonitor.metrics(input, Self.metrics) ?? Self.defaultMetrics
        keyID = try input[Self.noEncryption] ? nil : StreamEncrypt.key(input)
        tags = try StreamTags(parsing: input[Self.noTags] ? [] : input[Self.tags], of: Self.tags)
        retentionHours = try input[StreamRetention.hours]
        recordSize = try input[StreamRecordSize.option]
        updatesPolicy = try input[Self.updatePolicy]
        putsTestRecord = try input[Self.testRecord]
    }

    private static func shardCount(_ input: Input, _ mode: StreamMode.Mode) throws(UsageError) -> Int? {
        let count = try input[shardCount]
        guard mode == .onDemand else { return count }
        guard !input.has(shardCount) else {
            throw UsageError(
                description: "--shard-count is for PROVISIONED streams: AWS chooses it for ON_DEMAND ones")
        }
        return nil
    }

    /// The name of the policy, which by default names the stream and its Region; nil for no policy.
    static func policyName(
        _ input: Input, _ stream: StreamReference, _ region: String
    ) throws(UsageError) -> String? {
        guard try !input[noPolicy] else { return nil }
        guard let name = try input[policyOption] else {
            return try StreamPolicy.defaultName(of: stream, in: region)
        }
        guard StreamPolicy.isName(name) else {
            throw UsageError(
                description: "--policy-name is \"\(name)\"; expected 1 to 128 of letters, digits and _+=,.@-")
        }
        return name
    }
}
