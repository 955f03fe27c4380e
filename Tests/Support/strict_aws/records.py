"""Kinesis: records put and read."""
import base64
import hashlib
import uuid
from dataclasses import dataclass

from account import ACCOUNT
from errors import AWSError, validation
from lookups import stream_of
from streams import HASH_KEYS

READ_BYTES = 10 * 1024 * 1024


@dataclass
class Record:
    sequence_number: int
    partition_key: str
    data: str
    arrival: float
    is_encrypted: bool

    def description(self):
        description = {
            "SequenceNumber": str(self.sequence_number), "ApproximateArrivalTimestamp": self.arrival,
            "Data": self.data, "PartitionKey": self.partition_key,
        }
        if self.is_encrypted:
            description["EncryptionType"] = "KMS"
        return description


@dataclass(frozen=True)
class Iterator:
    """An iterator that continues from the shard's record at `position`."""

    stream: object
    shard: object
    position: int
    uses: int = 0


def writable_stream(account, request):
    stream = stream_of(account, request)
    if stream.passing.status not in ("ACTIVE", "UPDATING"):
        raise AWSError("ResourceNotFoundException", f"Stream {stream.name} under account {ACCOUNT} not found.")
    return stream


def demand_entry(account, stream, entry, location):
    if "PartitionKey" not in entry:
        raise validation(f"Value at '{location}partitionKey' failed to satisfy constraint: Member must not be null")
    limit = stream.record_bytes or account.settings.recordBytes
    if entry_bytes(entry) > limit:
        raise validation(
            f"Value at '{location}data' failed to satisfy constraint: Member must have length less than or equal to "
            f"{limit}")
    if int(entry.get("ExplicitHashKey", "0")) >= HASH_KEYS:
        raise AWSError(
            "InvalidArgumentException",
            f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
            f"{entry['ExplicitHashKey']}")


def entry_bytes(entry):
    padding = entry["Data"].count("=")
    return len(entry["Data"]) // 4 * 3 - padding + len(entry["PartitionKey"].encode())


def shard_for(stream, entry):
    key = hashlib.md5(entry["PartitionKey"].encode()).digest()
    return stream.shard_for(int(entry.get("ExplicitHashKey", int.from_bytes(key, "big"))))


def store(account, stream, shard, entry):
    """Returns the members of the response for one record."""
    record = Record(
        stream.next_sequence_number(), entry["PartitionKey"], entry["Data"], round(account.now(), 3),
        stream.key_id is not None)
    shard.records.append(record)
    return {"SequenceNumber": str(record.sequence_number), "ShardId": shard.id}


def refusal(account, stream, shard):
    """Returns the error of an entry that is randomly rejected; `None` for most."""
    if account.chance.random() >= account.settings.failureRate:
        return None
    if account.chance.random() < 0.2:
        return "InternalFailure", "Internal service failure."
    return (
        "ProvisionedThroughputExceededException",
        f"Rate exceeded for shard {shard.id} in stream {stream.name} under account {ACCOUNT}.")


def put_record(account, request):
    stream = writable_stream(account, request)
    demand_entry(account, stream, request, "")
    shard = shard_for(stream, request)
    refused = refusal(account, stream, shard)
    if refused:
        code, message = refused
        raise AWSError(code, message, 500 if code == "InternalFailure" else 400)
    return {**store(account, stream, shard, request), **encryption(stream)}


def put_records(account, request):
    stream = writable_stream(account, request)
    entries = request["Records"]
    for index, entry in enumerate(entries, 1):
        demand_entry(account, stream, entry, f"records.{index}.member.")
    if sum(map(entry_bytes, entries)) > account.settings.requestBytes:
        megabytes = account.settings.requestBytes // (1024 * 1024)
        raise AWSError("InvalidArgumentException", f"Records size exceeds {megabytes} MB limit")
    outcomes = []
    for entry in entries:
        shard = shard_for(stream, entry)
        refused = refusal(account, stream, shard)
        if refused:
            outcomes.append({"ErrorCode": refused[0], "ErrorMessage": refused[1]})
        else:
            outcomes.append(store(account, stream, shard, entry))
    failed = sum("ErrorCode" in outcome for outcome in outcomes)
    return {"FailedRecordCount": failed, "Records": outcomes, **encryption(stream)}


def encryption(stream):
    return {"EncryptionType": "KMS"} if stream.key_id else {}


def get_shard_iterator(account, request):
    stream = writable_stream(account, request)
    shard = stream.shard(request["ShardId"])
    kind = request["ShardIteratorType"]
    needs_number, needs_time = kind.endswith("SEQUENCE_NUMBER"), kind == "AT_TIMESTAMP"
    if needs_number != ("StartingSequenceNumber" in request) or needs_time != ("Timestamp" in request):
        raise AWSError(
            "InvalidArgumentException",
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
            "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber or (3) AT_TIMESTAMP and Timestamp. Request "
            f"specified {kind}.")
    if needs_number:
        number = int(request["StartingSequenceNumber"])
        demand_of_shard(stream, shard, number)
        is_before = (lambda record: record.sequence_number < number) if kind.startswith("AT") else (
            lambda record: record.sequence_number <= number)
    elif needs_time:
        moment = request["Timestamp"]
        if moment > account.now() + 1:
            raise AWSError("InvalidArgumentException", f"The timestamp {moment} is in the future.")
        is_before = lambda record: record.arrival < moment  # noqa: E731
    else:
        is_before = lambda record: kind == "LATEST"  # noqa: E731
    position = sum(map(is_before, shard.records))
    return {"ShardIterator": keep_iterator(account, Iterator(stream, shard, position))}


def demand_of_shard(stream, shard, number):
    last = stream.sequence_number if shard.is_open else shard.last_sequence_number
    if not shard.first_sequence_number <= number <= last:
        raise AWSError(
            "InvalidArgumentException",
            f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard.id} in stream {stream.name} "
            f"under account {ACCOUNT} is invalid because it did not come from this stream.")


def keep_iterator(account, iterator):
    opaque = base64.b64encode(uuid.uuid4().bytes * 5).decode()
    token = f"AAAAAAAAAA{opaque}+/=="
    account.iterators[token] = iterator
    return token


def get_records(account, request):
    token = request["ShardIterator"]
    if token not in account.iterators:
        raise AWSError("InvalidArgumentException", "Invalid ShardIterator.")
    iterator = account.iterators[token]
    settings = account.settings
    if iterator is None or (settings.iteratorUses and iterator.uses >= settings.iteratorUses):
        raise AWSError(
            "ExpiredIteratorException",
            "Iterator expired. The iterator was created more than 300000 milliseconds ago, which is further in the "
            "past than the tolerated delay.")
    stream, shard = iterator.stream, iterator.shard
    if account.streams.get(stream.name) is not stream:
        raise AWSError("ResourceNotFoundException", f"Stream {stream.name} under account {ACCOUNT} not found.")
    writable_stream(account, {"StreamName": stream.name})

    position = max(iterator.position, shard.trimmed)
    count = 0 if iterator.uses < settings.emptyReads else min(request.get("Limit", 10000), settings.recordsPerRead)
    records, position = read(shard, position, count)
    answer = {"Records": [record.description() for record in records], "MillisBehindLatest": 0}
    if position < len(shard.records):
        answer["MillisBehindLatest"] = max(1, round((account.now() - shard.records[position].arrival) * 1000))
    if shard.is_open or position < len(shard.records):
        following = Iterator(stream, shard, position, iterator.uses + 1)
        answer["NextShardIterator"] = keep_iterator(account, following)
    else:
        answer["ChildShards"] = [
            {"ShardId": child.id, "ParentShards": child.parents, "HashKeyRange": child.hash_key_range()}
            for child in stream.children(shard)
        ]
    return answer


def read(shard, position, count):
    """Returns up to `count` records and 10 MiB of data, and the position after them."""
    records, size = [], 0
    while len(records) < count and position < len(shard.records):
        size += len(shard.records[position].data) * 3 // 4
        if records and size > READ_BYTES:
            break
        records.append(shard.records[position])
        position += 1
    return records, position


OPERATIONS = {
    "PutRecord": put_record,
    "PutRecords": put_records,
    "GetShardIterator": get_shard_iterator,
    "GetRecords": get_records,
}
