#!/usr/bin/env python3
"""includes: folders include only what layers.txt allows, and each header compiles alone."""

import re
import subprocess
from pathlib import Path

import tree

# The engine has no I/O, no clock and no locale; <stdio.h> is there for snprintf.
ENGINE_MAY = {"assert.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdarg.h",
              "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h"}
# str.c makes a "C" locale of its own for strtod_l, so that the program's locale doesn't matter.
MAY_TOO = {Path("engine/base/str.c"): {"locale.h"}}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)
COMPILE = ["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
           "-Iinclude", "-Iengine", "-Ituner"]
LIBRARIES = ["libpq"]  # whose headers lie in folders of their own


def layers():
    table = {}
    for line in tree.read("tests/lint/layers.txt").splitlines():
        if line and not line.startswith("#"):
            folder, allowed = line.split(":")
            table[folder] = set(allowed.split())
    return table


def layer_of(path):
    return "/".join(path.parts[:2])


def resolve(path, name):
    """The file that `#include "name"` in `path` means, or None (a generated one)."""
    for base in (path.parent, Path("engine"), Path("tuner"), Path("include")):
        if (tree.ROOT / base / name).is_file():
            return base / name
    return None


def check_includes(path, table):
    layer = layer_of(path)
    if layer not in table:
        return [f"{path}: {layer} is not in layers.txt"]
    problems = []
    may = ENGINE_MAY | MAY_TOO.get(path, set())
    for quoted, system in INCLUDE.findall(tree.read(path)):
        if system and layer.startswith("engine/") and system not in may:
            problems.append(f"{path}: the engine may not include <{system}>")
        target = resolve(path, quoted) if quoted else None
        if target is None or target.parts[0] == "include":
            continue
        if layer_of(target) != layer and layer_of(target) not in table[layer]:
            problems.append(f"{path}: {layer} may not include {target}")
        if target.stem.endswith("_int") and target.parent != path.parent:
            problems.append(f"{path}: {target} is private to its folder")
    return problems


def flags_of_libraries():
    """What pkg-config says of those that are there."""
    found = [subprocess.run(["pkg-config", "--cflags", name], capture_output=True, text=True)
             for name in LIBRARIES]
    return [flag for done in found if done.returncode == 0 for flag in done.stdout.split()]


def check_alone(header, flags):
    problems = []
    languages = [["-x", "c"]]
    if header == Path("include/hone.h"):
        languages.append(["-x", "c++", "-std=c++17"])
    for language in languages:
        command = [word for word in COMPILE if language[1] == "c" or word != "-std=c11"]
        # As if another file's only line included it, so that an unused static is no warning.
        made = subprocess.run([*command, *flags, *language, "-include", str(header), "/dev/null"],
                              cwd=tree.ROOT, stderr=subprocess.PIPE, text=True)
        if made.returncode != 0:
            problems.append(f"{header}: does not compile alone:\n{made.stderr.strip()}")
    return problems


def main():
    table = layers()
    problems = []
    for path in tree.files("*.c", "*.h", under=("engine", "tuner")):
        problems += check_includes(path, table)
    flags = flags_of_libraries()
    for header in tree.files("*.h", under=("include", "engine", "tuner")):
        problems += check_alone(header, flags)
    tree.finish(problems)


if __name__ == "__main__":
    main()
