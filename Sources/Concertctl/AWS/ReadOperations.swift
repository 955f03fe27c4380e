import Clients
import JSON

extension AWSRequest {
    /// Whether the call may change something: all do that are not known to only read.
    var mutates: Bool { !(Self.readOperations[service.name]?.contains(operation) ?? false) && !isQuery }

    /// Whether it runs a statement that only selects.
    private var isQuery: Bool {
        guard service == .redshiftData, operation == "ExecuteStatement" else { return false }
        let statement = (try? JSONValue(parsing: body))?["Sql"]?.string ?? ""
        return statement.utf8.starts(with: "SELECT ".utf8) && !statement.utf8.contains(UInt8(ascii: ";"))
    }

    /// The operations that only read, by service.
    ///
    /// Receiving messages hides them, and a change of their visibility shows them again; both lose nothing, and reading
    /// a queue needs both.
    private static let readOperations: [String: Set<String>] = [
        "kinesis": [
            "DescribeAccountSettings", "DescribeStreamConsumer", "DescribeStreamSummary", "GetRecords",
            "GetShardIterator", "ListShards", "ListStreamConsumers", "ListStreams", "ListTagsForStream",
        ],
        "lambda": [
            "GetEventSourceMapping", "GetFunction", "ListEventSourceMappings", "ListTags",
        ],
        "cloudwatch": ["GetMetricStatistics"],
        "iam": [
            "GetPolicy", "GetPolicyVersion", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies",
        ],
        "sts": ["GetCallerIdentity"],
        "sns": ["GetTopicAttributes"],
        "sqs": ["ChangeMessageVisibilityBatch", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage"],
        "events": ["DescribeEventBus"],
        "scheduler": ["ListSchedules"],
        "s3": [
            "GetBucketLifecycleConfiguration", "GetBucketVersioning", "GetObject", "HeadBucket", "ListObjectsV2",
        ],
        "redshift": ["DescribeClusters"],
        "redshift-serverless": ["GetWorkgroup", "ListWorkgroups"],
        "redshift-data": ["DescribeStatement", "GetStatementResult"],
    ]
}
