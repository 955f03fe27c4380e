"""Scripted faults of calls."""
from dataclasses import dataclass, field, fields

from errors import AWSError

KINDS = ("throttle", "500", "error", "answer", "html", "xml", "drop", "lost", "cut", "slow")
DATA_OPERATIONS = ("PutRecord", "PutRecords", "GetRecords", "GetShardIterator")
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
XML = (
    b'<?xml version="1.0"?>\n<ErrorResponse><Error><Code>ServiceUnavailable</Code>'
    b"<Message>Service is unavailable.</Message></Error></ErrorResponse>\n")


@dataclass
class Fault:
    """One kind of fault of one operation ("*" for all), for the next `times` calls after `after` successful ones.

    `times` -1 means always. The operation can be one that this server does not implement.

    drop   the connection closes before the call is processed
    lost   the call is processed, and the connection closes without a response
    cut    the call is processed, and the connection closes in the middle of the response
    slow   the call is processed after `milliseconds`
    error  `code`, `message` and `status` as given; throttle and 500 have their own
    answer `status`, `contentType`, `headers` and `body` as given
    """

    operation: str
    kind: str
    times: int = 1
    after: int = 0
    milliseconds: int = 0
    code: str = ""
    message: str = ""
    status: int = 0
    retryAfter: int | None = None
    contentType: str = "application/x-amz-json-1.1"
    body: str = ""
    headers: dict = field(default_factory=dict)

    def whole_answer(self):
        """The status, content type and body, if the fault specifies all of them."""
        if self.kind == "html":
            return self.status or 502, "text/html", HTML
        if self.kind == "xml":
            return self.status or 502, "text/xml", XML
        return self.status or 200, self.contentType, self.body.encode()

    def error(self, service, operation):
        code, message, status = {
            "throttle": throttling(service, operation),
            "500": ("InternalFailure", "Internal service failure.", 500),
            "error": ("ValidationException", "An error was asked for.", 400),
        }[self.kind]
        members = {}
        if self.retryAfter is not None and service == "lambda":
            members = {"retryAfterSeconds": str(self.retryAfter), "Reason": "CallerRateLimitExceeded"}
        return AWSError(self.code or code, self.message or message, self.status or status, **members)


def throttling(service, operation):
    if service == "lambda":
        return "TooManyRequestsException", "Rate exceeded", 429
    if service != "kinesis":
        return "Throttling", "Rate exceeded", 400
    if operation in DATA_OPERATIONS:
        return "ProvisionedThroughputExceededException", "Rate exceeded for the stream's shard.", 400
    return "LimitExceededException", f"Rate exceeded for {operation}.", 400


class Faults:
    def __init__(self):
        self.waiting = []

    def add(self, given):
        known = [field.name for field in fields(Fault)]
        for name in given:
            if name not in known:
                raise AWSError("UnknownFault", f"{name} is not a member of a fault; expected one of {', '.join(known)}")
        fault = Fault(**given)
        if fault.kind not in KINDS:
            raise AWSError("UnknownFault", f"{fault.kind} is not a kind of fault; expected one of {', '.join(KINDS)}")
        self.waiting.append(fault)

    def take(self, operation):
        """Returns the fault of this call, if any."""
        for fault in self.waiting:
            if fault.operation not in (operation, "*"):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times == 0:
                self.waiting.remove(fault)
            return fault
        return None
