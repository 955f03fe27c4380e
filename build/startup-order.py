#!/usr/bin/env python3
"""Writes build/startup.order: the symbols that the function uses from its start to its second response, in order.

The linker places them next to each other (--symbol-ordering-file), so that a start maps half as many pages and takes 30
percent less time. Run it after `make package`, when the start has changed. Requires valgrind.

  build/startup-order.py CONCERTCTL           write build/startup.order, with this concertctl to deliver events
  build/startup-order.py CONCERTCTL --check   change nothing; fail if a tenth of the used symbols is not in build/startup.order
"""
import bisect
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
scratch = os.path.join(root, ".build-static")
# Sections with one or a few symbols; the large sections of objects without function sections are not moved.
movable = (".text", ".data", ".data.rel.ro", ".bss", ".rodata")
largest = 32 * 1024


def sections(path):
    """Returns the address, size and output section of each input section of the linker's map."""
    found, output = [], ""
    for line in open(path):
        match = re.match(r"\s*([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+ ( *)(.*)", line)
        if not match:
            continue
        address, size, depth = int(match[1], 16), int(match[2], 16), len(match[3])
        if depth == 0:
            output = match[4]
        elif depth == 8 and address and size:
            found.append((address, size, output))
    return sorted(found)


def symbols(binary):
    """Returns the addresses in order, and the symbol of each."""
    names = {}
    for line in subprocess.run(["nm", "--numeric-sort", binary], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in "tTdDbBrRwWvV":
            names.setdefault(int(fields[0], 16), fields[2])
    return sorted(names), names


def trace(binary, concertctl):
    """Returns every address that is read, written or executed, once for each access."""
    with tempfile.TemporaryDirectory() as folder:
        log, launcher = os.path.join(folder, "trace"), os.path.join(folder, "bootstrap")
        with open(launcher, "w") as file:
            valgrind = ["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={log}", binary]
            file.write(f"#!/bin/sh\nexec {shlex.join(valgrind)}\n")
        os.chmod(launcher, 0o755)
        event = os.path.join(folder, "event.json")
        with open(event, "w") as file:
            subprocess.run([concertctl, "generate", "--records", "20"], stdout=file, check=True)
        subprocess.run(
            [concertctl, "replay", "--bootstrap", launcher, "--processors", "log", "--repeat", "2", event],
            stdout=subprocess.DEVNULL, check=True)
        for line in open(log, errors="replace"):
            if line[:2] in ("I ", " L", " S", " M"):
                try:
                    yield int(line[3:].split(",")[0], 16)
                except ValueError:
                    pass  # The last line, which the end of the process cut off.


def main():
    if sys.argv[1:] == ["--help"]:
        return print(__doc__)
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["--check"]):
        sys.exit("error: expected CONCERTCTL and optionally --check; see build/startup-order.py --help")
    concertctl = os.path.abspath(sys.argv[1])
    if not shutil.which("valgrind"):
        sys.exit("error: valgrind not found in PATH; on Debian and Ubuntu, install it with apt-get install valgrind")
    binary = next(
        (os.path.join(folder, "bootstrap") for folder, _, files in os.walk(scratch) if "bootstrap" in files and "release" in folder), None)
    if not binary or not os.access(concertctl, os.X_OK):
        sys.exit(f"error: expected bootstrap with symbols in {scratch}, and concertctl at {concertctl}; run make package build first")
    all_sections = sections(os.path.join(scratch, "bootstrap.map"))
    starts = [start for start, _, _ in all_sections]
    addresses, names = symbols(binary)
    order = {}
    for address in trace(binary, concertctl):
        index = bisect.bisect_right(starts, address) - 1
        if index in order or index < 0:
            continue
        start, size, output = all_sections[index]
        if address < start + size:
            order[index] = None
            if output in movable and size <= largest:
                first = bisect.bisect_left(addresses, start)
                if first < len(addresses) and addresses[first] < start + size:
                    order[index] = names[addresses[first]]
    lines = [name for name in order.values() if name]
    path = os.path.join(root, "build", "startup.order")
    if sys.argv[2:]:
        with open(path) as file:
            missing = set(lines) - set(file.read().split("\n"))
        print(f"{path}: {len(missing)} of {len(lines)} symbols are missing")
        if len(missing) * 10 > len(lines):
            sys.exit(f"error: {path} is out of date; run make package build, then build/startup-order.py dist/concertctl")
        return
    with open(path, "w") as file:
        file.write("# Written by build/startup-order.py.\n" + "\n".join(lines) + "\n")
    print(f"{path}: {len(lines)} symbols")


main()
