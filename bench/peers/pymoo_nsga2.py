"""pymoo's NSGA-II for mixed variables; population 20 as in optuna_nsga2.py, since budgets are 50 to
100 evaluations. Numbers with a logarithmic scale are searched by their logarithm; an inactive
parameter has a value that plays no part; a failed run is worst in everything."""

import math

import numpy as np
import pymoo
from _serve import Peer, serve
from pymoo.algorithms.moo.nsga2 import RankAndCrowding
from pymoo.core.mixed import MixedVariableGA
from pymoo.core.problem import Problem
from pymoo.core.variable import Choice, Integer, Real

FAILED = 1e30


def variable(p):
    if p["type"] == "choice":
        return Choice(options=p["values"])
    if p["type"] == "ordinal":
        return Integer(bounds=(0, len(p["values"]) - 1))
    if p.get("scale") == "log":
        return Real(bounds=(math.log(p["min"]), math.log(p["max"])))
    if p.get("scale") == "reverse-log":
        return Real(bounds=(math.log(1 - p["max"]), math.log(1 - p["min"])))
    return (Integer if p["type"] == "int" else Real)(bounds=(p["min"], p["max"]))


def decoded(p, x):
    if p["type"] == "ordinal":
        return p["values"][int(x)]
    if p.get("scale") == "log":
        x = math.exp(x)
    elif p.get("scale") == "reverse-log":
        x = 1 - math.exp(x)
    if p["type"] == "int":
        return min(p["max"], max(p["min"], round(x)))
    return x


class Pymoo(Peer):
    version = f"pymoo {pymoo.__version__}"

    def start(self, study):
        self.space, self.m = study["space"], len(study["objectives"])
        problem = Problem(vars={p["name"]: variable(p) for p in self.space}, n_obj=self.m)
        self.algorithm = MixedVariableGA(pop_size=20, survival=RankAndCrowding())
        self.algorithm.setup(problem, seed=study["seed"], verbose=False)
        self.waiting, self.generation, self.values = [], None, {}

    def ask(self):
        if not self.waiting:
            self.generation = self.algorithm.ask()
            self.waiting = list(range(len(self.generation)))
        i = self.waiting.pop(0)
        x = self.generation[i].X
        return i, {p["name"]: decoded(p, x[p["name"]]) for p in self.space}

    def tell(self, i, params, values):
        self.values[i] = [FAILED] * self.m if values is None else values
        if len(self.values) == len(self.generation):
            rows = [self.values[k] for k in range(len(self.generation))]
            self.generation.set("F", np.array(rows, dtype=float))
            self.algorithm.tell(infills=self.generation)
            self.values = {}


serve(Pymoo())
