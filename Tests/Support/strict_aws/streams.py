"""Streams and shards: their states, hash ranges, and how they split and merge."""
import random

from account import ACCOUNT, REGION, Passing
from errors import AWSError

HASH_KEYS = 1 << 128
GONE = "gone"


class Shard:
    def __init__(self, number, low, high, first_sequence_number, parents=()):
        self.id = f"shardId-{number:012}"
        self.low, self.high = low, high
        self.first_sequence_number = first_sequence_number
        self.last_sequence_number = None  # set when it is closed
        self.parents = list(parents)
        self.records = []
        self.trimmed = 0  # records that are too old to be read

    @property
    def is_open(self):
        return self.last_sequence_number is None

    def description(self):
        sequence_numbers = {"StartingSequenceNumber": str(self.first_sequence_number)}
        if not self.is_open:
            sequence_numbers["EndingSequenceNumber"] = str(self.last_sequence_number)
        description = {
            "ShardId": self.id,
            "HashKeyRange": self.hash_key_range(),
            "SequenceNumberRange": sequence_numbers,
        }
        for name, parent in zip(("ParentShardId", "AdjacentParentShardId"), self.parents):
            description[name] = parent
        return description

    def hash_key_range(self):
        return {"StartingHashKey": str(self.low), "EndingHashKey": str(self.high)}


class Stream:
    def __init__(self, account, name, mode, shard_count):
        self.account = account
        self.name, self.mode = name, mode
        self.arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"
        self.created = round(account.now(), 3)
        self.passing = Passing(account, "CREATING", "ACTIVE")
        self.retention_hours = 24
        self.key_id = None
        self.metrics = []
        self.tags = {}
        self.consumers = {}
        self.record_bytes = None
        self.distribution = "USER_PARTITION_KEY"
        self.mode_updates = self.shard_count_updates = 0
        # 56 digits, as in AWS; the differences vary.
        self.sequence_number = 49_590 * 10**51 + random.Random(name).randrange(10**50)
        self.steps = random.Random(name)
        self.shards = []
        for low, high in even_ranges(shard_count):
            self.add_shard(low, high)

    def next_sequence_number(self):
        self.sequence_number += self.steps.randrange(1, 1 << 60)
        return self.sequence_number

    def open_shards(self):
        return sorted((shard for shard in self.shards if shard.is_open), key=lambda shard: shard.low)

    def shard(self, shard_id):
        for shard in self.shards:
            if shard.id == shard_id:
                return shard
        raise AWSError(
            "ResourceNotFoundException",
            f"Could not find shard {shard_id} in stream {self.name} under account {ACCOUNT}.")

    def children(self, shard):
        return [child for child in self.shards if shard.id in child.parents]

    def shard_for(self, hash_key):
        return next(shard for shard in self.open_shards() if shard.low <= hash_key <= shard.high)

    def demand_active(self):
        if self.passing.status != "ACTIVE":
            raise AWSError(
                "ResourceInUseException",
                f"Stream {self.name} under account {ACCOUNT} not ACTIVE, instead in state {self.passing.status}")

    def update(self):
        """Marks the start of a change."""
        self.passing.turn("UPDATING", "ACTIVE")

    def add_shard(self, low, high, parents=()):
        shard = Shard(len(self.shards), low, high, self.next_sequence_number(), [parent.id for parent in parents])
        self.shards.append(shard)
        return shard

    def close(self, shard):
        shard.last_sequence_number = self.next_sequence_number()

    def split(self, shard, middle):
        """Replaces the shard by two children, of which the upper one starts at `middle`."""
        self.close(shard)
        return self.add_shard(shard.low, middle - 1, [shard]), self.add_shard(middle, shard.high, [shard])

    def merge(self, lower, upper):
        self.close(lower)
        self.close(upper)
        return self.add_shard(lower.low, upper.high, [lower, upper])

    def reshard(self, count):
        """Creates equal ranges with splits and merges only, as AWS does; intermediate shards are closed and empty."""
        targets = even_ranges(count)
        for low, _ in targets:
            shard = self.shard_for(low)
            if shard.low != low:
                self.split(shard, low)
        for low, high in targets:
            merged, *others = [shard for shard in self.open_shards() if low <= shard.low <= high]
            for other in others:
                merged = self.merge(merged, other)


class Consumer:
    def __init__(self, account, stream, name):
        self.name = name
        self.created = round(account.now(), 3)
        self.arn = f"{stream.arn}/consumer/{name}:{int(self.created)}"
        self.passing = Passing(account, "CREATING", "ACTIVE")

    def description(self, status):
        return {
            "ConsumerName": self.name, "ConsumerARN": self.arn, "ConsumerStatus": status,
            "ConsumerCreationTimestamp": self.created,
        }


def even_ranges(count):
    edges = [HASH_KEYS * index // count for index in range(count + 1)]
    return [(low, high - 1) for low, high in zip(edges, edges[1:])]
