#!/usr/bin/env python3
"""Benchmark of hyperparameter optimisers: `run` an engine over suites, `compare` results, `list`
tasks. See README.md."""

import argparse
import gzip
import json
import os
import platform
import sys
import time

for _var in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_var, "1")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from harness import compare, export, runner, tasks
from harness.engine import Engine, EngineError


def opened(path, mode="rt"):
    """Open a results file; `.gz` is compressed."""
    return gzip.open(path, mode) if path.endswith(".gz") else open(path, mode)


def seeds_of(text):
    """`5` is seeds 0..4, `3-9` is 3..9."""
    lo, _, hi = text.partition("-")
    return range(int(lo), int(hi) + 1) if hi else range(int(lo))


def finished(path, engine):
    """(suite, task, seed, budget, parallel, sync) that a file already has of this engine."""
    if not os.path.exists(path):
        return set()
    with opened(path) as f:
        rows = [json.loads(line) for line in f]
    return {
        tuple(r[k] for k in compare.CELL) for r in rows if "score" in r and r["engine"] == engine
    }


def chosen(a):
    """(suite, entry) of the tasks that the options name."""
    names = tasks.suites(a.suite_dir) if a.suite == "all" else a.suite.split(",")
    return [
        (s, e)
        for s in names
        for e in tasks.entries(a.suite_dir, s)
        if a.task is None or e["name"] in a.task.split(",")
    ]


def run(a):
    """Run every (seed, task), seeds outermost: an interrupted run is balanced over tasks."""
    todo = chosen(a)
    words = a.engine.split()
    label = (
        a.name
        or os.path.splitext(
            os.path.basename(next((w for w in words if w.endswith(".py")), words[0]))
        )[0]
    )
    done, engine, end = finished(a.out, label), None, time.time() + a.minutes * 60
    with opened(a.out, "at") as out:

        def write(row):
            out.write(json.dumps(row) + "\n")
            out.flush()

        write(
            {
                "meta": {
                    "engine": label,
                    "command": os.path.basename(a.engine),
                    "cpu": platform.processor() or platform.machine(),
                    "python": platform.python_version(),
                    "date": time.strftime("%Y-%m-%d"),
                    "extra": a.extra,
                }
            }
        )
        for seed in seeds_of(a.seeds):
            for suite, entry in todo:
                cell = (suite, entry["name"], seed, a.budget, a.parallel, a.sync)
                if cell in done:
                    continue
                if time.time() > end:
                    print("time is up", file=sys.stderr)
                    return
                head = dict(zip(compare.CELL, cell), engine=label)
                try:
                    task = tasks.make(entry, a.suite_dir, suite, seed)
                    engine = engine or Engine(a.engine, a.timeout)
                    row = runner.run(
                        engine, task, a.budget, a.parallel, a.sync, a.extra, a.study_timeout
                    )
                except (EngineError, TimeoutError, ValueError) as err:
                    write(dict(head, error=str(err)[:300]))
                    print(f"{label} {suite}/{entry['name']} seed {seed}: {err}", file=sys.stderr)
                    engine and engine.close()
                    engine = None
                    continue
                write(dict(head, **row))
                if a.verbose:
                    print(
                        f"{label} {suite}/{entry['name']} seed {seed}: {row['score']:.4f} "
                        f"ask {sorted(row['ask_ms'])[len(row['ask_ms']) // 2]:.1f} ms",
                        flush=True,
                    )
                if not a.reuse:
                    engine.close()
                    engine = None
    if engine:
        engine.close()


def show(a):
    """Print the tasks of a suite folder."""
    for suite in tasks.suites(a.suite_dir):
        for e in tasks.entries(a.suite_dir, suite):
            kinds = [p["type"] for p in e["space"]]
            extra = [k for k in ("noise", "fail", "cliff") if e.get(k)]
            extra += ["conditional"] if any("when" in p for p in e["space"]) else []
            print(
                f"{suite:15s} {e['name']:28s} {e['kind']:10s} d={len(kinds)} "
                + " ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
                + " "
                + " ".join(extra)
            )


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    sub = ap.add_subparsers(required=True)
    r = sub.add_parser("run", help="run one engine")
    r.add_argument("--engine", required=True, help="command line of the engine, in quotes")
    r.add_argument("--name", help="label in the results (default: the program or script)")
    r.add_argument("--suite", default="all", help="suite name, several with commas, or all")
    r.add_argument("--suite-dir", default=os.path.join(HERE, "suites"))
    r.add_argument("--task", help="only these tasks, with commas")
    r.add_argument("--seeds", default="5", help="number of seeds, or FIRST-LAST")
    r.add_argument("--budget", type=int, default=50, help="evaluations in a study")
    r.add_argument("--parallel", type=int, default=1, help="evaluations at a time")
    r.add_argument("--sync", action="store_true", help="tell whole batches instead of one by one")
    r.add_argument(
        "--reuse",
        action="store_true",
        help="keep the process for all studies (peers; saves start-up)",
    )
    r.add_argument(
        "--extra", type=json.loads, default={}, help='more study keys, e.g. \'{"strategy": "tpe"}\''
    )
    r.add_argument("--timeout", type=float, default=300, help="seconds for one reply")
    r.add_argument("--study-timeout", type=float, default=None, help="seconds for one study")
    r.add_argument(
        "--minutes", type=float, default=1e6, help="stop starting studies after this many minutes"
    )
    r.add_argument(
        "--out",
        required=True,
        help="results, one JSON object a line; appended to, finished cells are skipped",
    )
    r.add_argument("--verbose", action="store_true")
    r.set_defaults(go=run)
    c = sub.add_parser("compare", help="table of results")
    c.add_argument("files", nargs="+")
    c.add_argument("--at", type=int, help="score after this many evaluations instead of at the end")
    c.add_argument("--by-suite", action="store_true")
    c.add_argument("--by-task", action="store_true", help="mean score per task instead")
    c.add_argument(
        "--trials",
        action="store_true",
        help="how many trials the base needs for the score of each other (at --at or its end)",
    )
    c.add_argument(
        "--half", choices=["odd", "even"], help="only the 1st, 3rd, ... or the other tasks"
    )
    c.add_argument("--suite-dir", default=os.path.join(HERE, "suites"))
    c.add_argument("--budget", type=int)
    c.add_argument("--parallel", type=int)
    c.add_argument(
        "--all-seeds",
        action="store_true",
        help="use each engine's every seed, not only those that all have",
    )
    c.add_argument("--base", help="engine that the others are paired with (default: the first)")
    c.set_defaults(go=lambda a: compare.main(a, opened))
    x = sub.add_parser("export", help="write tasks for the C driver (build/bench/bench-search)")
    x.add_argument("--suite", default="all", help="suite name, several with commas, or all")
    x.add_argument("--suite-dir", default=os.path.join(HERE, "suites"))
    x.add_argument("--task", help="only these tasks, with commas")
    x.add_argument("--seeds", default="10", help="number of seeds, or FIRST-LAST")
    x.add_argument("--out", required=True, help="folder")
    x.set_defaults(go=lambda a: export.write(a.out, a.suite_dir, chosen(a), seeds_of(a.seeds)))
    s = sub.add_parser("list", help="list the tasks")
    s.add_argument("--suite-dir", default=os.path.join(HERE, "suites"))
    s.set_defaults(go=show)
    a = ap.parse_args()
    a.go(a)


if __name__ == "__main__":
    main()
