#!/usr/bin/env python3
"""Measures sinks on local servers, each against its floor in the same run: what a plain C client needs for the same effect.

The cache is measured against SET and ZADD of the same keys, values, scores and expiry in one pipeline (baselines/plain.c), on a
single server and on a cluster of three nodes. The function and the plain client have one core, the servers the other one. A
cycle begins with empty servers: the first write of a batch, newer versions of all its records, the same again, and the first
versions again, which are older then.
"""
import argparse
import base64
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.join(root, ".build-bench")
cases = ("first", "newer", "equal", "older")


def run(*command, **environment):
    run = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, cwd=root)
    if run.returncode:
        sys.exit(f"error: {' '.join(command)} ended with status {run.returncode}")
    return run.stdout


def free_port():
    # The port of a cluster's bus is 10,000 higher.
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port < 55_000:
            return port


class Server:
    """A Redis server on the first core, and a client of it."""

    def __init__(self, folder, is_cluster):
        self.port = free_port()
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, "--daemonize", "no"]
        if is_cluster:
            words += ["--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{self.port}.conf"]
        self.process = subprocess.Popen(["taskset", "--cpu-list", "0", "redis-server", *words], stdout=subprocess.DEVNULL)
        for _ in range(500):
            with contextlib.suppress(OSError):
                self.stream = socket.create_connection(("127.0.0.1", self.port)).makefile("rwb")
                self.call("PING")
                break
            threading.Event().wait(0.02)
        self.name = f"{self.port}:{self.process.pid}"

    def call(self, *words):
        self.stream.write(serialized(words))
        self.stream.flush()
        return self.reply()

    def reply(self):
        line = self.stream.readline()
        kind, text = line[:1], line[1:-2]
        if kind == b"$":
            return None if text == b"-1" else self.stream.read(int(text) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(text))]
        if kind == b"-":
            sys.exit(f"error: the server replied {text.decode()}")
        return text

    def figures(self, section):
        lines = self.call("INFO", section).decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)


def serialized(words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


@contextlib.contextmanager
def servers(count):
    folder = tempfile.mkdtemp()
    nodes = []
    try:
        for _ in range(count):
            nodes.append(Server(folder, is_cluster=count > 1))
        if count > 1:
            addresses = [f"127.0.0.1:{node.port}" for node in nodes]
            run("redis-cli", "--cluster", "create", *addresses, "--cluster-yes")
            while any(b"cluster_state:ok" not in node.call("CLUSTER", "INFO") for node in nodes):
                threading.Event().wait(0.1)
        yield nodes
    finally:
        for node in nodes:
            node.process.terminate()
            node.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


class CountingProxy:
    """Forwards connections to a server, and counts the bytes."""

    def __init__(self, port):
        self.target, self.sent, self.received = port, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            for source, target, is_request in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.forward, args=(source, target, is_request), daemon=True).start()

    def forward(self, source, target, is_request):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 20):
                if is_request:
                    self.sent += len(piece)
                else:
                    self.received += len(piece)
                target.sendall(piece)


def with_own_entities(event):
    """Gives each record an entity of its own, so that the cache has as much to write as there are records."""
    for number, record in enumerate(event["Records"]):
        payload = json.loads(base64.b64decode(record["kinesis"]["data"]))
        fields = payload.get("payload", payload)
        names = ("sale_id", "concert_id", "event_id", "venue_id", "artist_id")
        key = next((name for name in names if name in fields), None)
        if key:
            fields[key] = f"{fields[key]}-{number}"
        record["kinesis"]["data"] = base64.b64encode(json.dumps(payload).encode()).decode()
    return event


def events(records, folder):
    """Returns the paths of an event and of one with newer versions of the same records."""
    text = run("dist/concertctl", "generate", "--records", str(records))
    if not options.repeated:
        text = json.dumps(with_own_entities(json.loads(text)), separators=(",", ":"))
    paths = [f"{folder}/event-{records}-{name}.json" for name in ("old", "new")]
    newer = re.sub(r'("sequenceNumber":\s*")(\d+)"', lambda match: f'{match[1]}{int(match[2]) + 10 ** 30}"', text)
    for path, content in zip(paths, (text, newer)):
        with open(path, "w") as file:
            file.write(content)
    return paths


def function_environment(port, is_cluster):
    return {"PROCESSORS": "cache", "CACHE_URL": f"redis://127.0.0.1:{port}", "CACHE_CLUSTER": "true" if is_cluster else "false"}


def invoke(paths, cycles, warmup, environment):
    words = [os.path.join(build, "stub"), ",".join(paths), str(cycles), str(warmup), options.program]
    return json.loads(run("taskset", "--cpu-list", "0", *words, **environment))


def contents(nodes):
    """Returns the commands for everything that the nodes store, by node: each document, and the scores of its entity."""
    commands, scores = {}, {}
    owners = {key: index for index, node in enumerate(nodes) for key in node.call("KEYS", "*")}
    for key, index in owners.items():
        if nodes[index].call("TYPE", key) == b"zset":
            kind = b"artist" if key.endswith(b":popularity") else b"concert"
            pairs = nodes[index].call("ZRANGE", key, "0", "-1", "WITHSCORES")
            for member, score in zip(pairs[::2], pairs[1::2]):
                scores.setdefault(b"concert:%b:%b" % (kind, member), []).append((index, ("ZADD", key, score, member)))
    for key, index in owners.items():
        if nodes[index].call("TYPE", key) == b"string":
            pair = (index, ("SET", key, nodes[index].call("GET", key), "EX", 86400))
            for place, command in [pair] + scores.get(key, []):
                commands.setdefault(place, []).append(serialized(command))
    return commands


def plain(nodes, paths, folder, environment):
    """Writes the files for the plain client, and returns its arguments."""
    files = {node.name: [] for node in nodes}
    for number, path in enumerate(paths):
        for node in nodes:
            node.call("FLUSHALL")
        invoke([path], 1, 0, environment)
        commands = contents(nodes)
        for index, node in enumerate(nodes):
            name = f"{folder}/plain-{number}-{index}"
            with open(name, "wb") as file:
                file.write(b"%d\n" % len(commands.get(index, [])) + b"".join(commands.get(index, [])))
            files[node.name].append(name)
    # The first write, newer versions, the same again; a plain client has no older ones, so it writes them.
    return [f"{name}={old},{new},{new},{old}" for name, (old, new) in files.items()]


def traffic(node, paths):
    """Returns the bytes that the function sends and receives in each case."""
    proxy = CountingProxy(node.port)
    environment = function_environment(proxy.port, is_cluster=False)
    order, rows, before = [paths[0], paths[1], paths[1], paths[0]], [], (0, 0)
    node.call("FLUSHALL")
    for path in order:
        invoke([path], 1, 0, environment)
        rows.append({"sent": proxy.sent - before[0], "received": proxy.received - before[1]})
        before = (proxy.sent, proxy.received)
    return rows


def medians(runs):
    return [{name: statistics.median(run[index][name] for run in runs) for name in runs[0][index]} for index in range(len(cases))]


def measure_cache(records, cycles, turns, node_count, folder):
    with servers(node_count) as nodes:
        environment = function_environment(nodes[0].port, node_count > 1)
        paths = events(records, folder)
        order = [paths[0], paths[1], paths[1], paths[0]]
        floor = plain(nodes, paths, folder, environment)
        names = ",".join(node.name for node in nodes)
        ours, theirs, logs, peak = [], [], [], 0
        for _ in range(turns):
            figures = invoke(order, cycles, 2, {**environment, "STUB_SERVERS": names})
            peak = max(peak, figures["peak_kib"])
            ours.append(figures["events"])
            theirs.append(json.loads(run(os.path.join(build, "plain"), str(cycles), "2", *floor))["events"])
            logs.append(invoke(order, cycles, 2, {"PROCESSORS": "log", "STUB_SERVERS": names})["events"])
        rows = {}
        sizes = traffic(nodes[0], paths) if node_count == 1 else [{}] * len(cases)
        for case, mine, other, log, size in zip(cases, medians(ours), medians(theirs), medians(logs), sizes):
            rows[case] = {"cache": {**mine, **size}, "plain": other, "log": log, "peak_kib": peak}
        return rows


def table(figures):
    lines = ["", "cache, milliseconds; memory in MiB; bytes sent in kB",
             f"{'servers':>8} {'records':>8} {'case':>6} {'p50':>8} {'p99':>8} {'plain':>8} {'p99':>8} {'times':>6} {'log':>7} "
             f"{'CPU':>7} {'server CPU':>11} {'of plain':>9} {'sent':>7} {'of plain':>9} {'memory':>7}"]
    for servers, sizes in figures["cache"].items():
        for records, rows in sizes.items():
            for case, row in rows.items():
                ours, plain = row["cache"], row["plain"]
                sent = f"{ours['sent'] / 1e3:.0f}" if "sent" in ours else "-"
                lines.append(
                    f"{servers:>8} {records:>8} {case:>6} {ours['p50_us'] / 1e3:>8.2f} {ours['p99_us'] / 1e3:>8.2f} "
                    f"{plain['p50_us'] / 1e3:>8.2f} {plain['p99_us'] / 1e3:>8.2f} {ours['p50_us'] / plain['p50_us']:>6.2f} "
                    f"{row['log']['p50_us'] / 1e3:>7.2f} {ours['cpu_us'] / 1e3:>7.2f} {ours['server_cpu_us'] / 1e3:>11.2f} "
                    f"{plain['server_cpu_us'] / 1e3:>9.2f} {sent:>7} {plain['bytes'] / 1e3:>9.0f} {row['peak_kib'] / 1024:>7.1f}")
    return "\n".join(lines)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--output", choices=("text", "json"), default="text")
parser.add_argument("--turns", type=int, default=5, help="the number of repetitions of each measurement")
parser.add_argument("--servers", type=int, nargs="*", default=[1, 3], help="the numbers of Redis servers; a cluster, if more than 1")
parser.add_argument("--records", type=int, nargs="*", default=[100, 1000, 4000])
parser.add_argument("--repeated", action="store_true", help="leave the generated entities, many of which have several records")
parser.add_argument("--program", default=os.path.join(root, "dist", "bootstrap"), help="the function to measure")
options = parser.parse_args()
figures = {"cache": {}}
with tempfile.TemporaryDirectory() as folder:
    for count in options.servers:
        for records in options.records:
            print(f"cache, {count} servers, {records} records...", file=sys.stderr)
            cycles = max(6, 20_000 // records // max(1, options.turns) * 2)
            figures["cache"].setdefault(count, {})[records] = measure_cache(records, cycles, options.turns, count, folder)
print(json.dumps(figures, indent=2) if options.output == "json" else table(figures))
