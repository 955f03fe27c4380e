/// The options of `stream setup`.
struct SetupPlan: Sendable {
    /// Nil for `ON_DEMAND`.
    var shardCount: Int?
    var mode: StreamMode.Mode
    /// Shard-level metrics to enable; empty to change none.
    var metrics: [String]
    /// The KMS key; nil for a stream without encryption.
    var keyID: String?
    var tags: StreamTags
    /// Nil leaves the retention unchanged.
    var retentionHours: Int?
    /// In KiB; nil leaves the limit unchanged.
    var recordSize: Int?
    /// Nil for no policy.
    var policyName: String?
    var updatesPolicy: Bool
    /// Nil puts a test record only if the stream is new.
    var putsTestRecord: Bool?

    /// The environment variable that sets the default of `--shard-count`.
    static let shardCountVariable = "AWS_KINESIS_SHARD_COUNT"

    private static let shardCount = Option<Int>(
        "--shard-count", 1...10_000, default: 1, variable: shardCountVariable, "number of shards for a new stream")
    private static let mode = Option<StreamMode.Mode>(
        "--stream-mode", default: .provisioned, "capacity mode for a new stream")
    private static let metrics = Option<[String]?>(
        "--shard-level-metrics", value: "METRIC", choices: StreamMonitor.metrics + ["ALL"],
        otherwise: defaultMetrics.joined(separator: " "), "shard-level metrics to enable, or ALL")
    private static let noMonitoring = Option<Bool>("--no-monitoring", "do not change shard-level metrics")
    private static let noEncryption = Option<Bool>("--no-encryption", "do not change encryption")
    private static let tags = Option<[String]>(
        "--tags", value: "KEY=VALUE", default: ["Project=ConcertDataPlatform", "Environment=development"], "tags to add"
    )
    private static let noTags = Option<Bool>("--no-tags", "do not change tags")
    private static let policyOption = Option<String?>(
        "--policy-name", value: "NAME", otherwise: "STREAM-REGION-access", "name of the IAM policy")
    private static let noPolicy = Option<Bool>("--no-policy", "do not create an IAM policy")
    private static let updatePolicy = Option<Bool>(
        "--update-policy", "create a new version of the policy if its document differs")
    private static let testRecord = Option<Bool?>(
        "--test-record", otherwise: "if the stream is new", "put a test record on the stream")
    static let options: [any CommandOption] = [
        shardCount, mode, StreamRetention.hours, StreamRecordSize.option, metrics, noMonitoring, StreamEncrypt.keyID,
        noEncryption, tags, noTags, policyOption, updatePolicy, noPolicy, testRecord,
    ]

    /// The metrics of the platform's guide.
    ///
    /// CloudWatch collects the other metrics for the whole stream without charge.
    private static let defaultMetrics = ["IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords"]

    /// Reads the options; ``policyName`` is set later because its default depends on the stream.
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
                description: "--shard-count requires PROVISIONED mode; AWS manages the shards of ON_DEMAND streams")
        }
        return nil
    }

    /// Returns the policy's name, by default one that contains the stream's name and Region; nil for no policy.
    static func policyName(
        _ input: Input, _ stream: StreamReference, _ region: String
    ) throws(UsageError) -> String? {
        guard try !input[noPolicy] else { return nil }
        guard let name = try input[policyOption] else {
            return try StreamPolicy.defaultName(of: stream, in: region)
        }
        guard StreamPolicy.isName(name) else {
            throw UsageError(
                description: "--policy-name is \"\(name)\"; expected 1 to 128 letters, digits, or _+=,.@-")
        }
        return name
    }
}
