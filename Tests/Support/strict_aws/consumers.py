"""Kinesis: enhanced fan-out consumers."""
from account import ACCOUNT
from errors import AWSError
from lookups import present_consumers, stream_of, stream_to_change
from streams import GONE, Consumer


def register_consumer(account, request):
    stream = stream_to_change(account, request)
    name = request["ConsumerName"]
    consumers = present_consumers(stream)
    if name in consumers:
        raise AWSError(
            "ResourceInUseException", f"Consumer {name} under stream {stream.name} already exists.")
    limit = 50 if stream.mode == "ON_DEMAND" and account.commitment == "ENABLED" else 20
    if len(consumers) >= limit:
        raise AWSError("LimitExceededException", f"Stream {stream.name} has {limit} consumers, which is the limit.")
    if sum(consumer.passing.status == "CREATING" for consumer in consumers.values()) >= 5:
        raise AWSError("LimitExceededException", f"Stream {stream.name} has 5 consumers that are being registered.")
    consumer = Consumer(account, stream, name)
    stream.consumers[name] = consumer
    return {"Consumer": consumer.description(consumer.passing.status)}


def consumer_of(account, request):
    name, arn = request.get("ConsumerName"), request.get("ConsumerARN")
    if arn is None and (name is None or "StreamARN" not in request):
        raise AWSError(
            "InvalidArgumentException", "Either ConsumerARN, or StreamARN and ConsumerName should be provided.")
    stream_arn = arn.split("/consumer/")[0] if arn else request["StreamARN"]
    stream = stream_of(account, {"StreamARN": stream_arn})
    for consumer in present_consumers(stream).values():
        if consumer.arn == arn or (arn is None and consumer.name == name):
            return stream, consumer
    raise AWSError("ResourceNotFoundException", f"Consumer {name or arn}, account {ACCOUNT} not found.")


def describe_consumer(account, request):
    stream, consumer = consumer_of(account, request)
    description = consumer.description(consumer.passing.read())
    return {"ConsumerDescription": {**description, "StreamARN": stream.arn}}


def deregister_consumer(account, request):
    _, consumer = consumer_of(account, request)
    if consumer.passing.status == "CREATING":
        raise AWSError("ResourceInUseException", f"Consumer {consumer.name} is not ACTIVE, but CREATING.")
    if consumer.passing.status != "DELETING":
        consumer.passing.turn("DELETING", GONE)


def list_consumers(account, request):
    token = request.get("NextToken")
    if token and "StreamCreationTimestamp" in request:
        raise AWSError(
            "InvalidArgumentException", "NextToken and StreamCreationTimestamp cannot be provided together.")
    consumers = account.rest_of(token) if token else list(present_consumers(stream_of(account, request)).values())
    page, rest = account.page(consumers, request.get("MaxResults"), 100)
    listing = {"Consumers": [consumer.description(consumer.passing.read()) for consumer in page]}
    if rest:
        listing["NextToken"] = account.keep_token(rest)
    return listing


OPERATIONS = {
    "RegisterStreamConsumer": register_consumer,
    "DescribeStreamConsumer": describe_consumer,
    "DeregisterStreamConsumer": deregister_consumer,
    "ListStreamConsumers": list_consumers,
}
