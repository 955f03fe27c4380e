"""Kinesis: streams and their shards."""
from account import ACCOUNT, REGION
from errors import AWSError, validation
from lookups import existing, present_consumers, stream_of, stream_to_change
from stream_settings import tags_with
from streams import GONE, Stream


def create_stream(account, request):
    name = request["StreamName"]
    mode = request.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    count = request.get("ShardCount")
    if mode == "ON_DEMAND" and count is not None:
        raise validation("ShardCount cannot be given for a stream in ON_DEMAND mode")
    if mode == "PROVISIONED" and count is None:
        raise validation("Value at 'shardCount' failed to satisfy constraint: Member must not be null")
    listed = existing(account)
    if name in (stream.name for stream in listed):
        raise AWSError("ResourceInUseException", f"Stream {name} under account {ACCOUNT} already exists.")
    if sum(stream.passing.status == "CREATING" for stream in listed) >= 5:
        raise AWSError(
            "LimitExceededException",
            "You have reached your limit of 5 streams in the CREATING state at the same time.")
    demand_shards(account, count or 4)
    stream = Stream(account, name, mode, count or 4)
    stream.tags = tags_with({}, request.get("Tags", {}))
    if "RecordDistributionStrategy" in request:
        demand_on_demand(mode, "RecordDistributionStrategy")
        stream.distribution = request["RecordDistributionStrategy"]
    if "MaxRecordSizeInKiB" in request:
        stream.record_bytes = request["MaxRecordSizeInKiB"] * 1024
    account.streams[name] = stream


def open_shard_count(account):
    return sum(len(stream.open_shards()) for stream in existing(account))


def demand_shards(account, more):
    limit, count = account.settings.shardLimit, open_shard_count(account)
    if count + more > limit:
        raise AWSError(
            "LimitExceededException",
            f"This request would exceed the shard limit for the account {ACCOUNT} in {REGION}. Current shard count "
            f"for the account: {count}. Limit: {limit}. Number of additional shards that would have resulted from "
            f"this request: {more}.")


def delete_stream(account, request):
    stream = stream_of(account, request)
    if stream.passing.status in ("CREATING", "UPDATING"):
        stream.demand_active()
    if stream.consumers and not request.get("EnforceConsumerDeletion"):
        raise AWSError(
            "ResourceInUseException",
            f"Stream {stream.name} under account {ACCOUNT} has consumers; EnforceConsumerDeletion is needed.")
    if stream.passing.status != "DELETING":
        stream.passing.turn("DELETING", GONE)


def describe_stream(account, request):
    stream = stream_of(account, request)
    after = request.get("ExclusiveStartShardId", "")
    page, rest = account.page([shard for shard in stream.shards if shard.id > after], request.get("Limit"), 100)
    return {"StreamDescription": {
        **properties(stream, stream.passing.read()),
        "KeyId": stream.key_id,
        "Shards": [shard.description() for shard in page],
        "HasMoreShards": bool(rest),
    }}


def describe_stream_summary(account, request):
    stream = stream_of(account, request)
    summary = properties(stream, stream.passing.read())
    if stream.key_id:
        summary["KeyId"] = stream.key_id
    if stream.record_bytes:
        summary["MaxRecordSizeInKiB"] = stream.record_bytes // 1024
    return {"StreamDescriptionSummary": {
        **summary, "RecordDistributionStrategy": stream.distribution, "OpenShardCount": len(stream.open_shards()), "ConsumerCount": len(present_consumers(stream))}}


def properties(stream, status):
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": status,
        "StreamModeDetails": {"StreamMode": stream.mode},
        "RetentionPeriodHours": stream.retention_hours,
        "StreamCreationTimestamp": stream.created,
        "EnhancedMonitoring": [{"ShardLevelMetrics": stream.metrics}],
        "EncryptionType": "KMS" if stream.key_id else "NONE",
    }


def list_streams(account, request):
    after = request.get("ExclusiveStartStreamName", "")
    if "NextToken" in request:
        after = account.rest_of(request["NextToken"])
    page, rest = account.page(
        [stream for stream in existing(account) if stream.name > after], request.get("Limit"), 100)
    listing = {
        "StreamNames": [stream.name for stream in page],
        "HasMoreStreams": bool(rest),
        "StreamSummaries": [
            {
                "StreamName": stream.name, "StreamARN": stream.arn, "StreamStatus": stream.passing.status,
                "StreamModeDetails": {"StreamMode": stream.mode}, "StreamCreationTimestamp": stream.created,
            }
            for stream in page
        ],
    }
    if rest:
        listing["NextToken"] = account.keep_token(page[-1].name)
    return listing


def list_shards(account, request):
    token = request.get("NextToken")
    if token:
        for name in ("StreamName", "StreamCreationTimestamp", "ExclusiveStartShardId", "ShardFilter"):
            if name in request:
                raise AWSError("InvalidArgumentException", f"NextToken and {name} cannot be provided together.")
        shards = account.rest_of(token)
    else:
        stream = stream_of(account, request)
        after = request.get("ExclusiveStartShardId", "")
        if after:
            stream.shard(after)
        shards = [shard for shard in filtered(stream, request.get("ShardFilter")) if shard.id > after]
    page, rest = account.page(shards, request.get("MaxResults"), 1000)
    listing = {"Shards": [shard.description() for shard in page]}
    if rest:
        listing["NextToken"] = account.keep_token(rest)
    return listing


def filtered(stream, shard_filter):
    kind = shard_filter["Type"] if shard_filter else "FROM_TRIM_HORIZON"
    if kind == "AT_LATEST":
        return [shard for shard in stream.shards if shard.is_open]
    if kind == "AFTER_SHARD_ID":
        if "ShardId" not in shard_filter:
            raise AWSError("InvalidArgumentException", "ShardId must be provided for AFTER_SHARD_ID.")
        return [shard for shard in stream.shards if shard.id > shard_filter["ShardId"]]
    if kind in ("AT_TIMESTAMP", "FROM_TIMESTAMP") and "Timestamp" not in shard_filter:
        raise AWSError("InvalidArgumentException", f"Timestamp must be provided for {kind}.")
    if kind == "AT_TRIM_HORIZON":
        return [shard for shard in stream.shards if not shard.parents]
    return list(stream.shards)


def update_shard_count(account, request):
    stream = stream_to_change(account, request)
    demand_provisioned(stream, "UpdateShardCount")
    target, count = request["TargetShardCount"], len(stream.open_shards())
    if target > 2 * count or 2 * target < count:
        raise AWSError(
            "LimitExceededException",
            f"UpdateShardCount can go to between half and double of the {count} open shards of stream {stream.name} "
            f"in one call, not to {target}.")
    if stream.shard_count_updates >= account.settings.shardCountUpdates:
        raise AWSError(
            "LimitExceededException",
            f"UpdateShardCount was called {stream.shard_count_updates} times on stream {stream.name} in 24 hours.")
    demand_shards(account, max(0, target - count))
    stream.shard_count_updates += 1
    stream.reshard(target)
    stream.update()
    return {
        "StreamName": stream.name, "StreamARN": stream.arn, "CurrentShardCount": count, "TargetShardCount": target}


def demand_provisioned(stream, operation):
    if stream.mode != "PROVISIONED":
        raise validation(f"{operation} is only supported for data streams with the provisioned capacity mode")


def demand_on_demand(mode, what):
    if mode != "ON_DEMAND":
        raise validation(f"{what} is only supported for data streams with the on-demand capacity mode")


def update_record_size(account, request):
    stream = stream_to_change(account, request)
    stream.record_bytes = request["MaxRecordSizeInKiB"] * 1024
    stream.update()


def update_distribution(account, request):
    stream = stream_to_change(account, request)
    demand_on_demand(stream.mode, "RecordDistributionStrategy")
    stream.distribution = request["RecordDistributionStrategy"]
    stream.update()


def split_shard(account, request):
    stream = stream_to_change(account, request)
    demand_provisioned(stream, "SplitShard")
    demand_shards(account, 1)
    shard = open_shard(stream, request["ShardToSplit"])
    middle = int(request["NewStartingHashKey"])
    if not shard.low + 1 < middle < shard.high:
        raise AWSError(
            "InvalidArgumentException",
            f"NewStartingHashKey {middle} used in SplitShard() on shard {shard.id} in stream {stream.name} under "
            f"account {ACCOUNT} is not both greater than one plus the shard's StartingHashKey {shard.low} and less "
            f"than the shard's EndingHashKey {shard.high}.")
    stream.split(shard, middle)
    stream.update()


def merge_shards(account, request):
    stream = stream_to_change(account, request)
    demand_provisioned(stream, "MergeShards")
    shards = [open_shard(stream, request[name]) for name in ("ShardToMerge", "AdjacentShardToMerge")]
    lower, upper = sorted(shards, key=lambda shard: shard.low)
    if lower.high + 1 != upper.low:
        raise AWSError(
            "InvalidArgumentException",
            f"Shards {shards[0].id} and {shards[1].id} in stream {stream.name} under account {ACCOUNT} are not an "
            "adjacent pair of shards eligible for merging")
    stream.merge(lower, upper)
    stream.update()


def open_shard(stream, shard_id):
    shard = stream.shard(shard_id)
    if not shard.is_open:
        raise AWSError("InvalidArgumentException", f"Shard {shard_id} in stream {stream.name} is closed.")
    return shard


def describe_limits(account, request):
    on_demand = sum(stream.mode == "ON_DEMAND" for stream in existing(account))
    return {
        "ShardLimit": account.settings.shardLimit, "OpenShardCount": open_shard_count(account),
        "OnDemandStreamCount": on_demand, "OnDemandStreamCountLimit": 50}


def describe_account_settings(account, request):
    return {"MinimumThroughputBillingCommitment": {"Status": account.commitment}}


def update_account_settings(account, request):
    account.commitment = request["MinimumThroughputBillingCommitment"]["Status"]
    return describe_account_settings(account, request)


OPERATIONS = {
    "CreateStream": create_stream,
    "DeleteStream": delete_stream,
    "DescribeStream": describe_stream,
    "DescribeStreamSummary": describe_stream_summary,
    "ListStreams": list_streams,
    "ListShards": list_shards,
    "UpdateShardCount": update_shard_count,
    "SplitShard": split_shard,
    "MergeShards": merge_shards,
    "DescribeLimits": describe_limits,
    "UpdateMaxRecordSize": update_record_size,
    "UpdateStreamRecordDistributionStrategy": update_distribution,
    "DescribeAccountSettings": describe_account_settings,
    "UpdateAccountSettings": update_account_settings,
}
