"""A simple handler for awslambdaric that decodes each record's data and reports records that are not JSON."""
import base64
import json


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            json.loads(base64.b64decode(record["kinesis"]["data"]))
        except ValueError:
            failures.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
    return {"batchItemFailures": failures}
