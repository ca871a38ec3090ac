#!/usr/bin/env python3
"""Stopping rules on recorded learning curves: how many epochs they save, and what they lose.

    stopping.py [--rule asha --rule '{"rule": "curve"}' ...] [--tasks odd|even|all] [--seeds 20]
                [--strategy random|bayesian] [--parallel 1] [--out FILE.jsonl]

A study proposes configurations of a table whose every epoch was recorded (suites/curves and the
curves of mlp-digits and boosting-digits389) and reports each epoch until it stops the trial.
Strategy random draws table rows; the others search the unit cube, and the nearest recorded
configuration answers.

Two studies a rule: one of --trials trials, and one that goes on until it has spent all epochs that
--trials whole ones take. Score: (best final value of a completed trial - best of the table) /
(median - best), clipped to [0, 1]. Printed, means over tasks of means over seeds, 95 % bootstrap
intervals over tasks:
    epochs   share of the epochs that the same trials take without a rule
    loss     score with the same trials - that without a rule
    at 35 %  score after 35 % of the epochs, as many trials as it takes - that without a rule
    reached  share of the epochs at which the mean score is that of all trials without a rule
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np

for _var in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_var, "1")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from harness.compare import bootstrap
from harness.engine import Engine

SUITES = os.path.join(HERE, "suites")
OLDER = {
    "mlp_digits_27": "conditional/mlp_digits.npz",
    "boosting_digits389": "tabular/boosting_digits389.npz",
}
SHARES = np.linspace(0.02, 1, 50)


class Task:
    """A table of curves. `last[i]` is the number of epochs of row i, `final[i]` its loss there;
    NaN where training broke down."""

    def __init__(self, name):
        self.name = name
        if name in OLDER:
            data = np.load(os.path.join(SUITES, OLDER[name]))
            self.curve, self.u = data["curve"].astype(float), data["curve_u"].astype(float)
        else:
            data = np.load(os.path.join(SUITES, "curves", name + ".npz"))
            self.curve, self.u = data["curve"].astype(float), data["u"].astype(float)
        n, R = self.curve.shape
        broken = np.isnan(self.curve)
        self.last = np.where(broken.any(axis=1), broken.argmax(axis=1), R)
        ends = zip(self.curve, self.last)
        self.final = np.array([c[k - 1] if k > 0 else np.nan for c, k in ends])
        if name.startswith("boosting"):  # here the number of stages is a parameter
            self.breaks = self.last == 0
        else:
            self.breaks = self.last < R
        self.final[self.breaks] = np.nan
        self.R = R
        self.best, self.median = np.nanmin(self.final), np.nanmedian(self.final)

    def space(self, strategy):
        if strategy == "random":
            return [{"name": "row", "type": "int", "min": 0, "max": len(self.final) - 1}]
        unit = {"type": "float", "min": 0, "max": 1}
        return [dict(unit, name=f"u{j}") for j in range(self.u.shape[1])]

    def row(self, params):
        if "row" in params:
            return params["row"]
        u = np.array([params[f"u{j}"] for j in range(self.u.shape[1])])
        return int(((self.u - u) ** 2).sum(axis=1).argmin())

    def score(self, value):
        return float(np.clip((value - self.best) / (self.median - self.best), 0, 1))


def names():
    own = sorted(f[:-4] for f in os.listdir(os.path.join(SUITES, "curves")) if f.endswith(".npz"))
    return own + sorted(OLDER)


def play(engine, task, rule, strategy, seed, parallel, n_trials, n_epochs):
    """One study until it has n_trials trials or spent n_epochs: [(epochs spent, score), ...] after
    each completed trial, and the epochs spent in all. Workers run one epoch at a
    time, in turn."""
    reply = engine.call({"space": task.space(strategy), "strategy": strategy, "seed": seed,
                         "budget": 50, "parallel": parallel, "stopping": rule})[0]
    assert reply.get("ok"), reply
    score, spent, asked, history = 1.0, 0, 0, [(0, 1.0)]
    running = []  # [id, row, next epoch]
    while True:
        while len(running) < parallel and asked < n_trials and spent < n_epochs:
            trials = engine.call({"ask": 1})[0]["trials"]
            if not trials:
                n_trials = asked
                break
            running.append([trials[0]["id"], task.row(trials[0]["params"]), 0])
            asked += 1
        if not running or spent >= n_epochs:
            return history, spent
        for run in list(running):
            ident, row, k = run
            if k < task.last[row]:
                spent += 1
                run[2] += 1
                stop = engine.call({"report": [{"id": ident, "step": k + 1,
                                                "value": task.curve[row, k]}]})[0]["stop"]
                if stop:
                    engine.call({"tell": [{"id": ident, "state": "stopped"}]})
                    running.remove(run)
                    continue
            if run[2] < task.last[row]:
                continue
            running.remove(run)
            if task.breaks[row]:
                engine.call({"tell": [{"id": ident, "state": "failed"}]})
            else:
                engine.call({"tell": [{"id": ident, "value": task.final[row]}]})
                score = min(score, task.score(task.final[row]))
                history.append((spent, score))


def after(history, epochs):
    """The score after so many epochs."""
    return [s for e, s in history if e <= epochs][-1]


def run_task(job):
    """All seeds of one task and rule."""
    name, rule, a = job
    task, engine, out = Task(name), Engine(a.engine), []
    for seed in range(a.seeds):
        args = (engine, task, rule, a.strategy, seed, a.parallel)
        full, total = play(*args[:2], "none", *args[3:], a.trials, np.inf)
        same, spent = play(*args, a.trials, np.inf)
        more, _ = play(*args, 10**9, total)
        out.append({"task": name, "rule": str(rule), "seed": seed, "epochs": spent / total,
                    "loss": same[-1][1] - full[-1][1], "full": full[-1][1],
                    "at35": after(more, 0.35 * total) - full[-1][1],
                    "curve": [after(more, share * total) for share in SHARES]})
    engine.close()
    return out


def interval(rows, field, percent=False):
    tasks = sorted({r["task"] for r in rows})
    means = [np.mean([r[field] for r in rows if r["task"] == t]) for t in tasks]
    lo, hi = bootstrap(means)
    k = 100 if percent else 1
    form = "{:5.1f} [{:5.1f}, {:5.1f}]" if percent else "{:+.4f} [{:+.4f}, {:+.4f}]"
    return form.format(k * np.mean(means), k * lo, k * hi)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    hone = os.path.join(HERE, "..", "build", "tuner", "cli", "hone")
    p.add_argument("--engine", default=hone + " ask-tell")
    p.add_argument("--rule", action="append")
    p.add_argument("--tasks", default="all")
    p.add_argument("--strategy", default="random")
    p.add_argument("--seeds", type=int, default=20)
    p.add_argument("--trials", type=int, default=50)
    p.add_argument("--parallel", type=int, default=1)
    p.add_argument("--processes", type=int, default=1)
    p.add_argument("--by-task", action="store_true")
    p.add_argument("--out")
    a = p.parse_args()
    rules = a.rule or ["median", "asha", "hyperband", "curve"]
    rules = [json.loads(r) if r.startswith("{") else r for r in rules]
    tasks = names()
    if a.tasks in ("odd", "even"):
        tasks = tasks[0 if a.tasks == "odd" else 1 :: 2]
    elif a.tasks != "all":
        tasks = a.tasks.split(",")
    print(
        f"{len(tasks)} tasks, {a.seeds} seeds, {a.trials} trials, {a.parallel} at a time, "
        f"{a.strategy}"
    )
    print(f"{'rule':34s} {'epochs %':>20s} {'loss':>27s} {'at 35 %':>27s} reached")
    with ProcessPoolExecutor(a.processes) as pool:
        for rule in rules:
            rows = [r for part in pool.map(run_task, [(t, rule, a) for t in tasks]) for r in part]
            if a.out:
                with open(a.out, "at") as f:
                    f.writelines(json.dumps(r) + "\n" for r in rows)
            full = np.mean([r["full"] for r in rows])
            mean = np.mean([r["curve"] for r in rows], axis=0)
            shares = (f"{100 * s:5.0f} %" for s, m in zip(SHARES, mean) if m <= full)
            reached = next(shares, " never ")
            text = rule if isinstance(rule, str) else json.dumps(rule)
            print(f"{text:34s} {interval(rows, 'epochs', True)} {interval(rows, 'loss')} "
                  f"{interval(rows, 'at35')} {reached}", flush=True)
            if a.by_task:
                for t in tasks:
                    mine = [r for r in rows if r["task"] == t]
                    mean = {f: np.mean([r[f] for r in mine])
                            for f in ("full", "epochs", "loss", "at35")}
                    print(f"    {t:30s} " + " ".join(f"{f} {mean[f]:7.3f}" for f in mean))


if __name__ == "__main__":
    main()
