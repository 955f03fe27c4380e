import Clients
import JSON

extension AWSRequest {
    /// Whether the request may change something, which is assumed unless the operation is known to only read.
    var mutates: Bool { !(Self.readOperations[service.name]?.contains(operation) ?? false) && !isQuery }

    /// Whether the request runs a single SELECT statement.
    private var isQuery: Bool {
        guard service == .redshiftData, operation == "ExecuteStatement" else { return false }
        let statement = (try? JSONValue(parsing: body))?["Sql"]?.string ?? ""
        return statement.utf8.starts(with: "SELECT ".utf8) && !statement.utf8.contains(UInt8(ascii: ";"))
    }

    /// The operations that only read, by service.
    ///
    /// Reading a queue requires receiving messages, which hides them, and changing their visibility, which shows them
    /// again. Neither loses data.
    private static let readOperations: [String: Set<String>] = [
        "kinesis": [
            "DescribeAccountSettings", "DescribeLimits", "DescribeStreamConsumer", "DescribeStreamSummary",
            "GetRecords",
            "GetShardIterator", "ListShards", "ListStreamConsumers", "ListStreams", "ListTagsForStream",
        ],
        "lambda": [
            "GetAccountSettings", "GetEventSourceMapping", "GetFunction", "ListEventSourceMappings", "ListTags",
        ],
        "cloudformation": [
            "DescribeChangeSet", "DescribeStackEvents", "DescribeStacks", "GetTemplate", "ListStackResources",
        ],
        "cloudwatch": ["GetMetricStatistics"],
        "iam": [
            "GetPolicy", "GetPolicyVersion", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies",
            "SimulatePrincipalPolicy",
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
