#!/usr/bin/env python3
"""Checks that the table of parameters in docs/configuration.md lists the parameters of template.yaml, with their settings.

With --write, writes the table instead.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/configuration.md"
START, END = "<!-- parameters of template.yaml -->\n", "<!-- end of parameters -->\n"
# Lambda sets these from the function's configuration.
SET_BY_LAMBDA = {"LogLevel": "AWS_LAMBDA_LOG_LEVEL", "MemorySize": "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"}


def section(text, name):
    """Returns the lines of a top-level section."""
    return re.search(rf"^{name}:\n((?:(?: .*)?\n)*)", text, re.M)[1]


def parameters(text):
    """Returns the description and the default of each parameter, in order."""
    found = {}
    for name, body in re.findall(r"^  (\w+):\n((?:    .*\n)+)", section(text, "Parameters"), re.M):
        values = dict(re.findall(r"^    (\w+): (.*)$", body, re.M))
        found[name] = (values["Description"], values["Default"].strip('"'))
    return found


def settings(text, names):
    """Returns the variables that each parameter reaches, directly or in a condition."""
    conditions = dict(re.findall(r"^  (\w+): (.*)$", section(text, "Conditions"), re.M))
    found = {name: [SET_BY_LAMBDA[name]] if name in SET_BY_LAMBDA else [] for name in names}
    for block in re.findall(r"^        Variables:\n((?:          .*\n)+)", text, re.M):
        for variable, value in re.findall(r"^          ([A-Z_]+): (.*)$", block, re.M):
            value = re.sub(r"!If \[(\w+),", lambda match: conditions[match[1]], value)
            for name in re.findall(r"!Ref (\w+)", value):
                if name in found and variable not in found[name]:
                    found[name].append(variable)
    return found


def table(text):
    described = parameters(text)
    reached = settings(text, described)
    yield "| parameter | default | sets | meaning |\n| --- | --- | --- | --- |\n"
    for name, (description, default) in described.items():
        cells = [f"`{name}`", default and f"`{default}`", ", ".join(f"`{word}`" for word in reached[name]), description]
        yield "|" + "".join(f" {cell} |" if cell else " |" for cell in cells) + "\n"


def main():
    page = PAGE.read_text()
    before, rest = page.split(START)
    shown, after = rest.split(END)
    expected = "".join(table((ROOT / "template.yaml").read_text()))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(before + START + expected + END + after)
    elif shown != expected:
        missing = sorted(set(expected.split("\n")) ^ set(shown.split("\n")))
        sys.exit("docs/configuration.md is out of date; run scripts/lint-parameters.py --write:\n" + "\n".join(missing))


main()
