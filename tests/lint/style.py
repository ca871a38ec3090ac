#!/usr/bin/env python3
"""style: formatting as .clang-format and .editorconfig say; names what has grown large."""

import re
import shutil
import subprocess
import sys

import tree

CLANG_FORMAT = "14"  # Debian 12's; other versions format some things in another way
C_FOLDERS = ("include", "engine", "tuner", "tests", "examples", "bench")
MAX_LINE = {".c": 100, ".h": 100, ".py": 100, ".build": 120}
LAB = "tests/conformance/"  # programs of users, in the form in which they are run elsewhere too
BIG_FILE, BIG_FUNCTION = 1000, 100


def check_text(path):
    text = tree.read(path)
    problems = []
    if text and not text.endswith("\n"):
        problems.append(f"{path}: does not end in a newline")
    if text.endswith("\n\n"):
        problems.append(f"{path}: ends in empty lines")
    limit = MAX_LINE.get(path.suffix)
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip():
            problems.append(f"{path}:{number}: space at the end of the line")
        if "\t" in line and path.name != "Makefile":
            problems.append(f"{path}:{number}: a tab")
        if limit and len(line) > limit:
            problems.append(f"{path}:{number}: {len(line)} columns, at most {limit}")
    return problems


def print_big(path):
    """Large is no error, it's a question: do two ideas live here?"""
    lines = tree.code_only(tree.read(path)).splitlines()
    if len(lines) > BIG_FILE:
        print(f"note: {path} has {len(lines)} lines")
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if number - start > BIG_FUNCTION:
                print(f"note: {path}:{start}: a function of {number - start} lines")
            start = None


def check_format(paths):
    tool = shutil.which("clang-format")
    if not tool or not paths:
        return None
    version = subprocess.run([tool, "--version"], stdout=subprocess.PIPE, text=True).stdout
    if not re.search(rf"version {CLANG_FORMAT}\.", version):
        return None
    run = subprocess.run([tool, "--dry-run", "--Werror", *map(str, paths)], cwd=tree.ROOT,
                         stderr=subprocess.PIPE, text=True)
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", run.stderr, re.M)))
    return [f"{path}: run clang-format -i on it" for path in wrong]


def main():
    problems = []
    for path in tree.files("*.c", "*.h", "*.def", "*.py", "*.sh", "*.build", "*.yaml", "*.md",
                           "*.txt", "*.sql", "Makefile", "scripts/*", "tests/pytest"):
        if not str(path).startswith(LAB):
            problems += check_text(path)
    sources = tree.files("*.c", "*.h", under=C_FOLDERS)
    for path in sources:
        print_big(path)
    formatting = check_format(sources)
    if formatting is None:
        print(f"clang-format {CLANG_FORMAT} is not here")
        if not problems:
            sys.exit(77)
    tree.finish(problems + (formatting or []))


if __name__ == "__main__":
    main()
