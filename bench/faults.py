#!/usr/bin/env python3
"""faults.py: kill -9 at random over many studies, and a table of what was counted.

    bench/faults.py [--kills 200] [--seed 1] [--write]

Studies in a file and on a PostgreSQL server, one after the other; tests/fault/storm.py says what is
killed and what must be true of a study afterwards: the first one of which it isn't ends this with
an error that names its seed. --write puts the table into bench/faults.md.
"""

import argparse
import collections
import os
import pathlib
import shutil
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MARK = "<!-- made by bench/faults.py -->\n"
KILLS_OF_ONE, TRIALS = 10, 60
ROWS = ["studies", "kill tuner", "kill shim", "kill server", "freeze tuner", "trials", "attempts",
        "lost", "values"]
NAMES = {"kill tuner": "tuner killed", "kill shim": "shim of a running trial killed",
         "kill server": "PostgreSQL killed with all its processes",
         "freeze tuner": "tuner frozen past its lease, another one started",
         "trials": "trials, all completed", "attempts": "attempts, each run once",
         "lost": "attempts lost with their shim, and followed by another",
         "values": "values printed and stored, each once"}


def run(seed, kills, server):
    from storm import storm
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hone-storm-"))
    try:
        found = storm(folder, seed, min(kills, KILLS_OF_ONE), TRIALS, server)
    except BaseException:
        print(f"seed {seed}, {'postgresql' if server else 'sqlite'}: {folder} is left to look at",
              file=sys.stderr)
        raise
    shutil.rmtree(folder)
    return collections.Counter({**found["kills"], "studies": 1,
                                **{k: found[k] for k in ("trials", "attempts", "lost", "values")}})


def table(sums):
    lines = ["| what | SQLite | PostgreSQL |", "| --- | --- | --- |"]
    for row in ROWS:
        cells = ["–" if row == "kill server" and kind == "sqlite" else f"{sums[kind][row]:,}"
                 for kind in ("sqlite", "postgresql")]
        lines.append(f"| {NAMES.get(row, row)} | {' | '.join(cells)} |")
    lines.append("| run twice, at the same time or ever; values lost or doubled; other proposals "
                 "on replay; left behind | 0 | 0 |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", default=200, type=int)
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    os.environ.setdefault("HONE", str(ROOT / "build/tuner/cli/hone"))
    os.environ.setdefault("HONE_SHIM", str(ROOT / "build/tuner/exec/hone-shim"))
    sys.path[:0] = [str(ROOT / "tests/fault"), str(ROOT / "tests/cli")]
    from database import Server
    server = Server()
    if server.missing():
        sys.exit("no PostgreSQL server to be had here (apt-get install postgresql)")
    sums = {"sqlite": collections.Counter(), "postgresql": collections.Counter()}
    began, seed = time.monotonic(), args.seed

    def kills(kind):
        return sum(n for what, n in sums[kind].items() if what.startswith(("kill", "freeze")))

    try:
        for kind, on in ("sqlite", None), ("postgresql", server):
            while kills(kind) < args.kills // 2:
                sums[kind] += run(seed, args.kills // 2 - kills(kind), on)
                seed += 1
                print(f"{kind}: {kills(kind)} kills, {time.monotonic() - began:.0f} s", flush=True)
    finally:
        server.close()
    text = table(sums)
    print(text)
    if args.write:
        path = ROOT / "bench/faults.md"
        before, _, rest = path.read_text().partition(MARK)
        after = rest.partition(MARK)[2]
        path.write_text(before + MARK + text + MARK + after)


if __name__ == "__main__":
    main()
