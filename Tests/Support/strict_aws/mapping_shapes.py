"""The members of a mapping's creation and update, from the API model, as far as they apply to Kinesis."""
from shapes import boolean, integer, list_of, map_of, required, string, structure, timestamp

ARN = r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
FUNCTION_NAME = string(
    1, 256,
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?")
# The model's "$" matches the empty text, which removes a destination.
DESTINATION = structure(Destination=string(0, 350, r"|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|" + ARN))

UPDATE = {
    "FunctionName": FUNCTION_NAME,
    "Enabled": boolean,
    "BatchSize": integer(1, 10000),
    "FilterCriteria": structure(Filters=list_of(structure(Pattern=string(0, 4096)))),
    "KMSKeyArn": string(0, 10000, r"(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()"),
    "MetricsConfig": structure(Metrics=list_of(string(choices=("EventCount", "ErrorCount", "KafkaMetrics")), 0, 3)),
    "MaximumBatchingWindowInSeconds": integer(0, 300),
    "ParallelizationFactor": integer(1, 10),
    "DestinationConfig": structure(OnSuccess=DESTINATION, OnFailure=DESTINATION),
    "MaximumRecordAgeInSeconds": integer(-1, 604800),
    "BisectBatchOnFunctionError": boolean,
    "MaximumRetryAttempts": integer(-1, 10000),
    "TumblingWindowInSeconds": integer(0, 900),
    "FunctionResponseTypes": list_of(string(choices=("ReportBatchItemFailures",)), 0, 1),
}
CREATE = {
    **UPDATE,
    "FunctionName": required(FUNCTION_NAME),
    "EventSourceArn": string(0, 10000, ARN),
    "StartingPosition": string(choices=("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP")),
    "StartingPositionTimestamp": timestamp,
    "Tags": map_of(string(0, 256)),
}
