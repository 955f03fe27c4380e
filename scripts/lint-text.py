#!/usr/bin/env python3
"""Checks that swift format does not have.

1. Output: in Sources/Concertctl, only Output/ writes to standard output and standard error, and only DotEnvironment.swift
   reads the process's environment.
2. Outside text: Swift compares and hashes `String`s by canonical equivalence and cuts them into grapheme clusters, which
   is wrong for records and responses, and can take quadratic time. In the modules below, no `String` is a key, no
   `Character` is compared, and no `String` is split.
3. Vocabulary: the project's texts use the terms of AWS's documentation, so names, comments and messages must not contain
   the words below, which it once used instead.
4. Access: nothing outside the package uses its modules, so no declaration is public. (`public import` is needed where
   inlinable code uses the imported declarations.)

lint-text.allowed lists the exceptions. Each line has a path, a line of code and a reason, separated by tabs. An entry
without a match is also an error, so that the list contains only what is needed.
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
ACCESS_RULES = {r"\bpublic\b(?! import)": "declare it package or internal"}
# The files and folders whose vocabulary is checked.
VOCABULARY = (
    ".ci", ".github", "Benchmarks", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "Package.swift", "README.md", "SECURITY.md",
    "Sources", "Tests", "build", "docs", "scripts", "template.yaml",
)
VOCABULARY_SUFFIXES = ("", ".c", ".cpp", ".h", ".hpp", ".ld", ".md", ".py", ".sh", ".swift", ".txt", ".yaml", ".yml")
VOCABULARY_OWNERS = ("scripts/lint-text.py", "scripts/lint-text.allowed")
VOCABULARY_RULES = {
    r"\btold\b": "say reported, delivered or logged",
    r"\b(stands|stood) (at|in|for|there|behind|before)\b": "say starts at, is in or means",
    r"(?<!there )\bis no (?!longer\b)[a-z]": "say is not a",
    r"\b(nobody|somebody|whoever)\b": "name the subject",
    r"\b(what )?(becomes?|became|came) of\b": "say outcome or result",
    r"\b(comes?|came) again\b": "say is redelivered or is repeated",
    r"\bfor good\b": "say permanently",
    r"\bfor the time being\b": "say transiently",
    r"\bfor ever\b": "say forever or without limit",
    r"\bbears? (a )?repeats?\b": "say is idempotent",
    r"\bbur(y|ies|ied|ying)\b": "say dead-letter",
    r"\bgiv(e|es|en) up\b|\bgave up\b": "say discard, stop or abandon",
    r"\banew\b": "say again",
    r"\bmend(s|ed|ing)?\b": "say fix or correct",
    r"(?<!in )(?<!take )(?<!takes )\b(the|its|their|a) place of\b|\bone place\b": "say index, range or position",
    r"\bout of reach\b": "say unavailable",
    r"\bnone such\b|\bmany an? \b|\bno word of\b": "say it plainly",
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


def vocabulary():
    for root in VOCABULARY:
        found = [ROOT / root] if (ROOT / root).is_file() else sorted((ROOT / root).rglob("*"))
        for path in found:
            name = path.relative_to(ROOT).as_posix()
            if not path.is_file() or path.suffix not in VOCABULARY_SUFFIXES or name in VOCABULARY_OWNERS:
                continue
            try:
                lines = path.read_text().split("\n")
            except UnicodeDecodeError:
                continue
            for number, line in enumerate(lines, 1):
                for rule, advice in VOCABULARY_RULES.items():
                    if re.search(rule, line, re.IGNORECASE):
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
            *findings(OUTPUT, OUTPUT_RULES, OUTPUT_OWNERS), *findings(TEXT, TEXT_RULES),
            *findings(("Sources", "Tests", "Benchmarks"), ACCESS_RULES), *vocabulary()]:
        if (name, line) in entries:
            unused.pop((name, line), None)
        else:
            problems.append(f"{name}:{number}: {advice}: {line}")
    problems += [
        f"scripts/{ALLOWED.name}:{number}: no match; remove it: {name}: {line}"
        for (name, line), number in unused.items()]
    if "--list" in sys.argv[1:]:
        for name, _, line, advice in findings(TEXT, TEXT_RULES):
            print(name, line, advice, sep="\t")
        return
    if problems:
        sys.exit("\n".join(problems))


main()
