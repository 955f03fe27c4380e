#!/usr/bin/env python3
"""Tests of the strict fake and the signature oracle with boto3, AWS's own client.

    .build-moto/bin/python Tests/Support/strict_aws_check.py [TEST ...]
"""
import base64
import datetime
import gzip
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import boto3
import botocore
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

SUPPORT = pathlib.Path(__file__).parent
sys.path.insert(0, str(SUPPORT / "strict_aws"))
import kinesis_shapes  # noqa: E402
import mapping_shapes  # noqa: E402

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:fn"
ACCESS_KEY, SECRET, TOKEN = "ASIATESTSESSION", "sessionSecret/abc+def", "FwoGZXIvYXdzEBYaDEXAMPLE+/token=="


class Program:
    """A stand-in of this folder, which exits when its standard input is closed."""

    def __init__(self, name, *arguments):
        command = [sys.executable, str(SUPPORT / name), *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def control(self, name, request=None):
        data = None if request is None else json.dumps(request).encode()
        with urllib.request.urlopen(f"{self.url}/_control/{name}", data) as answer:
            return json.loads(answer.read())


def query_protocol_data():
    """Returns the client's model of CloudWatch, restricted to the query protocol that the fake implements."""
    folder = pathlib.Path(tempfile.mkdtemp())
    path = folder / "cloudwatch" / "2010-08-01"
    path.mkdir(parents=True)
    model = pathlib.Path(botocore.__file__).parent / "data" / "cloudwatch" / "2010-08-01" / "service-2.json.gz"
    described = json.loads(gzip.decompress(model.read_bytes()))
    described["metadata"].update(protocol="query", protocols=["query"])
    (path / "service-2.json").write_text(json.dumps(described))
    return folder


def client(service, url, secret=SECRET, data=None):
    session = boto3.Session(ACCESS_KEY, secret, TOKEN, "us-east-1")
    if data:
        session._session.get_component("data_loader").search_paths.insert(0, str(data))
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, connect_timeout=5, read_timeout=30)
    return session.client(service, endpoint_url=url, config=config)


class FakeTestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fake = Program("strict_aws")
        cls.addClassCleanup(cls.fake.stop)

    def setUp(self):
        self.fake.control("reset", {})
        self.kinesis = client("kinesis", self.fake.url)
        self.mappings = client("lambda", self.fake.url)

    def settings(self, **settings):
        self.fake.control("settings", settings)

    def refuses(self, code, call, status=400, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        response = caught.exception.response
        self.assertEqual(response["Error"]["Code"], code)
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], status)
        self.assertIn("RequestId", response["ResponseMetadata"])
        return response

    def create(self, name="s", count=2):
        """Creates an active stream."""
        self.kinesis.create_stream(StreamName=name, ShardCount=count)
        return self.settle(name)

    def settle(self, name="s"):
        while (summary := self.summary(name))["StreamStatus"] != "ACTIVE":
            pass
        return summary

    def summary(self, name="s"):
        return self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]

    def iterator(self, shard, kind="TRIM_HORIZON", **more):
        answer = self.kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType=kind, **more)
        return answer["ShardIterator"]


class ModelTests(FakeTestCase):
    def compare(self, ours, model, path, more_required=()):
        for name, member in ours.items():
            self.assertIn(name, model.members, path)
            theirs = model.members[name]
            is_required = name in model.required_members or name in more_required
            self.assertEqual(member.required, is_required, f"{path}.{name} is required")
            self.compare_member(member, theirs, f"{path}.{name}")

    def compare_member(self, member, theirs, path):
        kinds = {"long": "integer"}
        self.assertEqual(member.kind, kinds.get(theirs.type_name, theirs.type_name), path)
        self.assertEqual(member.minimum, theirs.metadata.get("min"), path)
        self.assertEqual(member.maximum, theirs.metadata.get("max"), path)
        self.assertEqual(list(member.choices), theirs.metadata.get("enum", []), path)
        pattern = theirs.metadata.get("pattern")
        # Python does not support the first two patterns; the third matches everything.
        if theirs.name not in ("DestinationArn", "TagValue", "Pattern"):
            self.assertEqual(member.pattern, pattern, path)
        if member.kind == "structure":
            self.compare(member.members, theirs, path)
        elif member.kind == "list":
            self.compare_member(member.item, theirs.member, path)
        elif member.kind == "map":
            self.compare_member(member.item, theirs.value, path)

    def test_members_are_those_of_the_model(self):
        model = self.kinesis.meta.service_model
        for operation, members in kinesis_shapes.SHAPES.items():
            shape = model.operation_model(operation).input_shape
            if members or shape:
                self.compare(members, shape, operation)
        model = self.mappings.meta.service_model
        self.compare(
            mapping_shapes.CREATE, model.operation_model("CreateEventSourceMapping").input_shape, "create")
        self.compare(
            mapping_shapes.UPDATE, model.operation_model("UpdateEventSourceMapping").input_shape, "update")

    def test_refuses_what_does_not_fit(self):
        create = self.kinesis.create_stream
        self.refuses("ValidationException", create, StreamName="bad name!", ShardCount=1)
        self.refuses("ValidationException", create, StreamName="a" * 129, ShardCount=1)
        self.refuses("ValidationException", create, StreamName="s", ShardCount=0)
        self.refuses("ValidationException", create, StreamName="s")
        self.refuses("LimitExceededException", create, StreamName="s", ShardCount=501)
        self.refuses("ResourceNotFoundException", self.kinesis.describe_stream, StreamName="missing")
        self.refuses("InvalidArgumentException", self.kinesis.describe_stream)
        body = self.post({"StreamName": "s", "ShardCount": "1"})
        self.assertEqual(body["__type"], "SerializationException")
        body = self.post({"StreamName": "s", "ShardCuont": 1})
        self.assertIn("ShardCuont is not a member", body["message"])

    def post(self, request, **headers):
        """Sends a request that no client would send."""
        headers = {
            "X-Amz-Target": "Kinesis_20131202.CreateStream", "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ"),
            "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, x", **headers}
        wanted = urllib.request.Request(self.fake.url, json.dumps(request).encode(), headers)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(wanted)
        with caught.exception as answer:
            return json.loads(answer.read())

    def test_demands_a_signature_for_the_right_service(self):
        self.assertEqual(self.post({}, Authorization="x")["__type"], "MissingAuthenticationTokenException")
        other = "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/lambda/aws4_request, x"
        self.assertEqual(self.post({}, Authorization=other)["__type"], "InvalidSignatureException")


class StreamTests(FakeTestCase):
    def test_states_take_reads(self):
        self.settings(readsUntilActive=3)
        self.kinesis.create_stream(StreamName="s", ShardCount=1)
        self.refuses("ResourceInUseException", self.kinesis.create_stream, StreamName="s", ShardCount=1)
        self.refuses(
            "ResourceNotFoundException", self.kinesis.put_record, StreamName="s", Data=b"", PartitionKey="k")
        states = [self.summary()["StreamStatus"] for _ in range(5)]
        self.assertEqual(states, ["CREATING"] * 3 + ["ACTIVE"] * 2)
        self.kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
        self.refuses(
            "ResourceInUseException", self.kinesis.update_shard_count, StreamName="s", TargetShardCount=2,
            ScalingType="UNIFORM_SCALING")
        self.assertEqual(self.kinesis.put_record(StreamName="s", Data=b"", PartitionKey="k")["EncryptionType"], "KMS")
        states = [self.summary()["StreamStatus"] for _ in range(4)]
        self.assertEqual(states, ["UPDATING"] * 3 + ["ACTIVE"])
        self.kinesis.delete_stream(StreamName="s")
        states = [self.summary()["StreamStatus"] for _ in range(3)]
        self.assertEqual(states, ["DELETING"] * 3)
        self.refuses("ResourceNotFoundException", self.summary)
        self.kinesis.get_waiter("stream_not_exists").wait(StreamName="s")

    def test_every_change_leaves_active(self):
        arn = self.create()["StreamARN"]
        changes = [
            (self.kinesis.increase_stream_retention_period, {"StreamName": "s", "RetentionPeriodHours": 48}),
            (self.kinesis.decrease_stream_retention_period, {"StreamName": "s", "RetentionPeriodHours": 24}),
            (self.kinesis.enable_enhanced_monitoring, {"StreamName": "s", "ShardLevelMetrics": ["ALL"]}),
            (self.kinesis.disable_enhanced_monitoring, {"StreamName": "s", "ShardLevelMetrics": ["ALL"]}),
            (self.kinesis.update_stream_mode, {"StreamARN": arn, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
        ]
        for change, arguments in changes:
            change(**arguments)
            self.refuses("ResourceInUseException", change, **arguments)
            self.settle()
        self.refuses(
            "ValidationException", self.kinesis.update_shard_count, StreamName="s", TargetShardCount=2,
            ScalingType="UNIFORM_SCALING")

    def test_retention_has_its_bounds(self):
        self.create()
        increase, decrease = (
            self.kinesis.increase_stream_retention_period, self.kinesis.decrease_stream_retention_period)
        for change, hours in ((increase, 23), (increase, 8761), (decrease, 48)):
            self.refuses("InvalidArgumentException", change, StreamName="s", RetentionPeriodHours=hours)

    def test_monitoring_tells_before_and_after(self):
        self.create()
        answer = self.kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["ALL"])
        self.assertEqual(answer["CurrentShardLevelMetrics"], [])
        self.assertEqual(len(answer["DesiredShardLevelMetrics"]), 7)
        self.settle()
        answer = self.kinesis.disable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingBytes"])
        self.assertEqual(len(answer["CurrentShardLevelMetrics"]), 7)
        self.assertEqual(len(self.settle()["EnhancedMonitoring"][0]["ShardLevelMetrics"]), 6)

    def test_scales_between_half_and_double(self):
        self.create(count=5)
        for target in (2, 11):
            self.refuses(
                "LimitExceededException", self.kinesis.update_shard_count, StreamName="s", TargetShardCount=target,
                ScalingType="UNIFORM_SCALING")
        for target in (3, 6, 5, 10):
            self.kinesis.update_shard_count(StreamName="s", TargetShardCount=target, ScalingType="UNIFORM_SCALING")
            self.assertEqual(self.settle()["OpenShardCount"], target)
            self.check_ranges()

    def check_ranges(self):
        """Checks that open shards cover all hash keys exactly once, and that every parent exists and is closed."""
        shards = {shard["ShardId"]: shard for shard in self.kinesis.list_shards(StreamName="s")["Shards"]}
        following = 0
        still_open = [s for s in shards.values() if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        for shard in sorted(still_open, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"])):
            self.assertEqual(int(shard["HashKeyRange"]["StartingHashKey"]), following)
            following = int(shard["HashKeyRange"]["EndingHashKey"]) + 1
        self.assertEqual(following, 2**128)
        for shard in shards.values():
            for name in ("ParentShardId", "AdjacentParentShardId"):
                if name in shard:
                    ending = shards[shard[name]]["SequenceNumberRange"]["EndingSequenceNumber"]
                    self.assertLess(int(ending), int(shard["SequenceNumberRange"]["StartingSequenceNumber"]))

    def test_pages(self):
        self.settings(pageSize=2, readsUntilActive=0)
        for index in range(5):
            self.create(f"s{index}", 5)
        names = self.pages(self.kinesis.get_paginator("list_streams"), "StreamNames")
        self.assertEqual([list(page) for page in names], [["s0", "s1"], ["s2", "s3"], ["s4"]])
        # The client's own paginator repeats the stream's name, which AWS does not allow.
        shards, following = [], {"StreamName": "s0"}
        while following:
            page = self.kinesis.list_shards(**following)
            shards.append(page["Shards"])
            following = {"NextToken": page["NextToken"]} if "NextToken" in page else None
        self.assertEqual([len(page) for page in shards], [2, 2, 1])
        self.assertEqual(len({shard["ShardId"] for page in shards for shard in page}), 5)
        described = self.kinesis.describe_stream(StreamName="s0")["StreamDescription"]
        self.assertTrue(described["HasMoreShards"])
        following = self.kinesis.describe_stream(
            StreamName="s0", ExclusiveStartShardId=described["Shards"][-1]["ShardId"])["StreamDescription"]
        self.assertEqual(following["Shards"][0]["ShardId"], "shardId-000000000002")
        token = self.kinesis.list_shards(StreamName="s0")["NextToken"]
        self.refuses("InvalidArgumentException", self.kinesis.list_shards, StreamName="s0", NextToken=token)
        self.refuses("InvalidArgumentException", self.kinesis.list_shards, NextToken="made up")
        self.fake.control("expire", {"what": "tokens"})
        self.refuses("ExpiredNextTokenException", self.kinesis.list_shards, NextToken=token)

    def pages(self, paginator, member, **arguments):
        return [page[member] for page in paginator.paginate(**arguments)]

    def test_tags_start_after_the_given_one(self):
        self.settings(pageSize=2)
        self.create()
        tags = {f"k{index}": "v" for index in range(5)}
        self.kinesis.add_tags_to_stream(StreamName="s", Tags=tags)
        first = self.kinesis.list_tags_for_stream(StreamName="s")
        self.assertEqual(([tag["Key"] for tag in first["Tags"]], first["HasMoreTags"]), (["k0", "k1"], True))
        last = self.kinesis.list_tags_for_stream(StreamName="s", ExclusiveStartTagKey="k3")
        self.assertEqual(([tag["Key"] for tag in last["Tags"]], last["HasMoreTags"]), (["k4"], False))
        self.kinesis.remove_tags_from_stream(StreamName="s", TagKeys=["k0", "k1", "k2", "k3"])
        self.assertEqual(self.kinesis.list_tags_for_stream(StreamName="s")["Tags"], [{"Key": "k4", "Value": "v"}])
        self.refuses(
            "LimitExceededException", self.kinesis.add_tags_to_stream, StreamName="s",
            Tags={f"m{index}": "" for index in range(50)})

    def test_consumers(self):
        self.settings(pageSize=2)
        arn = self.create()["StreamARN"]
        made = [
            self.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{index}")["Consumer"]
            for index in range(3)]
        self.refuses(
            "ResourceInUseException", self.kinesis.register_stream_consumer, StreamARN=arn, ConsumerName="c0")
        found = self.pages(self.kinesis.get_paginator("list_stream_consumers"), "Consumers", StreamARN=arn)
        self.assertEqual([len(page) for page in found], [2, 1])
        describe = self.kinesis.describe_stream_consumer
        states = [
            describe(ConsumerARN=made[0]["ConsumerARN"])["ConsumerDescription"]["ConsumerStatus"] for _ in range(2)]
        # The listing counts as a read.
        self.assertEqual(states, ["CREATING", "ACTIVE"])
        self.refuses("ResourceInUseException", self.kinesis.delete_stream, StreamName="s")
        self.kinesis.deregister_stream_consumer(StreamARN=arn, ConsumerName="c0")
        states = [
            describe(StreamARN=arn, ConsumerName="c0")["ConsumerDescription"]["ConsumerStatus"] for _ in range(2)]
        self.assertEqual(states, ["DELETING", "DELETING"])
        self.refuses("ResourceNotFoundException", describe, StreamARN=arn, ConsumerName="c0")

    def test_limits_of_consumers_follow_the_account(self):
        self.kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
        arn = self.settle()["StreamARN"]
        register = self.kinesis.register_stream_consumer
        for index in range(5):
            register(StreamARN=arn, ConsumerName=f"c{index}")
        self.refuses("LimitExceededException", register, StreamARN=arn, ConsumerName="sixth")
        self.settings(readsUntilActive=0)
        for _ in range(2):
            self.kinesis.list_stream_consumers(StreamARN=arn)
        for index in range(5, 20):
            register(StreamARN=arn, ConsumerName=f"c{index}")
        self.refuses("LimitExceededException", register, StreamARN=arn, ConsumerName="more")
        settings = self.kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]
        self.assertEqual(settings["Status"], "DISABLED")
        self.kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
        register(StreamARN=arn, ConsumerName="more")

    def test_record_size_and_distribution(self):
        self.settings(readsUntilActive=0)
        self.kinesis.create_stream(
            StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"}, MaxRecordSizeInKiB=2048,
            RecordDistributionStrategy="AUTO")
        summary = self.summary()
        self.assertEqual((summary["MaxRecordSizeInKiB"], summary["RecordDistributionStrategy"]), (2048, "AUTO"))
        self.kinesis.update_max_record_size(StreamARN=summary["StreamARN"], MaxRecordSizeInKiB=10240)
        self.kinesis.update_stream_record_distribution_strategy(
            StreamARN=summary["StreamARN"], RecordDistributionStrategy="USER_PARTITION_KEY")
        summary = self.summary()
        self.assertEqual(
            (summary["MaxRecordSizeInKiB"], summary["RecordDistributionStrategy"]), (10240, "USER_PARTITION_KEY"))
        self.refuses(
            "ValidationException", self.kinesis.update_max_record_size, StreamARN=summary["StreamARN"],
            MaxRecordSizeInKiB=10241)
        self.refuses(
            "ValidationException", self.kinesis.create_stream, StreamName="t", ShardCount=1,
            RecordDistributionStrategy="AUTO")


class RecordTests(FakeTestCase):
    def put(self, entries):
        return self.kinesis.put_records(StreamName="s", Records=entries)

    def stored(self):
        return self.fake.control("records?stream=s")["shards"]

    def test_refuses_a_share_of_the_entries_and_keeps_the_rest_in_order(self):
        self.create()
        self.settings(failureRate=0.3, seed=7)
        entries = [{"Data": f"{index}".encode(), "PartitionKey": f"key{index % 9}"} for index in range(500)]
        answer = self.put(entries)
        taken = [entry for entry, outcome in zip(entries, answer["Records"]) if "SequenceNumber" in outcome]
        self.assertEqual(answer["FailedRecordCount"], 500 - len(taken))
        self.assertTrue(100 < answer["FailedRecordCount"] < 200, answer["FailedRecordCount"])
        codes = {outcome.get("ErrorCode") for outcome in answer["Records"]}
        self.assertEqual(codes, {None, "ProvisionedThroughputExceededException", "InternalFailure"})
        for shard in self.stored():
            numbers = [record["sequenceNumber"] for record in shard["records"]]
            self.assertEqual(numbers, sorted(numbers))
            self.assertEqual({len(number) for number in numbers}, {56})
            mine = [outcome for outcome in answer["Records"] if outcome.get("ShardId") == shard["shardId"]]
            self.assertEqual(numbers, [outcome["SequenceNumber"] for outcome in mine])
        stored = [record["data"] for shard in self.stored() for record in shard["records"]]
        self.assertEqual(sorted(stored), sorted(base64.b64encode(entry["Data"]).decode() for entry in taken))
        # The same seed rejects the same entries.
        self.settings(seed=7)
        again = self.put(entries)
        self.assertEqual(["ErrorCode" in outcome for outcome in again["Records"]],
                         ["ErrorCode" in outcome for outcome in answer["Records"]])

    def test_hash_keys_choose_the_shard(self):
        self.create()
        middle = 2**127
        for key, shard in ((0, 0), (middle - 1, 0), (middle, 1), (2**128 - 1, 1)):
            answer = self.kinesis.put_record(
                StreamName="s", Data=b"x", PartitionKey="k", ExplicitHashKey=str(key))
            self.assertEqual(answer["ShardId"], f"shardId-{shard:012}")
        self.refuses(
            "InvalidArgumentException", self.kinesis.put_record, StreamName="s", Data=b"x", PartitionKey="k",
            ExplicitHashKey=str(2**128))
        # The MD5 of "a" is 0cc1..., that of "b" 92eb...
        for key, shard in (("a", 0), ("b", 1)):
            answer = self.kinesis.put_record(StreamName="s", Data=b"x", PartitionKey=key)
            self.assertEqual(answer["ShardId"], f"shardId-{shard:012}")

    def test_limits(self):
        self.create()
        mebibyte = 1024 * 1024
        self.put([{"Data": b"x" * (mebibyte - 1), "PartitionKey": "k"}])
        self.refuses("ValidationException", self.put, entries=[{"Data": b"x" * mebibyte, "PartitionKey": "k"}])
        self.refuses("ValidationException", self.put, entries=[{"Data": b"", "PartitionKey": "k"}] * 501)
        self.refuses("ValidationException", self.put, entries=[{"Data": b"", "PartitionKey": "k" * 257}])
        self.refuses("ValidationException", self.put, entries=[{"Data": b""}])
        big = [{"Data": b"x" * (mebibyte - 1), "PartitionKey": "k"}] * 6
        self.refuses("InvalidArgumentException", self.put, entries=big)
        self.settings(requestBytes=10 * mebibyte)
        self.put(big)

    def test_reads_from_every_position(self):
        self.create(count=1)
        shard = "shardId-000000000000"
        numbers = [
            self.kinesis.put_record(StreamName="s", Data=f"{index}".encode(), PartitionKey="k")["SequenceNumber"]
            for index in range(4)]
        arrived = self.read(self.iterator(shard))[2]["ApproximateArrivalTimestamp"]
        cases = [
            (("TRIM_HORIZON",), {}, 4),
            (("LATEST",), {}, 0),
            (("AT_SEQUENCE_NUMBER",), {"StartingSequenceNumber": numbers[1]}, 3),
            (("AFTER_SEQUENCE_NUMBER",), {"StartingSequenceNumber": numbers[1]}, 2),
        ]
        for kind, more, count in cases:
            self.assertEqual(len(self.read(self.iterator(shard, *kind, **more))), count, kind)
        self.assertIn("2", self.texts(self.iterator(shard, "AT_TIMESTAMP", Timestamp=arrived)))
        later = datetime.datetime.now() + datetime.timedelta(hours=1)
        for kind, more in (
            ("AT_TIMESTAMP", {"Timestamp": later}), ("AT_SEQUENCE_NUMBER", {}),
            ("LATEST", {"StartingSequenceNumber": numbers[0]}),
            ("AT_SEQUENCE_NUMBER", {"StartingSequenceNumber": "7"})):
            self.refuses("InvalidArgumentException", self.iterator, shard=shard, kind=kind, **more)
        self.refuses("ResourceNotFoundException", self.iterator, shard="shardId-000000000009")
        self.refuses("InvalidArgumentException", self.kinesis.get_records, ShardIterator="made up")
        self.fake.control("trim", {"stream": "s", "shard": shard, "records": 3})
        oldest = self.iterator(shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[0])
        self.assertEqual(self.texts(oldest), ["3"])

    def read(self, iterator):
        return self.kinesis.get_records(ShardIterator=iterator)["Records"]

    def texts(self, iterator):
        return [record["Data"].decode() for record in self.read(iterator)]

    def test_says_how_far_behind_a_reader_is(self):
        self.create(count=1)
        self.put([{"Data": b"x", "PartitionKey": "k"}] * 3)
        first = self.kinesis.get_records(ShardIterator=self.iterator("shardId-000000000000"), Limit=2)
        self.assertGreater(first["MillisBehindLatest"], 0)
        rest = self.kinesis.get_records(ShardIterator=first["NextShardIterator"])
        self.assertEqual((len(rest["Records"]), rest["MillisBehindLatest"]), (1, 0))
        self.settings(emptyReads=1)
        empty = self.kinesis.get_records(ShardIterator=self.iterator("shardId-000000000000"))
        self.assertEqual(empty["Records"], [])
        self.assertGreater(empty["MillisBehindLatest"], 0)
        self.assertEqual(len(self.read(empty["NextShardIterator"])), 3)

    def test_iterators_expire(self):
        self.create(count=1)
        self.settings(iteratorUses=2)
        iterator = self.iterator("shardId-000000000000")
        for _ in range(2):
            iterator = self.kinesis.get_records(ShardIterator=iterator)["NextShardIterator"]
        self.refuses("ExpiredIteratorException", self.kinesis.get_records, ShardIterator=iterator)
        self.settings(iteratorUses=0)
        iterator = self.iterator("shardId-000000000000")
        self.fake.control("expire", {"what": "iterators"})
        self.refuses("ExpiredIteratorException", self.kinesis.get_records, ShardIterator=iterator)

    def test_shards_end_and_name_their_children(self):
        self.create()
        entries = [{"Data": f"{index}".encode(), "PartitionKey": f"{index}"} for index in range(60)]
        self.put(entries)
        for target in (3, 2):
            self.kinesis.update_shard_count(StreamName="s", TargetShardCount=target, ScalingType="UNIFORM_SCALING")
            self.settle()
            self.put(entries)
        waiting, seen, texts = ["shardId-000000000000", "shardId-000000000001"], set(), []
        while waiting:
            shard = waiting.pop()
            if shard in seen:
                continue
            seen.add(shard)
            iterator = self.iterator(shard)
            while iterator:
                answer = self.kinesis.get_records(ShardIterator=iterator, Limit=7)
                texts += [record["Data"] for record in answer["Records"]]
                self.assertNotEqual("NextShardIterator" in answer, "ChildShards" in answer)
                iterator = answer.get("NextShardIterator") if "ChildShards" not in answer else None
                if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                    break
            waiting += [child["ShardId"] for child in answer.get("ChildShards", [])]
        self.assertEqual(len(seen), len(self.stored()))
        self.assertEqual(sorted(texts), sorted(entry["Data"] for entry in entries * 3))


class MappingTests(FakeTestCase):
    def setUp(self):
        super().setUp()
        self.arn = self.create()["StreamARN"]
        self.fake.control("functions", {"FunctionName": "fn", "aliases": ["live"]})

    def make(self, **more):
        given = {"FunctionName": "fn", "EventSourceArn": self.arn, "StartingPosition": "LATEST", **more}
        return self.mappings.create_event_source_mapping(**given)

    def states(self, key, count):
        return [self.mappings.get_event_source_mapping(UUID=key)["State"] for _ in range(count)]

    def test_functions_that_are_not_ready(self):
        cases = (
            ({"State": "Pending"}, "ResourceConflictException", 409, "following state: Pending"),
            ({}, "InvalidParameterValueException", 400, "cannot be assumed by Lambda"),
            ({"refusal": "ensure the role can perform X"}, "InvalidParameterValueException", 400, "can perform X"))
        for index, (members, code, status, words) in enumerate(cases):
            name = f"new{index}"
            self.fake.control("functions", {"FunctionName": name, "refusals": 2, **members})
            for _ in range(2):
                response = self.refuses(code, self.make, status, FunctionName=name)
                self.assertIn(words, response["Error"]["Message"])
            self.assertEqual(self.make(FunctionName=name)["State"], "Creating")
            self.assertEqual(self.mappings.get_function(FunctionName=name)["Configuration"]["State"], "Active")

    def test_states_take_reads(self):
        made = self.make()
        key = made["UUID"]
        self.assertEqual((made["State"], made["FunctionArn"], made["BatchSize"]), ("Creating", FUNCTION, 100))
        update, delete = self.mappings.update_event_source_mapping, self.mappings.delete_event_source_mapping
        response = self.refuses("ResourceInUseException", update, UUID=key, BatchSize=5)
        self.assertIn("in use", response["Message"])
        self.refuses("ResourceInUseException", delete, UUID=key)
        self.assertEqual(self.states(key, 3), ["Creating", "Creating", "Enabled"])
        self.assertEqual(update(UUID=key, BatchSize=5)["State"], "Updating")
        self.assertEqual(self.states(key, 3), ["Updating", "Updating", "Enabled"])
        self.assertEqual(update(UUID=key, Enabled=False)["State"], "Disabling")
        self.assertEqual(self.states(key, 3), ["Disabling", "Disabling", "Disabled"])
        self.assertEqual(update(UUID=key, Enabled=True)["State"], "Enabling")
        self.assertEqual(self.states(key, 3), ["Enabling", "Enabling", "Enabled"])
        self.assertEqual(delete(UUID=key)["State"], "Deleting")
        self.assertEqual(self.states(key, 2), ["Deleting", "Deleting"])
        for call in (self.mappings.get_event_source_mapping, update, delete):
            self.refuses("ResourceNotFoundException", call, 404, UUID=key)

    def test_a_second_mapping_of_the_same_two_is_a_conflict(self):
        key = self.make()["UUID"]
        for name in ("fn", FUNCTION, "123456789012:function:fn", "fn:$LATEST"):
            response = self.refuses("ResourceConflictException", self.make, 409, FunctionName=name)
            self.assertTrue(response["Error"]["Message"].endswith(f"with UUID {key}"))
            self.assertIn(f'The event source arn (" {self.arn} ") and function (" {name} ")', response["message"])
        self.make(FunctionName="fn:live")

    def test_validates(self):
        for name, value in (
            ("BatchSize", 10001), ("BatchSize", 0), ("MaximumBatchingWindowInSeconds", 301),
            ("ParallelizationFactor", 11), ("MaximumRetryAttempts", 10001), ("TumblingWindowInSeconds", 901),
            ("StartingPosition", "EARLIEST"), ("FunctionResponseTypes", ["All"])):
            self.refuses("ValidationException", self.make, **{name: value})
        for more in (
            {"StartingPosition": None}, {"StartingPosition": "AT_TIMESTAMP"}, {"MaximumRecordAgeInSeconds": 59},
            {"StartingPositionTimestamp": datetime.datetime(2026, 1, 1)},
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:ec2:us-east-1:123456789012:x"}}}):
            given = {name: value for name, value in more.items() if value is not None}
            absent = [name for name, value in more.items() if value is None]
            call = self.without(*absent) if absent else self.make
            self.refuses("InvalidParameterValueException", call, **given)
        self.refuses("ResourceNotFoundException", self.make, 404, FunctionName="missing")
        self.refuses("ResourceNotFoundException", self.make, 404, FunctionName="fn:missing")
        self.refuses("ResourceNotFoundException", self.make, 404, EventSourceArn=self.arn + "x")
        self.assertEqual(self.mappings.list_event_source_mappings()["EventSourceMappings"], [])

    def without(self, name):
        given = {"FunctionName": "fn", "EventSourceArn": self.arn, "StartingPosition": "LATEST"}
        del given[name]
        return lambda: self.mappings.create_event_source_mapping(**given)

    def test_an_empty_destination_takes_it_away(self):
        queue = "arn:aws:sqs:us-east-1:123456789012:q"
        self.settings(readsUntilActive=0)
        made = self.make(DestinationConfig={"OnFailure": {"Destination": queue}})
        self.assertEqual(made["DestinationConfig"]["OnFailure"]["Destination"], queue)
        changed = self.mappings.update_event_source_mapping(
            UUID=made["UUID"], DestinationConfig={"OnFailure": {"Destination": ""}})
        self.assertEqual(changed["DestinationConfig"], {"OnFailure": {}})

    def test_lists_by_page_function_and_stream(self):
        self.settings(pageSize=2, readsUntilActive=0)
        for index in range(5):
            self.fake.control("functions", {"FunctionName": f"f{index}"})
            self.make(FunctionName=f"f{index}")
        self.make(FunctionName="fn:live")
        pages = list(self.mappings.get_paginator("list_event_source_mappings").paginate())
        self.assertEqual([len(page["EventSourceMappings"]) for page in pages], [2, 2, 2])
        self.assertEqual(len({m["UUID"] for page in pages for m in page["EventSourceMappings"]}), 6)
        listing = self.mappings.list_event_source_mappings
        for name, count in (
            ("f1", 1), (FUNCTION[:-2] + "f1", 1), ("fn:live", 1), (FUNCTION + ":live", 1), ("fn", 0)):
            self.assertEqual(len(listing(FunctionName=name)["EventSourceMappings"]), count, name)
        self.assertEqual(len(listing(EventSourceArn=self.arn, MaxItems=1)["EventSourceMappings"]), 1)
        self.assertEqual(listing(EventSourceArn=self.arn + "x")["EventSourceMappings"], [])
        self.refuses("InvalidParameterValueException", listing, Marker="made up")

    def test_tells_of_functions(self):
        self.fake.control("functions", {"FunctionName": "x86", "Architectures": ["x86_64"], "Timeout": 3})
        configuration = self.mappings.get_function(FunctionName="x86")["Configuration"]
        self.assertEqual((configuration["Architectures"], configuration["Timeout"]), (["x86_64"], 3))
        alias = self.mappings.get_function(FunctionName="fn", Qualifier="live")["Configuration"]
        self.assertEqual(alias["FunctionArn"], FUNCTION + ":live")
        self.refuses("ResourceNotFoundException", self.mappings.get_function, 404, FunctionName="missing")


class FigureTests(FakeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = query_protocol_data()
        cls.addClassCleanup(shutil.rmtree, cls.data)

    def setUp(self):
        super().setUp()
        self.cloudwatch = client("cloudwatch", self.fake.url, data=self.data)
        self.end = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
        self.fake.control("metrics", {
            "namespace": "AWS/Kinesis", "metric": "IncomingRecords", "dimensions": {"StreamName": "s"},
            "values": [{"secondsAgo": 120, "value": 1}, {"secondsAgo": 120, "value": 3},
                       {"secondsAgo": 240, "value": 10}]})
        self.metric = {
            "Namespace": "AWS/Kinesis", "MetricName": "IncomingRecords",
            "Dimensions": [{"Name": "StreamName", "Value": "s"}]}
        self.times = {"StartTime": self.end - datetime.timedelta(minutes=10), "EndTime": self.end}

    def test_statistics(self):
        answer = self.cloudwatch.get_metric_statistics(
            **self.metric, **self.times, Period=60, Statistics=["Sum", "Average", "Maximum"])
        figures = sorted((point["Sum"], point["Average"], point["Maximum"]) for point in answer["Datapoints"])
        self.assertEqual(figures, [(4, 2, 3), (10, 10, 10)])
        other = {**self.metric, "Dimensions": []}
        answer = self.cloudwatch.get_metric_statistics(**other, **self.times, Period=60, Statistics=["Sum"])
        self.assertEqual(answer["Datapoints"], [])
        self.refuses(
            "InvalidParameterValue", self.cloudwatch.get_metric_statistics, **self.metric, **self.times, Period=61,
            Statistics=["Sum"])
        self.refuses(
            "InvalidParameterCombination", self.cloudwatch.get_metric_statistics, **self.metric,
            StartTime=self.end - datetime.timedelta(days=2), EndTime=self.end, Period=60, Statistics=["Sum"])

    def test_data(self):
        self.settings(pageSize=1)
        queries = [
            {"Id": name.lower(), "MetricStat": {"Metric": self.metric, "Period": 60, "Stat": name}}
            for name in ("Sum", "p99")]
        found = {
            result["Id"]: result["Values"]
            for page in self.cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries, ScanBy="TimestampAscending", **self.times)
            for result in page["MetricDataResults"]}
        self.assertEqual(found, {"sum": [10, 4], "p99": [10, 3]})


class FaultTests(FakeTestCase):
    def fault(self, operation, kind, **more):
        self.fake.control("faults", {"operation": operation, "kind": kind, **more})

    def put(self):
        return self.kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")

    def count(self):
        return sum(len(shard["records"]) for shard in self.fake.control("records?stream=s")["shards"])

    def test_errors(self):
        self.create()
        self.fault("PutRecord", "throttle", times=2, after=1)
        self.fault("ListStreams", "throttle")
        self.put()
        for _ in range(2):
            self.refuses("ProvisionedThroughputExceededException", self.put)
        self.put()
        self.refuses("LimitExceededException", self.kinesis.list_streams)
        self.fault("*", "500")
        self.refuses("InternalFailure", self.put, 500)
        self.fault("PutRecord", "error", code="KMSDisabledException", message="no", status=400)
        self.refuses("KMSDisabledException", self.put)
        self.fault("ListEventSourceMappings", "throttle", retryAfter=7)
        response = self.refuses("TooManyRequestsException", self.mappings.list_event_source_mappings, 429)
        self.assertEqual(response["ResponseMetadata"]["HTTPHeaders"]["retry-after"], "7")
        self.assertEqual(self.count(), 2)
        self.assertEqual(self.fake.control("faults")["faults"], [])
        calls = self.fake.control("calls?operation=PutRecord")["calls"]
        self.assertEqual([call["status"] for call in calls], [200, 400, 400, 200, 500, 400])

    def test_answers_of_other_services(self):
        identity = client("sts", self.fake.url).get_caller_identity()
        self.assertEqual((identity["Account"], identity["UserId"]), ("123456789012", "AIDAEXAMPLE"))
        queues = client("sqs", self.fake.url)
        self.refuses("UnknownOperationException", queues.list_queues, 404)
        answer = json.dumps({"QueueUrls": ["http://queue"]})
        self.fault("ListQueues", "answer", times=-1, contentType="application/x-amz-json-1.0", body=answer)
        for _ in range(3):
            self.assertEqual(queues.list_queues()["QueueUrls"], ["http://queue"])

    def test_answers_that_are_no_json(self):
        self.create()
        for kind, content_type in (("html", "text/html"), ("xml", "text/xml")):
            self.fault("PutRecord", kind)
            with self.assertRaises(Exception) as caught:
                self.put()
            metadata = getattr(caught.exception, "response", {}).get("ResponseMetadata", {})
            if metadata:
                self.assertEqual(metadata["HTTPHeaders"]["content-type"], content_type)
        self.assertEqual(self.count(), 0)

    def test_connections_that_break(self):
        self.create()
        for kind, stored in (("drop", 0), ("lost", 1)):
            self.fault("PutRecord", kind)
            with self.assertRaises((ConnectionClosedError, HTTPClientError), msg=kind):
                self.put()
            self.assertEqual(self.count(), stored, kind)
        # This client does not detect that half of the response is missing.
        self.fault("PutRecord", "cut")
        self.assertNotIn("ShardId", self.put())
        self.assertEqual(self.count(), 2)
        self.fault("PutRecord", "slow", milliseconds=50)
        self.put()
        self.assertEqual(self.count(), 3)

    def test_a_clock_that_differs(self):
        self.settings(skewSeconds=3600)
        response = self.refuses("InvalidSignatureException", self.kinesis.list_streams, 403)
        date = response["ResponseMetadata"]["HTTPHeaders"]["date"]
        ahead = datetime.datetime.strptime(date, "%a, %d %b %Y %H:%M:%S %Z") - datetime.datetime.utcnow()
        self.assertLess(abs(ahead.total_seconds() - 3600), 60)
        self.settings(skewSeconds=0)
        self.kinesis.list_streams()


class OracleTests(FakeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.log = pathlib.Path(cls.folder.name) / "log"
        cls.oracle = Program(
            "sigv4-oracle.py", "--credential", f"{ACCESS_KEY}:{SECRET}:{TOKEN}", "--upstream", cls.fake.url, "--log",
            str(cls.log))
        cls.addClassCleanup(cls.oracle.stop)

    def test_passes_the_clients_own_signatures(self):
        kinesis = client("kinesis", self.oracle.url)
        kinesis.create_stream(StreamName="s", ShardCount=1)
        self.assertEqual(kinesis.list_streams()["StreamNames"], ["s"])
        self.fake.control("functions", {"FunctionName": "fn", "aliases": ["live"]})
        mappings = client("lambda", self.oracle.url)
        mappings.get_function(FunctionName=FUNCTION + ":live")
        stream = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
        mappings.list_event_source_mappings(FunctionName="fn:live", EventSourceArn=stream)
        logged = [json.loads(line) for line in self.log.read_text().splitlines()]
        self.assertIn(("kinesis", "CreateStream", None), [(l["service"], l["operation"], l["error"]) for l in logged])
        self.assertIn(("lambda", None), [(l["service"], l["error"]) for l in logged])

    def test_refuses_what_is_signed_wrong(self):
        wrong = client("kinesis", self.oracle.url, secret="another")
        self.refuses("SignatureDoesNotMatchException", wrong.list_streams, 403)
        last = json.loads(self.log.read_text().splitlines()[-1])
        self.assertEqual((last["operation"], last["error"]), ("ListStreams", "SignatureDoesNotMatch"))
        self.assertIn("canonical_request", last)
        self.assertEqual(self.fake.control("calls")["calls"], [])
        session = boto3.Session(ACCESS_KEY, SECRET, "another token", "us-east-1")
        other = session.client("kinesis", endpoint_url=self.oracle.url)
        self.refuses("UnrecognizedClientException", other.list_streams, 403)
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(self.oracle.url, b"{}")

    def test_names_the_mistake(self):
        signed = AWSRequest("POST", self.oracle.url + "/", data=b"", headers={"X-Amz-Target": "K.ListStreams"})
        SigV4Auth(Credentials(ACCESS_KEY, SECRET, TOKEN), "kinesis", "us-east-1").add_auth(signed)
        request = urllib.request.Request(self.oracle.url + "/", b"{}", dict(signed.headers))
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        with caught.exception as answer:
            self.assertEqual(json.loads(answer.read())["mistake"], ["hash of an empty body"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
