"""Kinesis: all of its operations."""
import consumers
import records
import stream_settings
import streams_api
from errors import AWSError
from kinesis_shapes import SHAPES
from shapes import check

OPERATIONS = {
    **streams_api.OPERATIONS, **stream_settings.OPERATIONS, **consumers.OPERATIONS, **records.OPERATIONS,
}


def answer(account, operation, request):
    """Returns the members of the response."""
    if operation not in SHAPES:
        raise AWSError("UnknownOperationException", f"{operation} is not supported by this server")
    check(SHAPES[operation], request)
    return OPERATIONS[operation](account, request) or {}
