import JSON

/// The IAM policy that an identity needs to deploy, update, and delete a stack of `template.yaml`.
///
/// CloudFormation acts with the deployer's permissions. What the template's own roles may do is not part of it.
struct DeployerPolicy: Sendable {
    /// Names that the resources depend on.
    struct Names: Sendable {
        var partition = "aws"
        var region = "*"
        var account = "*"
        var stack: String
        var bucket: String
        var function: String
        var loader: String
        var stream: String
    }

    /// Actions on the same resources.
    struct Statement: Sendable {
        var id: String
        /// The types of the template's resources that need it; none for the calls of the command itself.
        var types: [String] = []
        var actions: [String]
        var resources: [String]
    }

    let statements: [Statement]

    init(_ names: Names) {
        func arn(_ service: String, _ resources: String...) -> [String] {
            resources.map { "arn:\(names.partition):\(service):\(names.region):\(names.account):\($0)" }
        }
        func iam(_ resources: String...) -> [String] {
            resources.map { "arn:\(names.partition):iam::\(names.account):\($0)" }
        }
        let functions = ["function:\(names.function)", "function:\(names.loader)"]
        let buckets = "arn:\(names.partition):s3:::\(names.stack.lowercased())-*"
        let bucket = "arn:\(names.partition):s3:::\(names.bucket)"
        statements = [
            Statement(
                id: "Stack",
                actions: [
                    "cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DeleteStack",
                    "cloudformation:DescribeChangeSet", "cloudformation:DescribeStackEvents",
                    "cloudformation:DescribeStacks", "cloudformation:ExecuteChangeSet", "cloudformation:GetTemplate",
                    "cloudformation:ListStackResources",
                ],
                resources: arn("cloudformation", "stack/\(names.stack)/*")),
            Statement(
                id: "Transform", actions: ["cloudformation:CreateChangeSet"],
                resources: [
                    "arn:\(names.partition):cloudformation:\(names.region):aws:transform/Serverless-2016-10-31"
                ]),
            Statement(
                id: "DeployBucket",
                actions: [
                    "s3:CreateBucket", "s3:GetObject", "s3:ListBucket", "s3:PutBucketPublicAccessBlock",
                    "s3:PutEncryptionConfiguration", "s3:PutObject",
                ],
                resources: [bucket, bucket + "/*"]),
            Statement(
                id: "Checks",
                actions: [
                    "iam:GetRole", "iam:SimulatePrincipalPolicy", "kinesis:DescribeLimits", "lambda:GetAccountSettings",
                    "sts:GetCallerIdentity",
                ],
                resources: ["*"]),
            Statement(
                id: "Functions", types: ["AWS::Lambda::Function", "AWS::Lambda::EventInvokeConfig"],
                actions: [
                    "lambda:CreateFunction", "lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency",
                    "lambda:DeleteFunctionEventInvokeConfig", "lambda:GetFunction",
                    "lambda:GetFunctionCodeSigningConfig",
                    "lambda:GetFunctionConfiguration", "lambda:GetFunctionEventInvokeConfig",
                    "lambda:GetFunctionRecursionConfig", "lambda:GetRuntimeManagementConfig", "lambda:ListTags",
                    "lambda:PutFunctionConcurrency", "lambda:PutFunctionEventInvokeConfig", "lambda:TagResource",
                    "lambda:UntagResource", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
                    "lambda:UpdateFunctionEventInvokeConfig",
                ],
                resources: arn("lambda", functions[0], functions[0] + ":*", functions[1], functions[1] + ":*")),
            Statement(
                id: "Mapping", types: ["AWS::Lambda::EventSourceMapping"],
                actions: [
                    "lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping",
                    "lambda:GetEventSourceMapping", "lambda:ListTags", "lambda:TagResource",
                    "lambda:UpdateEventSourceMapping",
                ],
                // A mapping has no name before it exists.
                resources: ["*"]),
            Statement(
                id: "Roles", types: ["AWS::IAM::Role", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"],
                actions: [
                    "iam:AttachRolePolicy", "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:CreateRole",
                    "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DeleteRole", "iam:DeleteRolePolicy",
                    "iam:DetachRolePolicy", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy",
                    "iam:ListAttachedRolePolicies", "iam:ListPolicyVersions", "iam:ListRolePolicies", "iam:PassRole",
                    "iam:PutRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy",
                ],
                resources: iam("role/\(names.stack)-*", "policy/\(names.stack)-*")),
            Statement(
                id: "Stream", types: ["AWS::Kinesis::Stream", "AWS::Kinesis::StreamConsumer"],
                actions: [
                    "kinesis:AddTagsToStream", "kinesis:CreateStream", "kinesis:DecreaseStreamRetentionPeriod",
                    "kinesis:DeleteStream", "kinesis:DeregisterStreamConsumer", "kinesis:DescribeStream",
                    "kinesis:DescribeStreamConsumer", "kinesis:DescribeStreamSummary",
                    "kinesis:DisableEnhancedMonitoring", "kinesis:EnableEnhancedMonitoring",
                    "kinesis:IncreaseStreamRetentionPeriod", "kinesis:ListTagsForResource", "kinesis:ListTagsForStream",
                    "kinesis:RegisterStreamConsumer", "kinesis:RemoveTagsFromStream", "kinesis:StartStreamEncryption",
                    "kinesis:StopStreamEncryption", "kinesis:TagResource", "kinesis:UntagResource",
                    "kinesis:UpdateShardCount", "kinesis:UpdateStreamMode",
                ],
                resources: arn("kinesis", "stream/\(names.stream)", "stream/\(names.stream)/consumer/*")),
            Statement(
                id: "Queue", types: ["AWS::SQS::Queue"],
                actions: [
                    "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
                    "sqs:ListQueueTags", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue",
                ],
                resources: arn("sqs", "\(names.stack)-*")),
            Statement(
                id: "Topics", types: ["AWS::SNS::Topic", "AWS::SNS::Subscription"],
                actions: [
                    "sns:CreateTopic", "sns:DeleteTopic", "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes",
                    "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource", "sns:SetTopicAttributes",
                    "sns:Subscribe", "sns:TagResource", "sns:Unsubscribe",
                ],
                resources: arn("sns", "\(names.stack)-*")),
            Statement(
                id: "Buckets", types: ["AWS::S3::Bucket"],
                actions: [
                    "s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucketPublicAccessBlock",
                    "s3:GetEncryptionConfiguration", "s3:ListBucket", "s3:PutBucketPublicAccessBlock",
                    "s3:PutEncryptionConfiguration",
                ],
                resources: [buckets]),
            Statement(
                id: "Logs", types: ["AWS::Logs::LogGroup"],
                actions: [
                    "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:ListTagsForResource", "logs:PutRetentionPolicy",
                    "logs:DeleteRetentionPolicy", "logs:TagResource",
                ],
                resources: arn(
                    "logs", "log-group:/aws/lambda/\(names.function)*", "log-group:/aws/lambda/\(names.loader)*")),
            // Listing log groups requires access to all of them.
            Statement(
                id: "FindLogs", types: ["AWS::Logs::LogGroup"], actions: ["logs:DescribeLogGroups"], resources: ["*"]),
            Statement(
                id: "Alarms", types: ["AWS::CloudWatch::Alarm"],
                actions: [
                    "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource",
                    "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
                ],
                resources: arn("cloudwatch", "alarm:\(names.stack)-*")),
            Statement(
                id: "Dashboard", types: ["AWS::CloudWatch::Dashboard"],
                actions: ["cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"],
                resources: ["arn:\(names.partition):cloudwatch::\(names.account):dashboard/\(names.function)"]),
            Statement(
                id: "Schedule", types: ["AWS::Scheduler::Schedule"],
                actions: [
                    "scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:GetSchedule",
                    "scheduler:UpdateSchedule",
                ],
                resources: arn("scheduler", "schedule/default/\(names.stack)-*")),
            Statement(
                id: "Archive", types: ["AWS::KinesisFirehose::DeliveryStream"],
                actions: [
                    "firehose:CreateDeliveryStream", "firehose:DeleteDeliveryStream",
                    "firehose:DescribeDeliveryStream", "firehose:ListTagsForDeliveryStream",
                    "firehose:UpdateDestination",
                ],
                resources: arn("firehose", "deliverystream/\(names.stack)-*")),
            // Required only for a function in a VPC: Lambda describes the subnets with the deployer's permissions.
            Statement(
                id: "Network",
                actions: ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"], resources: ["*"]),
        ]
    }

    /// The policy document, in the form that IAM accepts.
    var document: JSONValue {
        let statements: [JSONValue] = statements.map { statement in
            [
                "Sid": .string(statement.id), "Effect": "Allow",
                "Action": .array(statement.actions.map { .string($0) }),
                "Resource": .array(statement.resources.map { .string($0) }),
            ]
        }
        return ["Version": "2012-10-17", "Statement": .array(statements)]
    }
}
