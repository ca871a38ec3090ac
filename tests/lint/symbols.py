"""symbols: both libraries define what symbols.txt lists, and nothing else.

symbols.py LIBHONE.so LIBHONE.a
"""

import subprocess
import sys
from pathlib import Path

from tree import finish, read

LIST = Path("tests/lint/symbols.txt")


def defined(library, *options):
    """Names of the symbols that a program linked with the library can see."""
    lines = subprocess.run(["nm", "--defined-only", "-P", *options, library], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    return {line.split()[0] for line in lines if " " in line}


listed = set(read(LIST).split())
declared = {name for name in listed if f" {name}(" in read("include/hone.h").replace("*", " ")}
problems = [f"{LIST}: {name} is not declared in hone.h" for name in sorted(listed - declared)]
for library, options in ((sys.argv[1], ["-D"]), (sys.argv[2], ["-g"])):
    found = defined(library, *options)
    problems += [f"{library}: {name} is defined but not listed" for name in sorted(found - listed)]
    problems += [f"{library}: {name} is listed but not defined" for name in sorted(listed - found)]
finish(problems)
