"""Lambda: event source mappings, and their functions."""
import re
import uuid

from account import ACCOUNT, REGION, Passing
from errors import AWSError
from mapping_shapes import CREATE, UPDATE
from shapes import check
from streams import GONE

FUNCTION = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_.]+)"
    r"(?::(\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?")
DEFAULTS = {
    "BatchSize": 100, "MaximumBatchingWindowInSeconds": 0, "ParallelizationFactor": 1,
    "DestinationConfig": {"OnFailure": {}}, "MaximumRecordAgeInSeconds": -1, "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": -1, "TumblingWindowInSeconds": 0, "FunctionResponseTypes": [],
}
ABSENT_WHEN_NOT_GIVEN = ("FilterCriteria", "KMSKeyArn", "MetricsConfig", "StartingPositionTimestamp")
# Members of a function that only this server uses.
OWN_MEMBERS = ("aliases", "refusals", "refusal")
PASSING_STATES = ("Creating", "Enabling", "Disabling", "Updating", "Deleting")


class Mapping:
    def __init__(self, account, request, function):
        self.uuid = str(uuid.uuid4())
        self.members = {**DEFAULTS, "StartingPosition": request["StartingPosition"]}
        self.source = request["EventSourceArn"]
        self.function = function
        self.result = "No records processed"
        self.take(request)
        self.is_enabled = request.get("Enabled", True)
        self.passing = Passing(account, "Creating", self.resting_state())
        self.modified = round(account.now(), 3)

    def resting_state(self):
        return "Enabled" if self.is_enabled else "Disabled"

    def take(self, request):
        for name in (*DEFAULTS, *ABSENT_WHEN_NOT_GIVEN):
            if name in request:
                self.members[name] = request[name]
        # An empty destination removes it.
        if not self.members["DestinationConfig"].get("OnFailure", {}).get("Destination"):
            self.members["DestinationConfig"] = {"OnFailure": {}}

    def description(self, state):
        return {
            "UUID": self.uuid, **self.members, "EventSourceArn": self.source, "FunctionArn": self.function,
            "EventSourceMappingArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{self.uuid}",
            "LastModified": self.modified, "LastProcessingResult": self.result, "State": state,
            "StateTransitionReason": "User action",
        }


def invalid(message):
    return AWSError("InvalidParameterValueException", message, Type="User")


def missing(message):
    return AWSError("ResourceNotFoundException", message, 404, Type="User")


def function_arn(text):
    """Returns the ARN for any name of a function; a version or alias is kept, except for the default one."""
    match = FUNCTION.fullmatch(text)
    if not match:
        raise invalid(f"{text} is not a function name")
    account, name, qualifier = match.groups()
    arn = f"arn:aws:lambda:{REGION}:{account or ACCOUNT}:function:{name}"
    return arn if qualifier in (None, "$LATEST") else f"{arn}:{qualifier}"


def existing_function(account, text):
    """Returns the function, and its ARN with the requested version or alias."""
    arn = function_arn(text)
    name, _, qualifier = arn.split(":function:")[1].partition(":")
    function = account.functions.get(name)
    if function is None or (qualifier and qualifier not in ("$LATEST.PUBLISHED", *function["aliases"])):
        raise missing(f"Function not found: {arn}")
    return function, arn


def demand_ready(function):
    """Rejects a scripted number of calls that use the function, with AWS's error for its state."""
    if function["refusals"] == 0:
        return
    function["refusals"] -= 1
    state = function["State"]
    if function["refusals"] == 0:
        function["State"] = "Active"
    if state != "Active":
        raise AWSError(
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the following state: "
            f"{state}", 409, Type="User")
    raise invalid(function["refusal"] or "The role defined for the function cannot be assumed by Lambda.")


def get_function(account, name, query):
    qualifier = query.get("Qualifier")
    function, arn = existing_function(account, f"{name}:{qualifier}" if qualifier else name)
    configuration = {key: value for key, value in function.items() if key not in OWN_MEMBERS}
    return {
        "Configuration": {**configuration, "FunctionArn": arn},
        "Code": {"RepositoryType": "S3", "Location": "https://example.invalid/code.zip"},
    }


def check_values(account, request):
    """Checks the rules that the model's ranges do not express."""
    if 0 <= request.get("MaximumRecordAgeInSeconds", -1) < 60:
        raise invalid("Maximum record age in seconds must be -1 or between 60 and 604800")
    destination = request.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    if destination and not re.match(r"arn:aws[a-z-]*:(sqs|sns|s3):|kafka://", destination):
        raise invalid(f"Invalid DestinationConfig: {destination} is not a queue, topic or bucket")
    if "OnSuccess" in request.get("DestinationConfig", {}):
        raise invalid("Unsupported DestinationConfig: OnSuccess is not supported for event source mappings")


def check_source(account, arn):
    stream_arn, _, consumer = arn.partition("/consumer/")
    for stream in account.streams.values():
        if stream.arn == stream_arn and stream.passing.status != GONE:
            if not consumer or any(arn == known.arn for known in stream.consumers.values()):
                return
    raise missing(f"Stream not found: {arn}")


def create(account, request):
    check(CREATE, request)
    if "EventSourceArn" not in request:
        raise invalid("Event source ARN is required")
    if "StartingPosition" not in request:
        raise invalid("Starting position is required")
    needs_time = request["StartingPosition"] == "AT_TIMESTAMP"
    if needs_time and "StartingPositionTimestamp" not in request:
        raise invalid("Need to specify a timestamp")
    if not needs_time and "StartingPositionTimestamp" in request:
        raise invalid("StartingPositionTimestamp is for StartingPosition AT_TIMESTAMP")
    if request.get("StartingPositionTimestamp", 0) > account.now():
        raise invalid("StartingPositionTimestamp must not be in the future")
    check_values(account, request)
    source = request["EventSourceArn"]
    known, function = existing_function(account, request["FunctionName"])
    demand_ready(known)
    check_source(account, source)
    for mapping in present(account):
        if (mapping.source, mapping.function) == (source, function):
            name = request["FunctionName"]
            raise AWSError(
                "ResourceConflictException",
                f'The event source arn (" {source} ") and function (" {name} ") provided mapping already exists. '
                f"Please update or delete the existing mapping with UUID {mapping.uuid}", 409, Type="User")
    mapping = Mapping(account, request, function)
    account.mappings[mapping.uuid] = mapping
    return mapping.description("Creating")


def present(account):
    for key in [key for key, mapping in account.mappings.items() if mapping.passing.status == GONE]:
        del account.mappings[key]
    return list(account.mappings.values())


def mapping_of(account, key):
    present(account)
    if key not in account.mappings:
        raise missing("The resource you requested does not exist.")
    return account.mappings[key]


def get(account, key):
    mapping = mapping_of(account, key)
    return mapping.description(mapping.passing.read())


def update(account, key, request):
    # AWS ignores members that only a creation can set; here they are rejected as unknown.
    check(UPDATE, request)
    check_values(account, request)
    mapping = mapping_of(account, key)
    demand_rest(mapping, "update")
    if "FunctionName" in request:
        known, function = existing_function(account, request["FunctionName"])
        demand_ready(known)
        mapping.function = function
    mapping.take(request)
    was_enabled, mapping.is_enabled = mapping.is_enabled, request.get("Enabled", mapping.is_enabled)
    passing = "Updating"
    if was_enabled != mapping.is_enabled:
        passing = "Enabling" if mapping.is_enabled else "Disabling"
    mapping.passing.turn(passing, mapping.resting_state())
    mapping.modified = round(account.now(), 3)
    return mapping.description(passing)


def delete(account, key):
    mapping = mapping_of(account, key)
    demand_rest(mapping, "delete")
    mapping.passing.turn("Deleting", GONE)
    return mapping.description("Deleting")


def demand_rest(mapping, verb):
    if mapping.passing.status in PASSING_STATES:
        # Only this error has its message in a member with another case.
        raise AWSError(
            "ResourceInUseException", f"Cannot {verb} the event source mapping because it is in use.", Type="User")


def list_mappings(account, query):
    for name in query:
        if name not in ("EventSourceArn", "FunctionName", "Marker", "MaxItems"):
            raise AWSError("SerializationException", f"{name} is not a member of this request")
    found = present(account)
    if "FunctionName" in query:
        arn = function_arn(query["FunctionName"])
        found = [mapping for mapping in found if mapping.function == arn]
    if "EventSourceArn" in query:
        found = [mapping for mapping in found if mapping.source == query["EventSourceArn"]]
    if "Marker" in query:
        if account.tokens.get(query["Marker"]) is None:
            raise invalid("Invalid Marker")
        rest = account.rest_of(query["Marker"])
        found = [mapping for mapping in found if mapping.uuid in rest]
    page, rest = account.page(found, max_items(query), 100)
    listing = {"EventSourceMappings": [mapping.description(mapping.passing.read()) for mapping in page]}
    if rest:
        listing["NextMarker"] = account.keep_token({mapping.uuid for mapping in rest})
    return listing


def max_items(query):
    text = query.get("MaxItems", "100")
    if not text.isdecimal() or not 1 <= int(text) <= 10000:
        raise AWSError(
            "ValidationException",
            f"1 validation error detected: Value '{text}' at 'maxItems' failed to satisfy constraint: Member must "
            "have value between 1 and 10000")
    return int(text)
