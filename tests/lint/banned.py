#!/usr/bin/env python3
"""banned: calls that the sources must not make, each with what to use instead."""

import re

import tree

# calls; where they are banned; where they are allowed all the same; what to do instead
RULES = [
    ("strcpy strcat stpcpy sprintf vsprintf gets strtok alloca",
     ("engine", "tuner", "tests", "examples"), (),
     "overflows or hides state: snprintf, struct buf"),
    ("atoi atol atoll atof", ("engine", "tuner", "tests"), (),
     "hides errors: str_int64, str_double"),
    ("strtod strtof strtold", ("engine", "tuner"), ("engine/base/str.c",),
     "depends on the locale: str_double"),
    ("rand srand random drand48", ("engine", "tuner", "tests"), (), "not repeatable: struct rng"),
    ("localtime gmtime ctime asctime", ("engine", "tuner"), (), "hidden state: tuner/io/time.h"),
    ("system popen", ("engine", "tuner"), (), "runs a shell: tuner/io/process.h"),
    ("malloc calloc realloc reallocarray strdup strndup asprintf vasprintf", ("engine", "tuner"),
     ("engine/base/mem.c",), "only base/mem.c allocates: mem_array, mem_text, struct buf"),
    ("free", ("engine",), ("engine/base/mem.c",), "mem_free"),
    ("printf fprintf vprintf vfprintf puts putchar perror fopen exit _exit abort getenv setlocale "
     "signal sigaction time clock clock_gettime", ("engine",), (),
     "libhone has no I/O, no clock and ends no process"),
]


def main():
    problems = []
    for names, folders, allowed, instead in RULES:
        call = re.compile(r"(?<![\w.>])(" + "|".join(names.split()) + r")\s*\(")
        for path in tree.files("*.c", "*.h", under=folders):
            if str(path) in allowed:
                continue
            for number, line in enumerate(tree.code_only(tree.read(path)).splitlines(), 1):
                for match in call.finditer(line):
                    problems.append(f"{path}:{number}: {match.group(1)}: {instead}")
    tree.finish(problems)


if __name__ == "__main__":
    main()
