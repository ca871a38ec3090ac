#!/usr/bin/env python3
"""Does a study get on faster with what studies of related tasks have found?

Each task of the suite `related` is tuned with and without parents. A parent is hone's own study of
50 trials of another task of the same family. Conditions:
    plain      no parent
    one        one related parent
    three      three of them (two in the family of three)
    negated    the parent's study minimised minus the very loss of the task: all it says is wrong
    unrelated  50 random configurations with random values
    mixed      two related parents (one), a negated and an unrelated one
`warm.py run` writes studies to a file of lines, `warm.py table` prints what
docs/algorithms/warm-start.md has.
"""

import argparse
import concurrent.futures
import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from harness import runner, tasks
from harness.engine import Engine

CONDITIONS = ["plain", "one", "three", "negated", "unrelated", "mixed"]
TRIALS, PARENT_TRIALS, PARENT_SEEDS = 50, 50, 1000
FOLDER = os.path.join(HERE, "suites", "related")


class Recorder(Engine):
    """An engine that is given parents before the first ask, and remembers what it was told."""

    def __init__(self, command):
        super().__init__(command)
        self.parents, self.results, self.turned = [], [], 1

    def call(self, request):
        for told in request.get("tell", []):
            told["value"] *= self.turned
            self.results.append({"params": self.params[told["id"]], "value": told["value"]})
        reply = super().call(request)
        if "space" in request:
            self.params, self.results = {}, []
            for parent in self.parents:
                super().call({"transfer": parent})
        for trial in reply[0].get("trials", []):
            self.params[trial["id"]] = trial["params"]
        return reply


class Runs:
    """Studies of one engine process; those of parents are kept."""

    def __init__(self, command):
        self.engine, self.kept = Recorder(command), {}

    def study(self, entry, seed, budget, parents=(), turned=1):
        self.engine.parents, self.engine.turned = list(parents), turned
        task = tasks.Table(entry, "related", FOLDER, seed)
        result = runner.run(self.engine, task, budget)
        return result, self.engine.results

    def parent(self, entry, seed, turned=1):
        key = entry["name"], seed, turned
        if key not in self.kept:
            self.kept[key] = self.study(entry, PARENT_SEEDS + seed, PARENT_TRIALS, turned=turned)[1]
        return self.kept[key]

    def noise(self, entry, seed):
        rng = tasks.stream("unrelated", entry["name"], seed)
        return [{"params": {p["name"]: p["values"][rng.integers(len(p["values"]))]
                            for p in entry["space"]}, "value": rng.standard_normal()}
                for _ in range(PARENT_TRIALS)]

    def parents(self, entries, entry, seed, condition):
        family = [e for e in entries if e["family"] == entry["family"] and e is not entry]
        turn = seed % len(family)
        near = [self.parent(e, seed) for e in (family[turn:] + family[:turn])[:3]]
        wrong = {"negated": lambda: self.parent(entry, seed, -1),
                 "unrelated": lambda: self.noise(entry, seed)}
        if condition == "mixed":
            return near[:-1][:2] + [make() for make in wrong.values()]
        if condition in wrong:
            return [wrong[condition]()]
        return near[:{"plain": 0, "one": 1, "three": 3}[condition]]


def rows_of(job):
    command, entries, entry, seeds, conditions = job
    runs, out = Runs(command), []
    for seed in seeds:
        for condition in conditions:
            parents = runs.parents(entries, entry, seed, condition)
            result, _ = runs.study(entry, seed, TRIALS, parents)
            out.append({"task": entry["name"], "seed": seed, "condition": condition,
                        "curve": result["curve"], "ask_ms": result["ask_ms"]})
    runs.engine.close()
    return out


def halved(half):
    entries = tasks.entries(os.path.join(HERE, "suites"), "related")
    return [e for i, e in enumerate(entries) if half == "all" or (i % 2 == 0) == (half == "odd")]


def run(a):
    entries = tasks.entries(os.path.join(HERE, "suites"), "related")
    jobs = [(a.engine, entries, e, range(a.seeds), a.conditions.split(","))
            for e in halved(a.tasks)]
    with concurrent.futures.ProcessPoolExecutor(a.jobs) as pool, open(a.out, "w") as out:
        for rows in pool.map(rows_of, jobs):
            for row in rows:
                out.write(json.dumps(row) + "\n")


def interval(by_task, rng):
    """Mean over tasks, with a 95 % bootstrap interval over tasks."""
    means = np.array(by_task)
    draws = means[rng.integers(len(means), size=(4000, len(means)))].mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{means.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def table(a):
    with open(a.out) as f:
        rows = [json.loads(line) for line in f]
    cell = {(r["task"], r["seed"], r["condition"]): np.array(r["curve"]) for r in rows}
    chosen = [e["name"] for e in halved(a.tasks)]
    names = [n for n in sorted({r["task"] for r in rows}) if n in chosen]
    seeds = sorted({r["seed"] for r in rows})
    present = [c for c in CONDITIONS if any(r["condition"] == c for r in rows)]
    rng, at = np.random.default_rng(0), [5, 10, 25, 50]
    curve = {c: np.array([np.mean([cell[t, s, c] for s in seeds], 0) for t in names])
             for c in present}
    print(f"{len(names)} tasks, {len(seeds)} seeds")
    print("| parents | " + " | ".join(f"score at {n}" for n in at)
          + " | trials to plain's score at 50 | 25 − plain's 50 | 50 − plain's 50 |")
    print("| --- |" + " --- |" * (len(at) + 3))
    goal = curve["plain"][:, -1]
    for c in present:
        mean = curve[c].mean(0)
        reached = np.flatnonzero(mean <= goal.mean())
        print(f"| {c} | " + " | ".join(f"{mean[n - 1]:.3f}" for n in at)
              + f" | {reached[0] + 1 if len(reached) else '> 50'}"
              + f" | {interval(curve[c][:, 24] - goal, rng)}"
              + f" | {interval(curve[c][:, 49] - goal, rng)} |")
    ms = {c: np.median([m for r in rows if r["condition"] == c for m in r["ask_ms"]])
          for c in present}
    print("median ms an ask: " + ", ".join(f"{c} {m:.2f}" for c, m in ms.items()))
    if a.by_task:
        for i, t in enumerate(names):
            print(f"{t:36}" + "".join(
                f"  {c} {curve[c][i, 9]:.3f} {curve[c][i, 24]:.3f} {curve[c][i, 49]:.3f}"
                for c in present))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument("--engine", default="hone ask-tell")
    parser.add_argument("--out", default=os.path.join(HERE, "results", "warm.jsonl"))
    parser.add_argument("--tasks", choices=["all", "odd", "even"], default="all",
                        help="odd: the 1st, 3rd, ... by which constants were chosen")
    parser.add_argument("--conditions", default=",".join(CONDITIONS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("-j", "--jobs", type=int, default=1)
    parser.add_argument("--by-task", action="store_true")
    a = parser.parse_args()
    {"run": run, "table": table}[a.what](a)


main()
