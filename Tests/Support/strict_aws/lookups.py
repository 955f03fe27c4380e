"""Lookup of the stream of a request."""
from account import ACCOUNT
from errors import AWSError
from streams import GONE


def stream_of(account, request):
    """Returns the stream of the request."""
    name, arn = request.get("StreamName"), request.get("StreamARN")
    if not name and not arn:
        raise AWSError("InvalidArgumentException", "Either StreamName or StreamARN should be provided.")
    from_arn = arn.split(":stream/")[1] if arn else name
    if name and from_arn != name:
        raise AWSError("InvalidArgumentException", "StreamName and StreamARN are of different streams.")
    stream = account.streams.get(from_arn)
    if stream is None or stream.passing.status == GONE or (arn and arn != stream.arn):
        raise AWSError("ResourceNotFoundException", f"Stream {from_arn} under account {ACCOUNT} not found.")
    return stream


def stream_to_change(account, request):
    stream = stream_of(account, request)
    stream.demand_active()
    return stream


def existing(account):
    for name in [name for name, stream in account.streams.items() if stream.passing.status == GONE]:
        del account.streams[name]
    return [account.streams[name] for name in sorted(account.streams)]


def present_consumers(stream):
    stream.consumers = {
        name: consumer for name, consumer in stream.consumers.items() if consumer.passing.status != GONE}
    return stream.consumers
