#!/usr/bin/env python3
"""Rules about text that swift format does not know.

1. Output: in Sources/Concertctl only Output/ writes to standard output and standard error, and only DotEnvironment.swift
   reads the process's environment.
2. Outside text: Swift compares and hashes `String`s by canonical equivalence and cuts them into grapheme clusters, which
   is wrong for records and responses, and can take quadratic time. In the modules below, no `String` is a key, no
   `Character` is compared, and no `String` is split. lint-text.allowed lists the exceptions.

Each line of lint-text.allowed has a path, a line of code and a reason, with tabs between them. An entry that matches
nothing is an error, too, so that the list only has what is needed.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ALLOWED = pathlib.Path(__file__).with_suffix(".allowed")

OUTPUT = ("Sources/Concertctl",)
OUTPUT_RULES = {
    r"(?<![\w.])(?<!func )(print|debugPrint|dump|fputs|fprintf|vprintf|printf|puts|putchar|fwrite)\(":
        "write through Output or Console",
    r"FileHandle\s*\.\s*standard(Output|Error)|\bstd(out|err)\b|(?<![\w.])write\((1|2|STDOUT_FILENO|STDERR_FILENO),":
        "write through Output or Console",
    r"\bProcessInfo\b|\b(secure_)?getenv\(|\benviron\b": "take the environment that Main passes on",
}
OUTPUT_OWNERS = {
    "Sources/Concertctl/Output/": r"Output or Console",
    "Sources/Concertctl/DotEnvironment.swift": r"environment that Main",
}

TEXT = ("Sources/Processor", "Sources/Clients", "Sources/Concertctl/Replay/Page")
TEXT_RULES = {
    r"\[String ?:|\bDictionary<String\b|\bSet<String>": "key by bytes ([UInt8]) instead of String",
    r"\bCharacter\b|\bcase (\"[^\"\\]\"|\"\\[^(u]\")": "compare bytes or Unicode scalars instead of Characters",
    r"\bsplit\(separator: \"|\bcomponents\(separatedBy": "split the bytes (.utf8) instead of Characters",
}
# A process's environment and a header's fields have names that this program or the system chose.
ENVIRONMENT = re.compile(r"\benvironment: \[String: String\]|\b_ environment: \[String: String\]")


def code(line):
    """`line` without its comment."""
    return re.sub(r"(^|\s)//.*", "", line)


def findings(folders, rules, owners=()):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.swift")):
            name = path.relative_to(ROOT).as_posix()
            for number, line in enumerate(path.read_text().split("\n"), 1):
                text = ENVIRONMENT.sub("", code(line))
                for rule, advice in rules.items():
                    owner = any(name.startswith(o) and re.search(a, advice) for o, a in dict(owners).items())
                    if not owner and re.search(rule, text):
                        yield name, number, line.strip(), advice


def allowed():
    entries = {}
    for number, line in enumerate(ALLOWED.read_text().split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 3 or not all(parts):
            sys.exit(f"{ALLOWED.name}:{number}: expected path, code and reason, with tabs between them")
        entries[parts[0], parts[1]] = number
    return entries


def main():
    entries = allowed()
    unused = dict(entries)
    problems = []
    for name, number, line, advice in [
            *findings(OUTPUT, OUTPUT_RULES, OUTPUT_OWNERS), *findings(TEXT, TEXT_RULES)]:
        if (name, line) in entries:
            unused.pop((name, line), None)
        else:
            problems.append(f"{name}:{number}: {advice}: {line}")
    problems += [
        f"scripts/{ALLOWED.name}:{number}: matches nothing, remove it: {name}: {line}"
        for (name, line), number in unused.items()]
    if "--list" in sys.argv[1:]:
        for name, _, line, advice in findings(TEXT, TEXT_RULES):
            print(name, line, advice, sep="\t")
        return
    if problems:
        sys.exit("\n".join(problems))


main()
