"""Tasks as data for the C driver (`engine/`): what a seed decides is drawn here, once.

`tasks.json` has one entry per task and seed: the space, the constants of the score, and the numbers
that a seed has drawn (optimum, rotation, order of categories, scales). `arrays.f64` holds tables
and surrogates as raw doubles; an entry names them by [first, count].
"""

import json
import os

import numpy as np

from . import analytic, tasks


class Arrays:
    """Doubles written one after another; the same array (by name) once."""

    def __init__(self, path):
        self.file, self.at, self.known = open(path, "wb"), 0, {}

    def put(self, name, values):
        if name not in self.known:
            flat = np.ascontiguousarray(values, dtype="<f8").ravel()
            self.file.write(flat.tobytes())
            self.known[name] = [self.at, len(flat)]
            self.at += len(flat)
        return self.known[name]


def table(task, arrays):
    """Columns (row-major, one value per training seed), seconds, and which rows crash."""
    names = task.entry["metrics"]
    path = os.path.realpath(os.path.join(task.folder, task.entry["data"]))
    out = {
        "shape": task.shape,
        "columns": [arrays.put((path, m), c) for m, c in zip(names, task.columns)],
        "picks": [1 if c.ndim == 1 else c.shape[1] for c in task.columns],
        "seconds": arrays.put((path, "seconds"), task.seconds),
    }
    if task.fail:
        crashed = [
            task.crashed({p["name"]: p["values"][i] for p, i in zip(task.space, row)})
            for row in np.ndindex(*task.shape)
        ]
        out["crashed"] = arrays.put((path, task.entry["fail"]), crashed)
    return out


def surrogate(task, arrays):
    """Trees, Gaussian process and failed runs, as surrogate.py reads them."""
    assert task.fail is None
    path = os.path.realpath(os.path.join(task.folder, task.entry["data"]))
    model = task.model
    parts = {
        "feature": model.feature,
        "threshold": model.threshold,
        "left": model.left,
        "right": model.right,
        "leaf": model.leaf,
        "roots": model.roots,
        "x": model.X,
        "alpha": model.alpha,
        "length": model.length,
    }
    if model.fail:
        parts["fail_x"], parts["fail_y"] = model.fail
    return dict({k: arrays.put((path, k), v) for k, v in parts.items()}, mean=model.mean)


def moved(f):
    """A base function and where this seed has put it."""
    return {
        "function": f.base.__name__,
        "params": [p["name"] for p in f.params],
        "best": f.best.tolist(),
        "rotate": f.rotate.ravel().tolist(),
        "order": [None if o is None else o.tolist() for o in f.order],
    }


def function(task, arrays):
    """The instance by its class in analytic.py."""
    f, out = task.f, {}
    if isinstance(f, analytic.Cliff):
        out, f = {"cliff": {"w": f.w.tolist(), "margin": f.margin}}, f.inner
    if isinstance(f, analytic.Moved):
        return dict(out, form="moved", **moved(f))
    if isinstance(f, analytic.Branches):
        parts = [
            dict(moved(part), method=name, offset=offset, scale=scale)
            for name, (offset, part, scale) in f.parts.items()
        ]
        out = {"form": "branches", "parts": parts}
        return dict(out, shared=moved(f.shared), shared_scale=f.shared_scale) if f.shared else out
    out = {"function": f.base.__name__, "flip": f.flip.tolist()}
    if isinstance(f, analytic.Shifted):
        return dict(out, form="multi", best=f.best.tolist())
    return dict(out, form="raw")


WRITERS = {"table": table, "surrogate": surrogate, "function": function}


def entry(task, arrays):
    """One task of one seed."""
    return {
        "suite": task.suite,
        "name": task.name,
        "seed": task.seed,
        "study": {"space": task.space, "objectives": task.objectives, "seed": task.seed},
        "noise": task.noise,
        "floor": task.floor,
        "optimum": task.optimum,
        "median": task.median,
        "log": task.entry.get("scored") == "log",
        "reference": task.entry.get("reference"),
        "kind": task.entry["kind"],
        **WRITERS[task.entry["kind"]](task, arrays),
    }


def write(folder, suite_dir, todo, seeds):
    """Write tasks.json and arrays.f64 for (suite, entry) pairs and seeds."""
    os.makedirs(folder, exist_ok=True)
    arrays = Arrays(os.path.join(folder, "arrays.f64"))
    rows = [
        json.dumps(entry(tasks.make(e, suite_dir, suite, seed), arrays))
        for seed in seeds
        for suite, e in todo
    ]
    arrays.file.close()
    with open(os.path.join(folder, "tasks.json"), "w") as f:
        f.write("[\n" + ",\n".join(rows) + "\n]\n")
