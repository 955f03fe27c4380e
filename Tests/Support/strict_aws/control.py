"""The interface for tests under /_control."""
import dataclasses

from account import ACCOUNT, Account
from errors import AWSError
from faults import Faults


def answer(server, method, path, query, request):
    """Returns the response to a request under /_control."""
    handler = HANDLERS.get((method, path.removeprefix("/_control/")))
    if handler is None:
        known = ", ".join(f"{verb} {name}" for verb, name in HANDLERS)
        raise AWSError("UnknownControl", f"{method} {path} is not a control; expected one of {known}", 404)
    return handler(server, query, request) or {}


def reset(server, query, request):
    server.account, server.faults = Account(), Faults()


def settings(server, query, request):
    account = server.account
    account.settings.update(request)
    if "seed" in request:
        account.chance.seed(account.settings.seed)
    return dataclasses.asdict(account.settings)


def faults(server, query, request):
    for fault in request if isinstance(request, list) else [request]:
        server.faults.add(fault)


def faults_left(server, query, request):
    return {"faults": [dataclasses.asdict(fault) for fault in server.faults.waiting]}


def expire(server, query, request):
    """{"what": "iterators"} or {"what": "tokens"}"""
    server.account.expire(request["what"])


def function(server, query, request):
    """Creates a function: {"FunctionName": ..., "aliases": [...]} and members of GetFunction's Configuration.

    The next `refusals` mappings of it are refused: by its State, if that is not Active, or because of its role, in the
    words of `refusal`, if given. Then it is Active.
    """
    name = request["FunctionName"]
    server.account.functions[name] = {
        "Runtime": "provided.al2023", "Handler": "bootstrap", "Architectures": ["arm64"], "Timeout": 60,
        "MemorySize": 256, "State": "Active", "LastUpdateStatus": "Successful", "PackageType": "Zip",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}", "Version": "$LATEST", "aliases": [],
        "refusals": 0, "refusal": "", **request,
    }


def mapping(server, query, request):
    """Sets a mapping's status in Lambda: {"UUID": ..., "LastProcessingResult": ...}"""
    server.account.mappings[request["UUID"]].result = request["LastProcessingResult"]


def metric(server, query, request):
    """{"namespace", "metric", "dimensions": {}, "values": [{"secondsAgo": 90, "value": 1.5}, ...]}"""
    now = server.account.now()
    for value in request["values"]:
        server.account.metrics.append({
            "namespace": request["namespace"], "metric": request["metric"],
            "dimensions": request.get("dimensions", {}), "unit": request.get("unit", "None"),
            "time": now - value["secondsAgo"], "value": value["value"]})


def trim(server, query, request):
    """Makes the oldest records of a shard expire: {"stream", "shard", "records": 3}"""
    shard = server.account.streams[request["stream"]].shard(request["shard"])
    shard.trimmed = min(len(shard.records), shard.trimmed + request["records"])


def records(server, query, request):
    """Returns all records of a stream by shard, in order."""
    stream = server.account.streams[query["stream"]]
    return {"shards": [
        {"shardId": shard.id, "isOpen": shard.is_open, "records": [
            {
                "partitionKey": record.partition_key, "data": record.data,
                "sequenceNumber": str(record.sequence_number),
            }
            for record in shard.records
        ]}
        for shard in stream.shards
    ]}


def calls(server, query, request):
    """Returns all calls since the reset, or those of ?operation=."""
    wanted = query.get("operation")
    return {"calls": [call for call in server.account.calls if wanted in (None, call["operation"])]}


HANDLERS = {
    ("POST", "reset"): reset,
    ("POST", "settings"): settings,
    ("POST", "faults"): faults,
    ("GET", "faults"): faults_left,
    ("POST", "expire"): expire,
    ("POST", "functions"): function,
    ("POST", "mappings"): mapping,
    ("POST", "metrics"): metric,
    ("POST", "trim"): trim,
    ("GET", "records"): records,
    ("GET", "calls"): calls,
}
