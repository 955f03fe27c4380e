"""Kinesis: a stream's mode, encryption, retention, monitoring and tags."""
from errors import AWSError, validation
from kinesis_shapes import SHARD_METRICS
from lookups import stream_of, stream_to_change

RETENTION_HOURS = range(24, 8761)


def update_stream_mode(account, request):
    stream = stream_to_change(account, request)
    if stream.mode_updates >= 2:
        raise AWSError(
            "LimitExceededException", f"Stream {stream.name} switched its capacity mode twice in 24 hours.")
    stream.mode = request["StreamModeDetails"]["StreamMode"]
    stream.mode_updates += 1
    stream.update()


def start_stream_encryption(account, request):
    demand_kms(request)
    stream = stream_to_change(account, request)
    stream.key_id = request["KeyId"]
    stream.update()


def stop_stream_encryption(account, request):
    demand_kms(request)
    stream = stream_to_change(account, request)
    stream.key_id = None
    stream.update()


def demand_kms(request):
    if request["EncryptionType"] != "KMS":
        raise AWSError("InvalidArgumentException", "EncryptionType must be KMS.")


def increase_retention(account, request):
    change_retention(account, request, lambda hours, current: hours >= current, "shorter", "Decrease")


def decrease_retention(account, request):
    change_retention(account, request, lambda hours, current: hours <= current, "longer", "Increase")


def change_retention(account, request, is_allowed, word, other):
    hours = request["RetentionPeriodHours"]
    stream = stream_to_change(account, request)
    if hours not in RETENTION_HOURS:
        bound, end, length = ("Minimum", 24, "short") if hours < 24 else ("Maximum", 8760, "long")
        raise AWSError(
            "InvalidArgumentException",
            f"{bound} allowed retention period is {end} hours. Requested retention period ({hours} hours) is too "
            f"{length}.")
    if not is_allowed(hours, stream.retention_hours):
        raise AWSError(
            "InvalidArgumentException",
            f"Requested retention period ({hours} hours) for stream {stream.name} can not be {word} than existing "
            f"retention period ({stream.retention_hours} hours). Use {other}RetentionPeriod API.")
    stream.retention_hours = hours
    stream.update()


def enable_monitoring(account, request):
    return change_monitoring(account, request, lambda metric, had, given: metric in had or metric in given)


def disable_monitoring(account, request):
    return change_monitoring(account, request, lambda metric, had, given: metric in had and metric not in given)


def change_monitoring(account, request, stays):
    stream = stream_to_change(account, request)
    given, before = request["ShardLevelMetrics"], stream.metrics
    if "ALL" in given:
        given = SHARD_METRICS
    stream.metrics = [metric for metric in SHARD_METRICS if stays(metric, before, given)]
    stream.update()
    return {
        "StreamName": stream.name, "StreamARN": stream.arn, "CurrentShardLevelMetrics": before,
        "DesiredShardLevelMetrics": stream.metrics}


def add_tags(account, request):
    stream = stream_to_change(account, request)
    stream.tags = tags_with(stream.tags, request["Tags"])


def remove_tags(account, request):
    stream = stream_to_change(account, request)
    stream.tags = {key: value for key, value in stream.tags.items() if key not in request["TagKeys"]}


def list_tags(account, request):
    stream = stream_of(account, request)
    after = request.get("ExclusiveStartTagKey", "")
    page, rest = account.page(
        [key for key in sorted(stream.tags) if key > after], request.get("Limit"), 50)
    return {"Tags": [{"Key": key, "Value": stream.tags[key]} for key in page], "HasMoreTags": bool(rest)}


def tags_with(tags, more):
    for key in more:
        if not 1 <= len(key) <= 128:
            raise validation("Map keys must satisfy constraint: Member must have length between 1 and 128")
        if key.lower().startswith("aws:"):
            raise AWSError("InvalidArgumentException", "System tags cannot be added by requester")
    merged = {**tags, **more}
    if len(merged) > 50:
        raise AWSError("LimitExceededException", "A stream cannot have more than 50 tags associated with it.")
    return merged


OPERATIONS = {
    "UpdateStreamMode": update_stream_mode,
    "StartStreamEncryption": start_stream_encryption,
    "StopStreamEncryption": stop_stream_encryption,
    "IncreaseStreamRetentionPeriod": increase_retention,
    "DecreaseStreamRetentionPeriod": decrease_retention,
    "EnableEnhancedMonitoring": enable_monitoring,
    "DisableEnhancedMonitoring": disable_monitoring,
    "AddTagsToStream": add_tags,
    "RemoveTagsFromStream": remove_tags,
    "ListTagsForStream": list_tags,
}
