#!/usr/bin/env python3
"""Measures dist/bootstrap with PostgreSQL behind the Data API stand-in and S3 in memory.

    make build package && Benchmarks/staged-loads.py [OBJECTS] [ROWS]

Prints the shortest of two invocations of 2,000 and 4,000 records in either mode, then the time and the peak memory of one
load of OBJECTS (default 2000) objects with ROWS (default 500) rows each.
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
    urllib.request.urlopen(request).read()


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


def rows(start):
    for number in range(start, start + ROWS):
        yield json.dumps({
            "sale_id": f"s{number}", "concert_id": f"c{number % 300}", "customer_id": "x", "price_tier": "vip",
            "quantity": 2, "unit_price": "5.50", "total_amount": "11.00", "purchase_timestamp": "2026-11-08 12:00:00",
            "created_at": "2026-11-08 12:00:01", "updated_at": "2026-11-08 12:00:01",
            "sequence_number": str(10 ** 20 + number), "shard_id": "s/1"}, separators=(",", ":")) + "\n"


def load(environment, store):
    post(f"{store}/_control/reset", {})
    for number in range(OBJECTS):
        body = gzip.compress("".join(rows(number * ROWS)).encode(), 3)
        key = f"redshift-staged/wg/dev/concert_dw/ticket_sales/3-x/2026/11/08/12/s-1-{number}.ndjson.gz"
        post(f"{store}/_control/put", {"key": key, "base64": base64.b64encode(body).decode()})
    runtime = Runtime(environment)
    answer, seconds = runtime.invoke(b'{"action":"load"}')
    print(f"{OBJECTS} objects of {ROWS} rows: {seconds:.1f} s, {runtime.peak_memory()}, {answer.decode()}")
    runtime.end()


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
        load(environment, store)
    finally:
        for process in (store_process, warehouse_process):
            process.stdin.close()
            process.wait()


main()
