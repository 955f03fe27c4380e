#!/usr/bin/env python3
"""Measures the whole pipeline on local servers: dist/bootstrap with redshift, cache and notifier, run by concertctl replay.

The warehouse is Tests/Support/redshift_data (a PostgreSQL behind the Data API), the cache a Redis, the topic moto's. Prints
the records per second and the time of each part of an invocation.
"""
import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def program(*words, **options):
    """Runs a server that exits when its standard input ends or on SIGTERM."""
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def servers():
    folder = tempfile.mkdtemp()
    redis = free_port()
    warehouse = (f"{root}/.build-postgresql/bin/python", f"{root}/Tests/Support/redshift_data")
    topic = (f"{root}/.build-moto/bin/python", f"{root}/Tests/Support/moto-server.py")
    with program("redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--dir", folder), \
            program(*warehouse) as data_api, program(*topic) as moto:
        urls = {name: f"http://127.0.0.1:{int(process.stdout.readline())}" for name, process in (("data_api", data_api), ("moto", moto))}
        try:
            yield urls, redis
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def measure(records, batch, repeats):
    with servers() as (urls, redis), tempfile.TemporaryDirectory() as folder:
        # Each event once: the warehouse recognizes a redelivered batch, which takes almost no time.
        for seed in range(repeats):
            with open(f"{folder}/{seed:03}.event.json", "wb") as file:
                subprocess.run(
                    [f"{root}/dist/concertctl", "generate", "--records", str(records), "--seed", str(seed)], stdout=file, check=True)
        environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL_REDSHIFT_DATA": urls["data_api"],
            "AWS_ENDPOINT_URL_SNS": urls["moto"], "REDSHIFT_WORKGROUP_NAME": "wg", "REDSHIFT_DATABASE": "dev",
            "CACHE_URL": f"redis://127.0.0.1:{redis}", "NOTIFY_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:concerts",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
        }
        aws = [f"{root}/.build-moto/bin/python", f"{root}/.build-moto/bin/aws", "--endpoint-url", urls["moto"]]
        subprocess.run([*aws, "sns", "create-topic", "--name", "concerts"], env=environment, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([f"{root}/dist/concertctl", "warehouse", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
        run = subprocess.run(
            [f"{root}/dist/concertctl", "replay", folder, "--bootstrap", f"{root}/dist/bootstrap", "--processors",
             "redshift,cache,notifier", "--batch-size", str(batch), "--retries", "0", "--output", "json"],
            env=environment, capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"the replay ended with {run.returncode}: {run.stderr[-2000:]}\n{run.stdout[:2000]}")
        return json.loads(run.stdout)


def table(rows):
    lines = ["", "the whole way, milliseconds an invocation (p50); the processors run beside one another",
             f"{'records':>8} {'invocation':>11} {'decode':>8} {'redshift':>9} {'cache':>7} {'notifier':>9} {'records/s':>10}  slowest"]
    for records, row in rows.items():
        stages = {name: figures["p50"] for name, figures in row["stagesMilliseconds"].items()}
        whole = row["latencyMilliseconds"]["p50"]
        slowest = max((name for name in stages if name != "decode"), key=stages.get)
        lines.append(
            f"{records:>8} {whole:>11.2f} {stages['decode']:>8.2f} {stages['redshift']:>9.2f} {stages['cache']:>7.2f} "
            f"{stages['notifier']:>9.2f} {row['throughput']['recordsPerSecond']:>10.0f}  {slowest}, {stages[slowest] / whole:.0%}")
    return "\n".join(lines)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--output", choices=("text", "json"), default="text")
arguments = parser.parse_args()
rows = {}
for records, repeats in ((1, 100), (100, 40), (1000, 12), (4000, 5)):
    print(f"the whole way, {records}...", file=sys.stderr)
    rows[records] = measure(records, records, repeats)
print(json.dumps(rows, indent=2) if arguments.output == "json" else table(rows))
