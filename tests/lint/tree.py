"""tree: the files of the project, for the lint scripts beside this one."""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NOT_OURS = re.compile(r"^(build.*|\..*|__pycache__)$")


def files(*patterns, under=("",)):
    """Paths below these folders that match one of the patterns, relative to the root, sorted."""
    found = set()
    for top in under:
        for folder, folders, names in os.walk(ROOT / top):
            folders[:] = [f for f in folders if not NOT_OURS.match(f)]
            found.update((Path(folder) / name).relative_to(ROOT) for name in names)
    return sorted(p for p in found if any(p.match(pattern) for pattern in patterns))


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def code_only(text):
    """C source with comments and the insides of texts blanked, line numbers kept."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    return token.sub(blank, text)


def finish(problems):
    """Print the problems, one a line, and exit: 0 if there are none."""
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "clean")
    sys.exit(1 if problems else 0)
