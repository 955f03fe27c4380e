"""The plain handler for awslambdaric: decodes each record's data, and reports those that are no JSON."""
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
