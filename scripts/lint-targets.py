#!/usr/bin/env python3
"""Checks that the table of targets in docs/architecture.md lists the targets of Package.swift, in order, with their imports.

It also checks that a target imports only targets and C libraries that Package.swift lists for it and declares before it.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
C_LIBRARIES = ["CCurl", "CZlib", "CCrypto"]


def package():
    """Returns the dependencies and the folder of each target that is not a test, in order."""
    text = (ROOT / "Package.swift").read_text().split(".testTarget(")[0]
    found = {}
    for match in re.finditer(r"\.(?:executableT|t)arget\(\s*name: \"(\w+)\"(.*?)(?=\.(?:executableT|t)arget\(|\.systemLibrary|\Z)", text, re.S):
        name, rest = match[1], match[2]
        listed = re.search(r"dependencies: \[(.*?)\]", rest, re.S)
        path = re.search(r"path: \"([^\"]+)\"", rest)
        found[name] = (re.findall(r"\"(\w+)\"", listed[1]) if listed else [], path[1] if path else f"Sources/{name}")
    return {name: value for name, value in found.items() if name not in (*C_LIBRARIES, "TestSupport")}


def table():
    """Returns the imports of each target in the page, in order."""
    page = (ROOT / "docs/architecture.md").read_text().split("## Targets")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)`[^|]*\|[^|]*\|([^|]*)\|$", page, re.M)
    return {name: re.findall(r"`(\w+)`", imports) for name, imports in rows}


def problems():
    targets, rows = package(), table()
    if list(targets) != list(rows):
        yield f"docs/architecture.md lists the targets {', '.join(rows)}; Package.swift has {', '.join(targets)}"
    earlier = list(C_LIBRARIES)
    for name, (dependencies, path) in targets.items():
        if sorted(dependencies) != sorted(rows.get(name, dependencies)):
            yield f"docs/architecture.md: {name} imports {', '.join(dependencies) or 'nothing'} in Package.swift"
        for dependency in dependencies:
            if dependency not in earlier:
                yield f"Package.swift: {name} depends on {dependency}, which is not declared before it"
        imports = {
            word for file in (ROOT / path).rglob("*.swift")
            for word in re.findall(r"^(?:@\w+(?:\(\w+\))? )?(?:package |public )?import (\w+)", file.read_text(), re.M)}
        known = set(targets) | set(C_LIBRARIES)
        for word in sorted(imports & known - set(dependencies)):
            yield f"{path} imports {word}, which Package.swift does not list for {name}"
        for word in sorted(set(dependencies) - imports):
            yield f"Package.swift: {name} lists {word}, which {path} does not import"
        earlier.append(name)


found = list(problems())
for problem in found:
    print(problem, file=sys.stderr)
sys.exit(bool(found))
