"""CloudWatch: metrics that tests have set, with the query protocol."""
import datetime
import math
import random
import re
from collections import defaultdict

from errors import AWSError

NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
MAXIMUM_DATAPOINTS = {"GetMetricStatistics": 1440, "GetMetricData": 100_800}
STATISTICS = {
    "Sum": sum, "Average": lambda values: sum(values) / len(values), "Minimum": min, "Maximum": max,
    "SampleCount": len,
}


def answer(account, operation, form):
    """Returns the members of the response; lists become <member> elements."""
    operations = {"GetMetricStatistics": get_metric_statistics, "GetMetricData": get_metric_data}
    if operation not in operations:
        raise AWSError("InvalidAction", f"Could not find operation {operation} for version 2010-08-01")
    if form.get("Version") != "2010-08-01":
        raise AWSError("InvalidAction", f"Could not find operation {operation} for version {form.get('Version')}")
    return operations[operation](account, nested(form))


def nested(form):
    """Returns `A.member.1.B=x` as {"A": [{"B": "x"}]}."""
    tree = {}
    for name, value in form.items():
        *parents, last = name.replace(".member.", ".#").split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return listed(tree)


def listed(tree):
    if not isinstance(tree, dict):
        return tree
    if tree and all(name.startswith("#") for name in tree):
        numbers = sorted(int(name[1:]) for name in tree)
        if numbers != list(range(1, len(numbers) + 1)):
            raise AWSError("MalformedInput", f"list members are numbered {numbers}")
        return [listed(tree[f"#{number}"]) for number in numbers]
    return {name: listed(value) for name, value in tree.items()}


def demand(request, *names):
    for name in names:
        if not request.get(name):
            raise AWSError("MissingParameter", f"The parameter {name} is required.")


def moment(text):
    try:
        parsed = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise AWSError("MalformedInput", f"timestamp must follow ISO8601: {text}") from None
    return parsed.replace(tzinfo=parsed.tzinfo or datetime.timezone.utc).timestamp()


def time_text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def period_of(text, start, end, operation):
    period = int(text) if text.isdecimal() else 0
    if period not in (1, 5, 10, 20, 30) and (period <= 0 or period % 60):
        raise AWSError("InvalidParameterValue", f"Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {text}")
    if start >= end:
        raise AWSError("InvalidParameterCombination", "StartTime must be less than EndTime.")
    if (end - start) / period > MAXIMUM_DATAPOINTS[operation]:
        raise AWSError(
            "InvalidParameterCombination",
            f"You have requested up to {math.ceil((end - start) / period)} datapoints, which exceeds the limit of "
            f"{MAXIMUM_DATAPOINTS[operation]}.")
    return period


def periods(account, metric, start, end, period):
    """Returns the metric's values by the start of their period; the dimensions must match exactly."""
    wanted = {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions", [])}
    values = defaultdict(list)
    unit = "None"
    for value in account.metrics:
        is_wanted = (value["namespace"], value["metric"]) == (metric["Namespace"], metric["MetricName"])
        period_start = value["time"] // period * period
        if is_wanted and value["dimensions"] == wanted and start // period * period <= period_start < end:
            values[period_start].append(value["value"])
            unit = value["unit"]
    return values, unit


def statistic(name, values):
    if name in STATISTICS:
        return float(STATISTICS[name](values))
    match = re.fullmatch(r"p(\d{1,2}(?:\.\d+)?|100)", name)
    if not match:
        raise AWSError("InvalidParameterValue", f"{name} is not a statistic")
    rank = math.ceil(float(match[1]) / 100 * len(values))
    return float(sorted(values)[max(rank, 1) - 1])


def get_metric_statistics(account, request):
    demand(request, "Namespace", "MetricName", "StartTime", "EndTime", "Period")
    names, extended = request.get("Statistics", []), request.get("ExtendedStatistics", [])
    if not names and not extended:
        raise AWSError("InvalidParameterCombination", "At least one of Statistics and ExtendedStatistics is needed.")
    for name in names:
        if name not in STATISTICS:
            raise AWSError("InvalidParameterValue", f"{name} is not a member of Statistics")
    start, end = moment(request["StartTime"]), moment(request["EndTime"])
    period = period_of(request["Period"], start, end, "GetMetricStatistics")
    values, unit = periods(account, request, start, end, period)
    datapoints = []
    for period_start, found in values.items():
        datapoint = {"Timestamp": time_text(period_start), "Unit": unit}
        datapoint |= {name: statistic(name, found) for name in names}
        if extended:
            datapoint["ExtendedStatistics"] = Entries((name, statistic(name, found)) for name in extended)
        datapoints.append(datapoint)
    # AWS does not guarantee an order.
    random.Random(1).shuffle(datapoints)
    return {"Label": request["MetricName"], "Datapoints": datapoints}


class Entries(dict):
    """A map, which the query protocol writes as <entry> elements."""


def get_metric_data(account, request):
    demand(request, "MetricDataQueries", "StartTime", "EndTime")
    start, end = moment(request["StartTime"]), moment(request["EndTime"])
    queries = request["MetricDataQueries"]
    if len(queries) > 500:
        raise AWSError("ValidationError", "The collection MetricDataQueries must not have a size greater than 500.")
    results = [result_of(account, query, start, end, request) for query in queries]
    if len({result["Id"] for result in results}) != len(results):
        raise AWSError("ValidationError", "The values for parameter id in MetricDataQueries are not unique.")
    results = [
        result for result, query in zip(results, queries) if query.get("ReturnData", "true") != "false"]
    if "NextToken" in request:
        results = [result for result in results if result["Id"] in account.rest_of(request["NextToken"])]
    page, rest = account.page(results, None, 500)
    answer = {"MetricDataResults": page}
    if rest:
        answer["NextToken"] = account.keep_token({result["Id"] for result in rest})
    return answer


def result_of(account, query, start, end, request):
    demand(query, "Id", "MetricStat")
    if not re.fullmatch(r"[a-z][a-zA-Z0-9_]*", query["Id"]):
        raise AWSError("ValidationError", f"The value {query['Id']} of Id does not match [a-z][a-zA-Z0-9_]*")
    stat = query["MetricStat"]
    demand(stat, "Metric", "Period", "Stat")
    demand(stat["Metric"], "Namespace", "MetricName")
    period = period_of(stat["Period"], start, end, "GetMetricData")
    values, _ = periods(account, stat["Metric"], start, end, period)
    order = sorted(values, reverse=request.get("ScanBy", "TimestampDescending") == "TimestampDescending")
    return {
        "Id": query["Id"], "Label": query.get("Label", stat["Metric"]["MetricName"]), "StatusCode": "Complete",
        "Timestamps": [time_text(time) for time in order],
        "Values": [statistic(stat["Stat"], values[time]) for time in order],
    }
