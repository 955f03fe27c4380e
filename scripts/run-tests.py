#!/usr/bin/env python3
"""Runs the built tests in several concurrent processes, each test in exactly one of them.

usage: scripts/run-tests.py [PROCESS ...]

Without arguments it runs all processes of scripts/test-processes.txt. Each writes its full log to .build/tests/PROCESS.log;
standard output gets a line for each class, and all unusual output. A failed or skipped test, a test that ran in no process or
in two, and an entry of the list without a class are errors. The last lines list all failures.
"""
import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "scripts/test-processes.txt"
LOGS = ROOT / ".build/tests"
# Runs the classes that are not listed, and must not start servers.
QUICK = "quick"


def fail(message):
    sys.exit(f"error: {message}")


def output(*command):
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        fail(f"{' '.join(map(str, command))} ended with status {run.returncode}")
    return run.stdout


def executable():
    folder = pathlib.Path(output("swift", "build", "--show-bin-path").strip())
    found = list(folder.glob("*.xctest"))
    if len(found) != 1:
        fail(f"expected one .xctest file in {folder}, found {len(found)}; run swift build --build-tests")
    return found[0]


def tests_of(xctest):
    """Returns the names of all tests, MODULE.CLASS/METHOD."""
    names = re.findall(r"^(\w+\.\w+/\w+)$", output(xctest, "--list-tests"), re.MULTILINE)
    if not names:
        fail(f"{xctest} lists no test")
    return names


def listed_processes(classes):
    """Returns the process of each module or class in the list."""
    entries = {}
    known = classes | {name.split(".")[0] for name in classes}
    for number, line in enumerate(LIST.read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        where = f"{LIST.relative_to(ROOT)}:{number}"
        if len(words) != 2:
            fail(f"{where}: expected a process and a module or class, found \"{line}\"")
        process, name = words
        if name in entries:
            fail(f"{where}: {name} is listed twice")
        if name not in known:
            fail(f"{where}: unknown module or class {name}")
        entries[name] = process
    return entries


def split(tests):
    """Returns the tests of each process; a class's entry takes precedence over its module's."""
    entries = listed_processes({test.split("/")[0] for test in tests})
    processes = {}
    for test in tests:
        name = test.split("/")[0]
        process = entries.get(name) or entries.get(name.split(".")[0]) or QUICK
        processes.setdefault(process, []).append(test)
    return processes


class Process:
    """One process and the content of its log."""

    routine = re.compile(
        r"^(Test Case '.*' (started|passed)|Test Suite '.*' (started|passed|failed) at|\t? ?Executed \d+ tests?|\s*$)")
    lock = threading.Lock()

    def __init__(self, name, tests, xctest):
        self.name = name
        self.tests = tests
        self.log = LOGS / f"{name}.log"
        self.lines = []
        self.started = collections.Counter()
        self.failed = []
        self.skipped = []
        self.suite = None
        self.count = 0
        environment = dict(os.environ, TEST_SERVERS="none") if name == QUICK else dict(os.environ)
        classes = sorted({test.split("/")[0] for test in tests})
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            [xctest, ",".join(classes)], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.show(f"{len(tests)} tests of {len(classes)} classes")

    def show(self, text):
        with self.lock:
            print(f"{self.name:10} {text}", flush=True)

    def read(self):
        with open(self.log, "w") as log:
            for line in self.process.stdout:
                log.write(line)
                self.take(line.rstrip("\n"))
        _, status, usage = os.wait4(self.process.pid, 0)
        self.status = self.process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - self.begin
        self.show(
            f"ended with status {self.status}: {sum(self.started.values())} tests, {len(self.failed)} failed, "
            f"{seconds:.0f} s, {usage.ru_utime + usage.ru_stime:.0f} s of processor time")

    def take(self, line):
        self.lines = self.lines[-30:] + [line]
        if match := re.match(r"Test Case '(.+)' started at", line):
            self.started[match[1]] += 1
        elif match := re.match(r"Test Case '(.+)' failed", line):
            self.failed.append(match[1])
        elif match := re.match(r"Test Case '(.+)' skipped", line):
            self.skipped.append(match[1])
        elif match := re.match(r"Test Suite '(.+)' (passed|failed) at", line):
            self.suite = match[1]
        elif self.suite and (match := re.match(r"\t? ?Executed (\d+) tests?, .* in ([\d.]+) ", line)):
            # The last suites combine all classes.
            if f"{self.suite}." in " ".join(self.started):
                self.show(f"{self.suite}: {match[1]} tests, {float(match[2]):.1f} s")
            self.suite = None
        if not self.routine.match(line):
            self.show(line)

    def errors_of(self, test):
        """Returns the first errors of a failed test, shortened."""
        marked = f": error: {test} :"
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if marked in line]
        return [line[:300] for line in lines[:3]]


def problems_of(processes, expected):
    """Returns problems other than failed tests."""
    for process in processes:
        if process.skipped:
            yield f"{process.name}: skipped: {', '.join(process.skipped)}"
        if process.status and not process.failed:
            last = "\n".join(f"    {line[:300]}" for line in process.lines[-15:])
            yield f"{process.name} ended with status {process.status} and without a failed test; its last lines:\n{last}"
    started = sum((process.started for process in processes), collections.Counter())
    # The log names a test without its module.
    due = collections.Counter(test.split(".", 1)[1].replace("/", ".") for test in expected)
    for text, names in (("not run", due - started), ("run more often than it is listed", started - due)):
        if names:
            shown = ", ".join(sorted(names)[:10])
            yield f"{sum(names.values())} tests were {text}: {shown}"


def main():
    # A shell ignores the signal in background jobs, which the tests' processes would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    xctest = executable()
    tests = tests_of(xctest)
    parts = split(tests)
    names = sys.argv[1:] or sorted(parts)
    if unknown := [name for name in names if name not in parts]:
        fail(f"unknown process {unknown[0]}; expected one of: {', '.join(sorted(parts))}")
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    processes = [Process(name, parts[name], xctest) for name in names]
    for process in processes:
        process.reader.join()

    problems = list(problems_of(processes, [test for name in names for test in parts[name]]))
    failed = [(process, test) for process in processes for test in sorted(set(process.failed))]
    if not failed and not problems:
        print(f"{sum(sum(process.started.values()) for process in processes)} tests passed, 0 failed")
        return
    print(file=sys.stderr)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if failed:
        print("Failed tests:", file=sys.stderr)
    for process, test in failed:
        print(f"  {test} ({process.log.relative_to(ROOT)})", file=sys.stderr)
        for line in process.errors_of(test):
            print(f"    {line}", file=sys.stderr)
    if failed:
        pattern = "|".join(test.replace(".", "/") for _, test in failed)
        print(f"Run them alone: swift test --disable-swift-testing --filter '({pattern})$'", file=sys.stderr)
    sys.exit(1)


main()
