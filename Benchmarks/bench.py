#!/usr/bin/env python3
"""Measures the function and the baselines in one run, and prints a table, or JSON with --output json.

The results are medians of alternating runs, so that noise affects all of them alike: compare only within one run.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.join(root, ".build-bench")
python = os.path.join(build, "python", "bin", "python")


# Lambda guarantees only AVX2, so simdjson is limited to it, too.
shared = {"SIMDJSON_FORCE_IMPLEMENTATION": "haswell"}


def run(*command, **environment):
    run = subprocess.run(command, env={**os.environ, **shared, **environment}, stdout=subprocess.PIPE, text=True, cwd=root)
    if run.returncode:
        sys.exit(f"error: {' '.join(command)} ended with status {run.returncode}")
    return run.stdout


def event(records):
    path = os.path.join(build, f"event-{records}.json")
    size = ["--size", "compact"] if records > 4000 else []
    if not os.path.exists(path):
        text = run("dist/concertctl", "generate", "--records", str(records), *size)
        with open(path, "w") as file:
            file.write(text)
    return path


def medians(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def decode(records, turns):
    rounds = str(max(10, 200_000 // records))
    ours, anchor = [], []
    for _ in range(turns):
        ours.append(json.loads(run(os.path.join(build, "decode-benchmark"), event(records), rounds)))
        anchor.append(json.loads(run(os.path.join(build, "anchor"), event(records), rounds)))
    figures = medians(ours)
    figures["anchor_us"] = medians(anchor)["p50_us"]
    return figures


# The stub and the program have one core each; the stub sets the program's.
def invoke(records, program, count, turns, **environment):
    stub = ["taskset", "--cpu-list", "0", os.path.join(build, "stub"), event(records), str(count), str(count // 10)]
    return [json.loads(run(*stub, *program, **environment)) for _ in range(turns)]


programs = {
    "floor": [os.path.join(build, "floor")],
    "floor+simdjson": [os.path.join(build, "floor-simdjson")],
    "bootstrap": [os.path.join(root, "dist", "bootstrap")],
    "awslambdaric": [python, "-m", "awslambdaric", "handler.handler"],
}


def measure(turns):
    figures = {"decode": {}, "invoke": {}}
    for records in (1, 100, 1000, 4000, 10000):
        print(f"decode {records}...", file=sys.stderr)
        figures["decode"][records] = decode(records, turns)
    for records, count in ((1, 3000), (100, 1000), (1000, 200), (4000, 60)):
        print(f"invoke {records}...", file=sys.stderr)
        # Alternating, so that noise affects all of them.
        rows = {name: [] for name in programs}
        for _ in range(turns):
            for name, program in programs.items():
                number = max(20, count // 20) if name == "awslambdaric" else count
                rows[name] += invoke(
                    records, program, number, 1, PYTHONPATH=os.path.join(root, "Benchmarks", "baselines"),
                    LAMBDA_TASK_ROOT=os.path.join(root, "Benchmarks", "baselines"), _HANDLER="handler.handler")
        figures["invoke"][records] = {name: medians(runs) for name, runs in rows.items()}
    figures["size"] = {name: os.path.getsize(os.path.join(root, "dist", name))
                       for name in ("bootstrap", "concert-data-processor.zip")}
    return figures


def table(figures):
    lines = ["", "decode, microseconds; in brackets how many times our time",
             f"{'records':>8} {'decode':>10} {'MB/s':>7} {'records/s':>10} {'memory':>14} {'scan':>14} {'C++ anchor':>16} {'JSONDecoder':>18}"]
    for records, row in figures["decode"].items():
        ours = row["decode_us"]
        cells = [f"{row[name]:.1f} ({row[name] / ours:.2f})" for name in ("memory_us", "scan_us", "anchor_us", "foundation_us")]
        lines.append(f"{records:>8} {ours:>10.1f} {row['bytes'] / ours:>7.0f} {records / ours * 1e6:>10.0f} "
                     f"{cells[0]:>14} {cells[1]:>14} {cells[2]:>16} {cells[3]:>18}")
    lines += ["", "invoke, microseconds; memory in KiB",
              f"{'records':>8} {'program':>14} {'p50':>10} {'p99':>10} {'of floor':>9} {'of both':>8} {'exec to next':>13} {'first':>9} {'faults':>7} {'peak':>8}"]
    for records, rows in figures["invoke"].items():
        for name, row in rows.items():
            lines.append(f"{records:>8} {name:>14} {row['p50_us']:>10.1f} {row['p99_us']:>10.1f} "
                         f"{row['p50_us'] / rows['floor']['p50_us']:>9.2f} "
                         f"{row['p50_us'] / rows['floor+simdjson']['p50_us']:>8.2f} {row['cold_us']:>13.0f} {row['first_us']:>9.1f} "
                         f"{row['faults']:>7.0f} {row['peak_kib']:>8.0f}")
    lines += ["", *(f"{name}: {size / 1e6:.2f} MB" for name, size in figures["size"].items())]
    return "\n".join(lines)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--output", choices=("text", "json"), default="text")
parser.add_argument("--turns", type=int, default=5, help="the number of repetitions of each measurement")
options = parser.parse_args()
figures = measure(options.turns)
print(json.dumps(figures, indent=2) if options.output == "json" else table(figures))
