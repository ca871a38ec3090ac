"""Synthetic objectives with a known optimum, moved to a new place by every seed.

A base function takes z (length d) with its minimum 0 at z = 0, on the scale of BBOB's domain
[-5, 5]. An instance draws an optimum x* that is never at the centre or a wall, a rotation R and
evaluates f(R (x - x*)). A `raw` function takes u in [0,1]^d itself and is only flipped, axis by
axis.
"""

import importlib.util
import os

import numpy as np

from . import space as sp

MIX = ["float", "log", "int", "ordinal", "choice"]


def load_functions(suite_dir):
    """FUNCTIONS, RAW and MULTI of `suite_dir`/functions.py, as one module."""
    path = os.path.join(suite_dir, "functions.py")
    spec = importlib.util.spec_from_file_location("suite_functions", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parameter(j, kind):
    """The j-th parameter of a synthetic space, by kind."""
    name = f"x{j}"
    if kind == "float":
        return {"name": name, "type": "float", "min": -5.0, "max": 5.0}
    if kind == "log":
        return {"name": name, "type": "float", "min": 1e-5, "max": 1e-1, "scale": "log"}
    if kind == "int":
        return {"name": name, "type": "int", "min": 1, "max": 16}
    if kind == "ordinal":
        return {"name": name, "type": "ordinal", "values": [16, 32, 64, 128, 256, 512]}
    return {"name": name, "type": "choice", "values": ["a", "b", "c", "d"]}


def cells(param):
    """Number of cells of a discrete parameter, 0 for a float."""
    if param["type"] in ("ordinal", "choice"):
        return len(param["values"])
    return param["max"] - param["min"] + 1 if param["type"] == "int" else 0


def rotation(d, rng):
    """A random orthogonal d x d matrix."""
    q, r = np.linalg.qr(rng.standard_normal((d, d)))
    return q * np.sign(np.diag(r))


class Moved:
    """A base function over `params`, with its own optimum, rotation and order of categories."""

    def __init__(self, base, params, rng, rotate=True):
        self.base, self.params = base, params
        d = len(params)
        self.order = [rng.permutation(cells(p)) if p["type"] == "choice" else None for p in params]
        best = np.empty(d)
        for j, p in enumerate(params):
            k = cells(p)
            if k:  # middle of a cell that is neither first nor central
                allowed = [i for i in range(k) if 0.1 < abs((i + 0.5) / k - 0.5) < 0.45] or list(
                    range(k)
                )
                best[j] = (allowed[rng.integers(len(allowed))] + 0.5) / k
            else:
                best[j] = rng.uniform(0.12, 0.40) if rng.random() < 0.5 else rng.uniform(0.60, 0.88)
        self.best = best
        self.rotate = rotation(d, rng) if rotate else np.diag(rng.choice([-1.0, 1.0], d))

    def unit(self, config):
        """Unit coordinates with categories put in this instance's hidden order."""
        u = np.empty(len(self.params))
        for j, p in enumerate(self.params):
            value = config[p["name"]]
            if p["type"] == "choice":
                u[j] = (self.order[j][p["values"].index(value)] + 0.5) / len(p["values"])
            else:
                u[j] = sp.encode(p, value)
        return u

    def offset(self, config):
        """x - x* on the scale of [-5, 5]."""
        return 10.0 * (self.unit(config) - self.best)

    def __call__(self, config):
        return float(self.base(self.rotate @ self.offset(config)))


class Raw:
    """A function of u in [0,1]^d with its known minimum, flipped along random axes."""

    def __init__(self, base, params, rng):
        self.base, self.params = base, params
        self.flip = rng.random(len(params)) < 0.5

    def __call__(self, config):
        u = np.array([sp.encode(p, config[p["name"]]) for p in self.params])
        return float(self.base(np.where(self.flip, 1 - u, u)))


class Cliff:
    """Crash region beside the optimum: fails where w.(x - x*) > margin (about a fifth of the
    space)."""

    def __init__(self, inner, rng, margin=1.5):
        self.inner, self.margin = inner, margin
        w = rng.standard_normal(len(inner.params)) * 0.5
        w[0] += 2.0 if inner.best[0] > 0.5 else -2.0
        self.w = w / np.linalg.norm(w)

    def __call__(self, config):
        if self.w @ self.inner.offset(config) > self.margin:
            return float("nan")
        return self.inner(config)


class Branches:
    """Choice of a method, each with its own parameters and function, plus shared parameters.

    Value = offset of the method + its function scaled by its own median + shared part; the seed
    shuffles
    the offsets, so that the best method differs between seeds. Minimum 0.
    """

    def __init__(self, functions, options, space, rng):
        offsets = rng.permutation(options["offsets"])
        self.parts = {}
        for k, (name, fn) in enumerate(options["branches"]):
            own = [p for p in space if name in p.get("when", {}).get("method", [])]
            f = Moved(functions.FUNCTIONS[fn], own, rng)
            sample = np.median(
                [f(sp.from_unit([strip(p) for p in own], rng.random(len(own)))) for _ in range(128)]
            )
            self.parts[name] = (float(offsets[k]), f, float(sample))
        shared = [p for p in space if "when" not in p and p["name"] != "method"]
        self.shared = Moved(functions.FUNCTIONS[options["shared"]], shared, rng) if shared else None
        if shared:
            self.shared_scale = float(
                np.median([self.shared(sp.random_config(shared, rng)) for _ in range(128)])
            )

    def __call__(self, config):
        offset, f, scale = self.parts[config["method"]]
        total = offset + f(config) / scale
        return total + (0.5 * self.shared(config) / self.shared_scale if self.shared else 0.0)


def strip(param):
    """The parameter without its condition."""
    return {k: v for k, v in param.items() if k != "when"}


class Shifted:
    """Multi-objective base: g-variables measured from a random place instead of from a wall or the
    centre."""

    def __init__(self, base, params, rng):
        self.base, self.params = base, params
        self.best = np.where(
            rng.random(len(params)) < 0.5,
            rng.uniform(0.12, 0.4, len(params)),
            rng.uniform(0.6, 0.88, len(params)),
        )
        self.flip = rng.random(len(params)) < 0.5

    def __call__(self, config):
        u = np.array([sp.encode(p, config[p["name"]]) for p in self.params])
        away = np.abs(u - self.best) / np.maximum(self.best, 1 - self.best)
        return [float(v) for v in self.base(np.where(self.flip, 1 - u, u), away)]
