"""The account of the services, and the settings that tests change."""
import random
import time
import uuid
from dataclasses import dataclass, fields

from errors import AWSError

ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass
class Settings:
    """The settings that a test can change under /_control/settings, by the same names."""

    pageSize: int = 100  # the maximum number of entries of a page
    readsUntilActive: int = 2  # reads that still show a stream, consumer or mapping in its passing state
    failureRate: float = 0.0  # share of the put entries that are refused
    seed: int = 1
    recordBytes: int = 1024 * 1024  # data and partition key
    requestBytes: int = 5 * 1024 * 1024
    iteratorUses: int = 0  # GetRecords calls after which the iterator has expired; 0 for never
    emptyReads: int = 0  # GetRecords calls from each new iterator that find nothing, although there are records
    recordsPerRead: int = 10000
    shardLimit: int = 500
    shardCountUpdates: int = 10  # a stream's UpdateShardCount calls in a day
    skewSeconds: float = 0.0  # how far this server's clock is ahead of the true one
    skewCode: str = ""  # the error's code when a request's date is too far off; empty for the service's own

    def update(self, given):
        known = {field.name: field.type for field in fields(self)}
        for name, value in given.items():
            if name not in known:
                raise AWSError("UnknownSetting", f"{name} is not a setting; expected one of {', '.join(known)}")
            setattr(self, name, known[name](value))


class Account:
    """The whole state, protected by one lock of the server."""

    def __init__(self):
        self.settings = Settings()
        self.streams = {}
        self.iterators = {}
        self.tokens = {}
        self.functions = {}
        self.commitment = "DISABLED"  # to on-demand Advantage
        self.mappings = {}
        self.metrics = []
        self.calls = []
        self.chance = random.Random(self.settings.seed)

    def now(self):
        return time.time() + self.settings.skewSeconds

    def page(self, entries, asked, default):
        """Returns the first page of `entries`, and the rest."""
        size = min(asked or default, default, self.settings.pageSize)
        return entries[:size], entries[size:]

    def keep_token(self, rest):
        """Returns a token for the rest of a listing, which can be used any number of times until it expires."""
        token = f"AAAAA+{uuid.uuid4().hex}/{uuid.uuid4().hex}=="
        self.tokens[token] = rest
        return token

    def rest_of(self, token):
        if token not in self.tokens:
            raise AWSError("InvalidArgumentException", "The NextToken is invalid.")
        rest = self.tokens[token]
        if rest is None:
            raise AWSError("ExpiredNextTokenException", "The NextToken has expired.")
        return rest

    def expire(self, what):
        """Makes all tokens or iterators issued so far expire."""
        held = {"tokens": self.tokens, "iterators": self.iterators}[what]
        for key in held:
            held[key] = None


class Passing:
    """A status that changes to another one after a number of reads."""

    def __init__(self, account, status, then):
        self.account = account
        self.turn(status, then)

    def turn(self, status, then):
        self.status, self.then = status, then
        self.reads = self.account.settings.readsUntilActive
        if not self.reads:
            self.status = then

    def read(self):
        """Returns the status for this read."""
        shown = self.status
        if self.status != self.then:
            self.reads -= 1
            if self.reads <= 0:
                self.status = self.then
        return shown
