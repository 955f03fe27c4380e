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

    static let shardCount = OptionDescription(
        "--shard-count", .value("N"), "open shards of a new stream (default \(shardCountVariable), else 1)")
    private static let mode = OptionDescription(
        "--stream-mode", oneOf: StreamMode.Mode.self, "of a new stream (default PROVISIONED)")
    private static let metrics = OptionDescription(
        "--shard-level-metrics", .list("METRIC"),
        "metrics to turn on, or ALL (default \(defaultMetrics.joined(separator: " ")))",
        choices: StreamMonitor.metrics + ["ALL"])
    private static let noMonitoring = OptionDescription(
        "--no-monitoring", .flag, "leave shard-level metrics as they are")
    private static let noEncryption = OptionDescription("--no-encryption", .flag, "leave encryption as it is")
    private static let tags = OptionDescription(
        "--tags", .list("KEY=VALUE"), "tags to add (default \(defaultTags.joined(separator: " ")))")
    private static let noTags = OptionDescription("--no-tags", .flag, "leave the tags as they are")
    private static let policyName = OptionDescription(
        "--policy-name", .value("NAME"), "the IAM policy's name (default STREAM-REGION-access)")
    private static let noPolicy = OptionDescription("--no-policy", .flag, "make no IAM policy")
    private static let updatePolicy = OptionDescription(
        "--update-policy", .flag, "give a policy of this name that says something else a new version")
    private static let testRecord = OptionDescription(
        "--test-record", .toggle, "put a test record, or don't (default: if the stream is new)")
    static let options = [
        shardCount, mode, StreamRetention.hours, StreamRecordSize.option, metrics, noMonitoring, StreamEncrypt.keyID,
        noEncryption, tags, noTags,
        policyName, updatePolicy, noPolicy, testRecord,
    ]

    /// Those of the platform's guide; what else there is, AWS counts for the whole stream without charge.
    private static let defaultMetrics = ["IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords"]
    private static let defaultTags = ["Project=ConcertDataPlatform", "Environment=development"]

    init(_ arguments: Arguments, stream: StreamReference, region: String, environment: [String: String]) throws {
        mode = try arguments.choice(Self.mode, of: StreamMode.Mode.self) ?? .provisioned
        shardCount = try Self.shardCount(arguments, mode, environment)
        try Self.exclude(Self.noMonitoring, [Self.metrics], arguments)
        try Self.exclude(Self.noEncryption, [StreamEncrypt.keyID], arguments)
        try Self.exclude(Self.noTags, [Self.tags], arguments)
        try Self.exclude(Self.noPolicy, [Self.policyName, Self.updatePolicy], arguments)
        metrics =
            arguments.flag(Self.noMonitoring)
            ? [] : try StreamMonitor.metrics(arguments, Self.metrics) ?? Self.defaultMetrics
        keyID = arguments.flag(Self.noEncryption) ? nil : try StreamEncrypt.key(arguments) ?? StreamEncrypt.awsKey
        let words = arguments.flag(Self.noTags) ? [] : arguments.list(Self.tags) ?? Self.defaultTags
        tags = try StreamTags(parsing: words, of: Self.tags)
        retentionHours = try arguments.integer(StreamRetention.hours, in: StreamRetention.range)
        recordSize = try StreamRecordSize.size(arguments)
        policyName = try Self.policyName(arguments, stream, region)
        updatesPolicy = arguments.flag(Self.updatePolicy)
        putsTestRecord = arguments.toggle(Self.testRecord)
    }

    private static func exclude(
        _ flag: OptionDescription, _ others: [OptionDescription], _ arguments: Arguments
    ) throws(UsageError) {
        guard arguments.flag(flag), let other = others.first(where: arguments.has) else { return }
        throw UsageError(description: "\(flag.name) and \(other.name) exclude each other")
    }

    private static func shardCount(
        _ arguments: Arguments, _ mode: StreamMode.Mode, _ environment: [String: String]
    ) throws(UsageError) -> Int? {
        let range = 1...10_000
        let given = try arguments.integer(shardCount, in: range)
        guard mode == .provisioned else {
            guard given == nil else {
                throw UsageError(
                    description: "--shard-count is for PROVISIONED streams: AWS chooses it for ON_DEMAND ones")
            }
            return nil
        }
        guard given == nil, let text = environment[shardCountVariable], !text.isEmpty else { return given ?? 1 }
        guard let count = Int(text), range.contains(count) else {
            throw UsageError(description: "\(shardCountVariable) is \"\(text)\"; expected a whole number in 1...10000")
        }
        return count
    }

    private static func policyName(
        _ arguments: Arguments, _ stream: StreamReference, _ region: String
    ) throws(UsageError) -> String? {
        guard !arguments.flag(noPolicy) else { return nil }
        guard let name = arguments.string(policyName) else {
            return try StreamPolicy.defaultName(of: stream, in: region)
        }
        guard StreamPolicy.isName(name) else {
            throw UsageError(
                description: "--policy-name is \"\(name)\"; expected 1 to 128 of letters, digits and _+=,.@-")
        }
        return name
    }
}
