"""The members of each Kinesis request, from the API model; strict_aws_check.py compares both."""
from shapes import blob, boolean, integer, list_of, map_of, required, string, structure, timestamp

NAME = string(1, 128, r"[a-zA-Z0-9_.-]+")
STREAM_ARN = string(1, 2048, r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+")
CONSUMER_ARN = string(
    1, 2048, r"^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+")
TOKEN = string(1, 1048576)
HASH_KEY = string(pattern=r"^(0|([1-9]\d{0,38}))$")
SEQUENCE_NUMBER = string(pattern=r"^(0|([1-9]\d{0,128}))$")
TAGS = map_of(string(0, 256), 1, 200)
MODE = structure(StreamMode=required(string(choices=("PROVISIONED", "ON_DEMAND"))))
RECORD_SIZE = integer(1024, 10240)
DISTRIBUTION = string(choices=("AUTO", "USER_PARTITION_KEY"))
ENCRYPTION = required(string(choices=("NONE", "KMS")))
KEY_ID = required(string(1, 2048))
SHARD_METRICS = (
    "IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords", "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds",
)
METRICS = required(list_of(string(choices=SHARD_METRICS + ("ALL",)), 1, 7))
RECORD_BYTES = 10 * 1024 * 1024


def of_stream(**members):
    """A request about one stream, which its name or its ARN identifies."""
    return {"StreamName": NAME, "StreamARN": STREAM_ARN, **members}


CONSUMER = {"StreamARN": STREAM_ARN, "ConsumerName": NAME, "ConsumerARN": CONSUMER_ARN}
ENTRY = structure(Data=required(blob(RECORD_BYTES)), ExplicitHashKey=HASH_KEY, PartitionKey=string(1, 256))
SHARD_FILTER = structure(
    Type=required(string(choices=(
        "AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP"))),
    ShardId=NAME, Timestamp=timestamp)
ITERATOR_TYPES = ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP")

SHAPES = {
    "CreateStream": {
        "StreamName": required(NAME), "ShardCount": integer(1), "StreamModeDetails": MODE, "Tags": TAGS,
        "MaxRecordSizeInKiB": RECORD_SIZE, "RecordDistributionStrategy": DISTRIBUTION},
    "DeleteStream": of_stream(EnforceConsumerDeletion=boolean),
    "DescribeStream": of_stream(Limit=integer(1, 10000), ExclusiveStartShardId=NAME),
    "DescribeStreamSummary": of_stream(),
    "ListStreams": {"Limit": integer(1, 10000), "ExclusiveStartStreamName": NAME, "NextToken": TOKEN},
    "ListShards": of_stream(
        NextToken=TOKEN, ExclusiveStartShardId=NAME, MaxResults=integer(1, 10000), StreamCreationTimestamp=timestamp,
        ShardFilter=SHARD_FILTER),
    "UpdateShardCount": of_stream(
        TargetShardCount=required(integer(1)), ScalingType=required(string(choices=("UNIFORM_SCALING",)))),
    "SplitShard": of_stream(ShardToSplit=required(NAME), NewStartingHashKey=required(HASH_KEY)),
    "MergeShards": of_stream(ShardToMerge=required(NAME), AdjacentShardToMerge=required(NAME)),
    "UpdateStreamMode": {"StreamARN": required(STREAM_ARN), "StreamModeDetails": required(MODE)},
    "UpdateMaxRecordSize": {"StreamARN": STREAM_ARN, "MaxRecordSizeInKiB": required(RECORD_SIZE)},
    "UpdateStreamRecordDistributionStrategy": {
        "StreamARN": required(STREAM_ARN), "RecordDistributionStrategy": required(DISTRIBUTION)},
    "StartStreamEncryption": of_stream(EncryptionType=ENCRYPTION, KeyId=KEY_ID),
    "StopStreamEncryption": of_stream(EncryptionType=ENCRYPTION, KeyId=KEY_ID),
    "IncreaseStreamRetentionPeriod": of_stream(RetentionPeriodHours=required(integer())),
    "DecreaseStreamRetentionPeriod": of_stream(RetentionPeriodHours=required(integer())),
    "EnableEnhancedMonitoring": of_stream(ShardLevelMetrics=METRICS),
    "DisableEnhancedMonitoring": of_stream(ShardLevelMetrics=METRICS),
    "AddTagsToStream": of_stream(Tags=required(TAGS)),
    "RemoveTagsFromStream": of_stream(TagKeys=required(list_of(string(1, 128), 1, 50))),
    "ListTagsForStream": of_stream(ExclusiveStartTagKey=string(1, 128), Limit=integer(1, 50)),
    "RegisterStreamConsumer": {"StreamARN": required(STREAM_ARN), "ConsumerName": required(NAME), "Tags": TAGS},
    "DescribeStreamConsumer": CONSUMER,
    "DeregisterStreamConsumer": CONSUMER,
    "ListStreamConsumers": {
        "StreamARN": required(STREAM_ARN), "NextToken": TOKEN, "MaxResults": integer(1, 10000),
        "StreamCreationTimestamp": timestamp},
    "PutRecord": of_stream(
        Data=required(blob(RECORD_BYTES)), PartitionKey=string(1, 256), ExplicitHashKey=HASH_KEY,
        SequenceNumberForOrdering=SEQUENCE_NUMBER),
    "PutRecords": of_stream(Records=required(list_of(ENTRY, 1, 500))),
    "GetShardIterator": of_stream(
        ShardId=required(NAME), ShardIteratorType=required(string(choices=ITERATOR_TYPES)),
        StartingSequenceNumber=SEQUENCE_NUMBER, Timestamp=timestamp),
    "GetRecords": {
        "ShardIterator": required(string(1, 512)), "Limit": integer(1, 10000), "StreamARN": STREAM_ARN},
    "DescribeLimits": {},
    "DescribeAccountSettings": {},
    "UpdateAccountSettings": {
        "MinimumThroughputBillingCommitment": required(
            structure(Status=required(string(choices=("ENABLED", "DISABLED")))))},
}
