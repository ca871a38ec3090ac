#!/usr/bin/env python3
"""documented: every command and option is in manual.def, and manual.def speaks of no other one."""

import re

import tree

STRING = r'"((?:[^"\\]|\\.)*)"'
ROW = re.compile(r"^(ABOUT|OPTION|EXAMPLE|EXIT)\((\w+), " + STRING, re.M)
COMMAND = re.compile(r"^COMMAND\((\w+),\s+" + STRING + r",\s+" + STRING + r"\)", re.M)
FLAG = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
TAKEN = re.compile(r'\.name = "(--?[a-z-]+)"')
# Commands that hand their words to the spec's reader, which has its own flags.
SPEC_READER = "tuner/spec/flags.c"


def manual_flags(rows, command):
    """The flags of a command's OPTION rows: "--sort" of "--sort KEY"."""
    return {head.split()[0] for kind, name, head in rows if kind == "OPTION" and name == command}


def check_command(command, usage, summary, rows):
    """The problems of one command."""
    kinds = {kind for kind, name, _ in rows if name == command}
    documented = manual_flags(rows, command)
    source_path = tree.ROOT / "tuner" / "cli" / f"{command}.c"
    source = source_path.read_text() if source_path.exists() else ""
    taken = set(TAKEN.findall(source))
    where = f"manual.def: {command}"
    if " " in usage and "EXAMPLE" not in kinds:
        yield f"{where}: no example"
    for flag in sorted(taken - documented):
        yield f"{where}: {flag}, which {command}.c takes, has no OPTION"
    for flag in sorted(set(FLAG.findall(usage)) - documented):
        yield f"{where}: {flag}, which the usage names, has no OPTION"
    texts = source
    if "spec_read" in source or command == "run":
        texts += tree.read(SPEC_READER)
    for flag in sorted(documented):
        if flag != "--KEY" and f'"{flag}"' not in texts and f'"{flag.lstrip("-")}"' not in texts:
            yield f"{where}: {flag} is documented, but {command}.c does not take it"
    if not source:
        yield f"commands.def: {command}: there is no tuner/cli/{command}.c"
    if summary[0].isupper() or summary.endswith("."):
        yield f"commands.def: {command}: a summary is lower case, without a full stop"


def main():
    manual = tree.read("tuner/cli/manual.def").split("*/", 1)[1]
    rows = ROW.findall(manual)
    commands = COMMAND.findall(tree.read("tuner/cli/commands.def").split("*/", 1)[1])
    problems = []
    for command, usage, summary in commands:
        problems += check_command(command, usage, summary, rows)
    main_c = tree.read("tuner/cli/main.c")
    for flag in sorted(manual_flags(rows, "hone")):
        if f'"{flag}"' not in main_c:
            problems.append(f"manual.def: hone: {flag} is documented, but main.c does not take it")
    for flag in sorted(set(re.findall(r'"(--[a-z-]+)"', main_c)) - manual_flags(rows, "hone")):
        if flag != "--version":
            problems.append(f"manual.def: hone: {flag}, which main.c takes, has no OPTION")
    known = {name for name, _, _ in commands} | {"hone"}
    for name in sorted({name for _, name, _ in rows} - known):
        problems.append(f"manual.def: {name}: there is no such command")
    tree.finish(problems)


if __name__ == "__main__":
    main()
