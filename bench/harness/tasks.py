"""Tasks: what is tuned. A suite is a folder `<suite-dir>/<suite>/` with `tasks.json` and npz
files.

Each entry of tasks.json has `name`, `kind` (table, surrogate, function), `space`, and
per kind the keys that the classes below read. Common keys: `objectives` (default one,
minimised), `noise` (standard deviation relative to median - optimum), `fail` (a Python
expression over the parameters: true means a crash), `optimum` and `median` (noise-free;
computed per seed for functions), `scored`: "log" (score on log loss, for losses that span
decades), `floor` (smallest score that means something; log10 regret stops there), `source`.
"""

import hashlib
import json
import math
import os
from functools import lru_cache

import numpy as np

from . import analytic, score, space as sp
from .surrogate import Surrogate

NAN = float("nan")


def stream(*parts):
    """A generator that depends only on the text of `parts`."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def seen(value):
    """A value, or each of a list, with eight significant digits."""
    return [seen(v) for v in value] if isinstance(value, list) else float(f"{value:.8g}")


class Task:
    """One problem for one seed. `evaluate` gives what an engine sees, `truth` what is scored."""

    def __init__(self, entry, suite, folder, seed):
        self.entry, self.suite, self.folder, self.seed = entry, suite, folder, seed
        self.name, self.space = entry["name"], entry["space"]
        self.objectives = entry.get("objectives", [{"name": "loss", "goal": "minimize"}])
        self.noise, self.floor = entry.get("noise", 0.0), entry.get("floor", 1e-3)
        self.optimum, self.median = entry.get("optimum"), entry.get("median")
        self.fail = compile(entry["fail"], "fail", "eval") if "fail" in entry else None

    @property
    def several(self):
        return len(self.objectives) > 1

    def crashed(self, config):
        return self.fail is not None and bool(eval(self.fail, {"__builtins__": {}}, dict(config)))

    def truth(self, config):
        """Noise-free value (list for several objectives); NaN where it fails."""
        raise NotImplementedError

    def observe(self, config, repeat):
        """Value as an engine sees it on the repeat-th evaluation of this configuration."""
        y = self.truth(config)
        if self.noise and not self.several and math.isfinite(y):
            rng = stream("noise", self.name, self.seed, sp.key(config), repeat)
            y += self.noise * (self.median - self.optimum) * rng.standard_normal()
        return y

    def duration(self, config):
        """Simulated seconds of one evaluation; log-normal unless the task knows better."""
        return float(
            np.exp(0.5 * stream("time", self.name, self.seed, sp.key(config)).standard_normal())
        )

    def evaluate(self, config, repeat):
        """(observed, noise-free, seconds); observed is None when the evaluation failed.

        An engine sees eight digits: the C driver, whose sums run in another order, then tells it
        the same numbers, and its studies are the same.
        """
        seconds = self.duration(config)
        if self.crashed(config):
            return None, None, 0.3 * seconds
        true = self.truth(config)
        if not np.all(np.isfinite(true)):
            return None, None, 0.3 * seconds
        return seen(self.observe(config, repeat)), true, seconds

    def normalise(self, value):
        """Score of one noise-free value, None or infinite when there is none."""
        scale = [self.optimum, self.median]
        if self.entry.get("scored") == "log" and value is not None and value > 0:
            value, *scale = np.log([value] + scale)
        return score.normalised(value, *scale)

    def scorer(self):
        """An object with add(true value) -> score so far."""
        return HypervolumeScore(self) if self.several else BestScore(self)


class BestScore:
    """Best noise-free value so far, normalised."""

    def __init__(self, task):
        self.task, self.best = task, math.inf

    def add(self, true):
        if true is not None:
            self.best = min(self.best, true)
        return self.task.normalise(self.best)


class HypervolumeScore:
    """Hypervolume of the noise-free front so far: (best - found) / (best - that of 10 random
    points)."""

    def __init__(self, task):
        self.task, self.front, self.last = task, np.empty((0, len(task.objectives))), 1.0
        self.ref = np.array(task.entry["reference"])

    def add(self, true):
        if true is not None and np.all(np.array(true) < self.ref):
            self.front = score.non_dominated(np.vstack([self.front, true]))
            hv = score.hypervolume(self.front, self.ref)
            self.last = score.normalised(-hv, -self.task.optimum, -self.task.median)
        return self.last


@lru_cache(maxsize=None)
def arrays(path):
    """npz file as a dict of arrays, read once."""
    with np.load(path) as f:
        return {k: f[k] for k in f.files}


class Table(Task):
    """Grid of real training results; a run sees one of the training seeds, the score uses their
    mean.

    Keys: `data` (npz), `metrics` (one per objective), `seconds` (array with the training time).
    The space lists the grid's parameters in the table's row-major order.
    """

    def __init__(self, entry, suite, folder, seed):
        super().__init__(entry, suite, folder, seed)
        data = arrays(os.path.join(folder, entry["data"]))
        self.columns = [data[m].astype(float) for m in entry["metrics"]]
        self.seconds = data["train_time"]
        self.shape = [len(p["values"]) for p in self.space]

    def row(self, config):
        return int(
            np.ravel_multi_index(
                [p["values"].index(config[p["name"]]) for p in self.space], self.shape
            )
        )

    def value(self, i, pick=None):
        out = [
            (
                float(c[i])
                if c.ndim == 1
                else float(c[i].mean() if pick is None else c[i, pick % c.shape[1]])
            )
            for c in self.columns
        ]
        return out if self.several else out[0]

    def truth(self, config):
        return self.value(self.row(config))

    def observe(self, config, repeat):
        pick = int(stream("noise", self.name, self.seed, sp.key(config)).integers(1 << 20)) + repeat
        return self.value(self.row(config), pick)

    def duration(self, config):
        return float(self.seconds[self.row(config)])


@lru_cache(maxsize=None)
def surrogate(path):
    return Surrogate(arrays(path))


class SurrogateTask(Task):
    """A fitted model of real training runs (see surrogate.py). Key: `data`."""

    def __init__(self, entry, suite, folder, seed):
        super().__init__(entry, suite, folder, seed)
        self.model = surrogate(os.path.join(folder, entry["data"]))

    def truth(self, config):
        f = sp.features(self.space, config)
        return NAN if self.model.failed(f) else float(self.model.predict(f)[0])


class FunctionTask(Task):
    """Synthetic function, moved by the seed. Keys: `function`, `form` (moved, raw, branches,
    multi), `cliff`."""

    def __init__(self, entry, suite, folder, seed):
        super().__init__(entry, suite, folder, seed)
        functions = module(os.path.dirname(folder))
        rng, form = stream("instance", self.name, seed), entry.get("form", "moved")
        if form == "branches":
            self.f = analytic.Branches(functions, entry, self.space, rng)
        elif form == "multi":
            self.f = analytic.Shifted(functions.MULTI[entry["function"]], self.space, rng)
        elif form == "raw":
            base, self.optimum = functions.RAW[entry["function"]]
            self.f = analytic.Raw(base, self.space, rng)
        else:
            self.f = analytic.Moved(
                functions.FUNCTIONS[entry["function"]], self.space, rng, entry.get("rotate", True)
            )
            if entry.get("cliff"):
                self.f = analytic.Cliff(self.f, rng, entry["cliff"])
        if not self.several:
            self.optimum = self.optimum or 0.0
            sample = [self.f(sp.random_config(self.space, rng)) for _ in range(600)]
            self.median = float(np.nanmedian(sample))

    def truth(self, config):
        return self.f(config)


@lru_cache(maxsize=None)
def module(suite_dir):
    return analytic.load_functions(suite_dir)


KINDS = {"table": Table, "surrogate": SurrogateTask, "function": FunctionTask}


def entries(suite_dir, suite):
    """Task entries of one suite, in file order."""
    with open(os.path.join(suite_dir, suite, "tasks.json")) as f:
        return json.load(f)


def suites(suite_dir):
    """Names of the suites in a folder."""
    return sorted(
        d for d in os.listdir(suite_dir) if os.path.exists(os.path.join(suite_dir, d, "tasks.json"))
    )


def half(suite_dir, which):
    """(suite, task) of every other task of each suite: "odd" the 1st, 3rd, ..., "even" the rest."""
    return {
        (suite, e["name"])
        for suite in suites(suite_dir)
        for e in entries(suite_dir, suite)[which == "even" :: 2]
    }


def make(entry, suite_dir, suite, seed):
    """The task of an entry for one seed."""
    return KINDS[entry["kind"]](entry, suite, os.path.join(suite_dir, suite), seed)
