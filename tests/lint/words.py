#!/usr/bin/env python3
"""words: nothing in the tree names somebody's machine, hides work to do, or links to nowhere."""

import re

import tree

RULES = [
    (re.compile(r"(?<![\w.])(/home/\w+|/Users/\w+|/root/)"), "a path of somebody's machine"),
    (re.compile(r"\b(TODO(?!\(#\d+\))|FIXME|XXX)\b"), "write TODO(#issue)"),
    (re.compile(r"^(<{7}|>{7}) "), "a conflict that was not resolved"),
]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def main():
    problems = []
    for path in tree.files("*"):
        if path.suffix in (".svg", ".png") or str(path) in ("docs/style.md", "tests/lint/words.py"):
            continue
        try:
            lines = tree.read(path).splitlines()
        except UnicodeDecodeError:
            continue  # test data that is no text
        for number, line in enumerate(lines, 1):
            problems += [f"{path}:{number}: {text}" for rule, text in RULES if rule.search(line)]
    for path in tree.files("*.md"):
        for target in LINK.findall(tree.read(path)):
            if "://" not in target and not (tree.ROOT / path.parent / target).exists():
                problems.append(f"{path}: links to {target}, which is not there")
    tree.finish(problems)


if __name__ == "__main__":
    main()
