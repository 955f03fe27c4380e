#!/usr/bin/env python3
"""Measures dist/bootstrap with PostgreSQL behind the Data API stand-in and S3 in memory.

    make build package && Benchmarks/staged-loads.py [OBJECTS] [ROWS]

Prints, for both modes, the shortest of two invocations of 2,000 and 4,000 records, and the throughput of four processes that
work on eight shards, with the longest read of a reader at the same time; then the time and the peak memory of loads of
OBJECTS / 8, OBJECTS / 2 and OBJECTS (default 2000) objects with ROWS (default 500) rows each, and the time of each step.
"""
import base64
import gzip
import http.server
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONCERTCTL = ROOT / "dist/concertctl"
OBJECTS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
ROWS = int(sys.argv[2]) if len(sys.argv) > 2 else 500


def server(script, python):
    process = subprocess.Popen(
        [python, str(ROOT / "Tests/Support" / script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, f"http://127.0.0.1:{int(process.stdout.readline())}"


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return urllib.request.urlopen(request).read()


class Runtime:
    """Lambda's side of the Runtime API for one process of the function."""

    def __init__(self, environment):
        self.events, self.answers = queue.Queue(), queue.Queue()
        runtime = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, body=b"", headers=None):
                self.send_response(status)
                for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if "extension" in self.path:
                    threading.Event().wait()
                event = runtime.events.get()
                deadline = str(int(time.time() * 1000) + 900_000)
                self.reply(200, event, {"Lambda-Runtime-Aws-Request-Id": "r", "Lambda-Runtime-Deadline-Ms": deadline})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if "register" in self.path:
                    self.reply(200, b"{}", {"Lambda-Extension-Identifier": "x"})
                else:
                    runtime.answers.put(body)
                    self.reply(202)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{self.http.server_address[1]}"
        self.process = subprocess.Popen(
            [ROOT / "dist/bootstrap"], env={**environment, "AWS_LAMBDA_RUNTIME_API": address}, stderr=subprocess.DEVNULL)

    def invoke(self, event):
        start = time.time()
        self.events.put(event)
        return self.answers.get(timeout=900), time.time() - start

    def peak_memory(self):
        lines = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().split("\n")
        return next(line for line in lines if line.startswith("VmHWM")).split(maxsplit=1)[1]

    def end(self):
        self.process.kill()
        self.process.wait()


def invocations(environment):
    for count in (2000, 4000):
        events = [
            subprocess.run(
                [CONCERTCTL, "generate", "--records", str(count), "--size", "compact", "--seed", str(seed)],
                stdout=subprocess.PIPE, check=True).stdout
            for seed in (1, 2, 3)]
        times = {}
        for mode in ("staged", "direct"):
            runtime = Runtime({**environment, "PROCESSORS": "redshift", "REDSHIFT_LOAD": mode})
            answers = [runtime.invoke(event) for event in events]
            runtime.end()
            if any(b'"batchItemFailures":[]' not in answer for answer, _ in answers):
                raise SystemExit(f"{mode}: records failed")
            # The first invocation connects.
            times[mode] = min(seconds for _, seconds in answers[1:])
        print(f"{count} records: staged {times['staged'] * 1000:.0f} ms, direct {times['direct'] * 1000:.0f} ms", flush=True)


SHARDS, BATCHES, BATCH = 8, 6, 1000

READER = """
import psycopg, sys, time
connection = psycopg.connect(sys.argv[1], autocommit=True)
longest, count = 0, 0
print(flush=True)
while True:
    start = time.time()
    connection.execute("SELECT count(*), max(updated_at) FROM concert_dw.ticket_sales").fetchall()
    longest, count = max(longest, time.time() - start), count + 1
    print(longest, count, flush=True)
    time.sleep(0.02)
"""


class Reader:
    """Queries a table over a connection of its own, over and over."""

    def __init__(self, warehouse):
        answer = post(f"{warehouse}/_control/sql", {"sql": "SHOW unix_socket_directories"})
        target = f"host={json.loads(answer)['rows'][0][0]} user=test dbname=postgres"
        self.process = subprocess.Popen(
            [ROOT / ".build-postgresql/bin/python", "-c", READER, target], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def end(self):
        self.process.terminate()
        longest, count = self.process.communicate()[0].strip().split("\n")[-1].split()
        return f"longest of {count} reads {float(longest) * 1000:.0f} ms"


def fleet(environment, warehouse):
    """Eight shards with batches in order, four processes; until all rows are in the tables."""
    batches = [
        subprocess.run(
            [CONCERTCTL, "generate", "--records", str(BATCH), "--size", "compact", "--seed", str(seed)],
            stdout=subprocess.PIPE, check=True).stdout
        for seed in range(10, 10 + SHARDS * BATCHES)]
    for mode in ("staged", "direct"):
        post(f"{warehouse}/_control/sql", {"sql": "; ".join(
            f"TRUNCATE concert_dw.{table}" for table in ("artists", "concerts", "venues", "ticket_sales"))})
        shards = queue.Queue()
        for shard in range(SHARDS):
            shards.put(batches[shard * BATCHES:(shard + 1) * BATCHES])
        runtimes = [Runtime({**environment, "PROCESSORS": "redshift", "REDSHIFT_LOAD": mode}) for _ in range(4)]
        failures, reader, start = [], Reader(warehouse), time.time()

        def work(runtime):
            while True:
                try:
                    shard = shards.get_nowait()
                except queue.Empty:
                    return
                for batch in shard:
                    answer, _ = runtime.invoke(batch)
                    if b'"batchItemFailures":[]' not in answer:
                        failures.append(answer)

        workers = [threading.Thread(target=work, args=(runtime,)) for runtime in runtimes]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        acknowledged = time.time() - start
        if mode == "staged":
            answer, _ = runtimes[0].invoke(b'{"action":"load"}')
            if json.loads(answer).get("remaining") != 0:
                failures.append(answer)
        seconds = time.time() - start
        for runtime in runtimes:
            runtime.end()
        if failures:
            raise SystemExit(f"{mode}: {failures[0][:500]}")
        count = SHARDS * BATCHES * BATCH
        print(
            f"{mode}, {SHARDS} shards, 4 processes, batches of {BATCH}: acknowledged {count / acknowledged:.0f} records/s, "
            f"in the tables {count / seconds:.0f} records/s, {reader.end()}", flush=True)


def rows(start):
    for number in range(start, start + ROWS):
        yield json.dumps({
            "sale_id": f"s{number}", "concert_id": f"c{number % 300}", "customer_id": "x", "price_tier": "vip",
            "quantity": 2, "unit_price": "5.50", "total_amount": "11.00", "purchase_timestamp": "2026-11-08 12:00:00",
            "created_at": "2026-11-08 12:00:01", "updated_at": "2026-11-08 12:00:01",
            "sequence_number": str(10 ** 20 + number), "shard_id": "s/1"}, separators=(",", ":")) + "\n"


def load(environment, store, warehouse, objects):
    post(f"{store}/_control/reset", {})
    post(f"{warehouse}/_control/sql", {"sql": "TRUNCATE concert_dw.ticket_sales"})
    for number in range(objects):
        body = gzip.compress("".join(rows(number * ROWS)).encode(), 3)
        key = f"redshift-staged/wg/dev/concert_dw/ticket_sales/3-x/2026/11/08/12/s-1-{number}.ndjson.gz"
        post(f"{store}/_control/put", {"key": key, "base64": base64.b64encode(body).decode()})
    before = len(calls(store))
    runtime, reader = Runtime(environment), Reader(warehouse)
    start = time.time()
    answer, seconds = runtime.invoke(b'{"action":"load"}')
    made = calls(store)[before:]

    def at(operation, which):
        times = [call["at"] for call in made if call["operation"] == operation and (
            operation != "GetObject" or "redshift-staged" in call["path"])]
        return which(times)

    marks = [
        start, at("PutObject", min), at("GetObject", min), at("GetObject", max), at("DeleteObjects", min), start + seconds]
    steps = ("list", "manifests and start", "COPY", "newest, MERGE, commit", "delete")
    print(
        f"{objects} objects of {ROWS} rows: {seconds:.1f} s ({seconds / objects / ROWS * 1e6:.1f} us a row), "
        f"peak {runtime.peak_memory()}, {reader.end()}, {answer.decode()}")
    print("  " + ", ".join(f"{name} {end - begin:.2f} s" for name, begin, end in zip(steps, marks, marks[1:])), flush=True)
    runtime.end()


def calls(store):
    return json.loads(urllib.request.urlopen(f"{store}/_control/calls").read())["calls"]


def main():
    store_process, store = server("object-store.py", "python3")
    warehouse_process, warehouse = server("redshift_data", ROOT / ".build-postgresql/bin/python")
    try:
        post(f"{warehouse}/_control/settings", {"s3": store})
        environment = {
            "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": warehouse, "AWS_ENDPOINT_URL_S3": store, "REDSHIFT_WORKGROUP_NAME": "wg",
            "REDSHIFT_DATABASE": "dev", "REDSHIFT_STAGING_BUCKET": "staging",
            "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy", "PATH": os.environ["PATH"]}
        subprocess.run([CONCERTCTL, "warehouse", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
        invocations(environment)
        fleet(environment, warehouse)
        for objects in (OBJECTS // 8, OBJECTS // 2, OBJECTS):
            load(environment, store, warehouse, objects)
    finally:
        for process in (store_process, warehouse_process):
            process.stdin.close()
            process.wait()


main()
