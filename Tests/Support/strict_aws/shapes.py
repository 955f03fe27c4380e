"""Validation of a request's members against the API model.

AWS passes over a member that it does not know. Here it is refused, so that a misspelt one shows.
"""
import base64
import binascii
import re
from dataclasses import dataclass, replace

from errors import AWSError, validation


@dataclass(frozen=True)
class Member:
    """`minimum` and `maximum` limit an integer's value, or the length of a string, a blob, a list or a map."""

    kind: str
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    choices: tuple = ()
    item: "Member | None" = None
    members: "dict | None" = None


def string(minimum=None, maximum=None, pattern=None, choices=()):
    return Member("string", minimum=minimum, maximum=maximum, pattern=pattern, choices=choices)


def integer(minimum=None, maximum=None):
    return Member("integer", minimum=minimum, maximum=maximum)


def blob(maximum):
    return Member("blob", minimum=0, maximum=maximum)


def list_of(item, minimum=None, maximum=None):
    return Member("list", minimum=minimum, maximum=maximum, item=item)


def map_of(item, minimum=None, maximum=None):
    return Member("map", minimum=minimum, maximum=maximum, item=item)


def structure(**members):
    return Member("structure", members=members)


def required(member):
    return replace(member, required=True)


boolean = Member("boolean")
timestamp = Member("timestamp")

TYPES = {
    "string": str, "blob": str, "boolean": bool, "integer": int, "timestamp": (int, float),
    "list": list, "map": dict, "structure": dict,
}


def check(members, request):
    """Raises AWS's error if `request` does not match `members`."""
    if not isinstance(request, dict):
        raise AWSError("SerializationException", "the request is not a JSON object")
    complaints = list(complaints_of_members(members, request, ""))
    if complaints:
        raise validation(*complaints)


def complaints_of_members(members, values, path):
    for name in values:
        if name not in members:
            raise AWSError("SerializationException", f"{path}{name} is not a member of this request")
    for name, member in members.items():
        value = values.get(name)
        location = path + name[0].lower() + name[1:]
        if value is not None:
            yield from complaints_of(member, value, location)
        elif member.required:
            yield complaint("null", location, "not be null")


def complaints_of(member, value, location):
    is_number = member.kind in ("integer", "timestamp")
    if not isinstance(value, TYPES[member.kind]) or (is_number and isinstance(value, bool)):
        raise AWSError("SerializationException", f"{location} must be a {member.kind}, not {value!r:.100}")
    if member.kind == "blob":
        value = decoded(value, location)
    measure, what = (value, "value") if member.kind == "integer" else (0, "length")
    if member.kind in ("string", "blob", "list", "map"):
        measure = len(value)
    if member.minimum is not None and measure < member.minimum:
        yield complaint(value, location, f"have {what} greater than or equal to {member.minimum}")
    if member.maximum is not None and measure > member.maximum:
        yield complaint(value, location, f"have {what} less than or equal to {member.maximum}")
    if member.pattern and not re.fullmatch(member.pattern, value):
        yield complaint(value, location, f"satisfy regular expression pattern: {member.pattern}")
    if member.choices and value not in member.choices:
        yield complaint(value, location, f"satisfy enum value set: [{', '.join(member.choices)}]")
    yield from complaints_within(member, value, location)


def complaints_within(member, value, location):
    if member.kind == "structure":
        yield from complaints_of_members(member.members, value, location + ".")
    elif member.kind == "list":
        for index, item in enumerate(value, 1):
            yield from complaints_of(member.item, item, f"{location}.{index}.member")
    elif member.kind == "map":
        for key, item in value.items():
            yield from complaints_of(member.item, item, f"{location}.{key}.member")


def complaint(value, location, demand):
    shown = f"'{value}' " if isinstance(value, (str, int)) and value != "null" else ""
    return f"Value {shown[:200]}at '{location}' failed to satisfy constraint: Member must {demand}"


def decoded(text, location):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AWSError("SerializationException", f"{location} is not base64") from None
