"""HEBO, defaults. No conditions (all parameters always active), no pending trials; a failed run
counts as the worst so far."""

import importlib.metadata
import sys

sys.path = sys.path[1:] + sys.path[:1]  # this file is called like the package
import numpy as np
import pandas as pd
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO
from _serve import Imputer, Peer, serve

torch.set_num_threads(1)


def parameter(p):
    name, kind, log = p["name"], p["type"], p.get("scale") == "log"
    if kind == "choice":
        return {"name": name, "type": "cat", "categories": p["values"]}
    if kind == "ordinal":
        return {"name": name, "type": "int", "lb": 0, "ub": len(p["values"]) - 1}
    if kind == "int":
        return {
            "name": name,
            "type": "pow_int" if log else "int",
            "lb": p["min"],
            "ub": p["max"],
            "base": 10,
        }
    if p.get("scale") == "reverse-log":
        return {"name": name, "type": "pow", "lb": 1 - p["max"], "ub": 1 - p["min"], "base": 10}
    return {
        "name": name,
        "type": "pow" if log else "num",
        "lb": p["min"],
        "ub": p["max"],
        "base": 10,
    }


class Hebo(Peer):
    version = "HEBO " + importlib.metadata.version("HEBO")

    def start(self, study):
        if len(study["objectives"]) > 1:
            raise ValueError("this adapter has one objective only")
        self.space = study["space"]
        self.opt = HEBO(
            DesignSpace().parse([parameter(p) for p in self.space]), scramble_seed=study["seed"]
        )
        self.fill = Imputer(1)

    def ask_many(self, n):
        rec = self.opt.suggest(n_suggestions=n)
        out = []
        for i in range(len(rec)):
            row, params = rec.iloc[[i]], {}
            for p in self.space:
                v = row[p["name"]].iloc[0]
                if p["type"] == "ordinal":
                    v = p["values"][int(v)]
                elif p["type"] == "choice":
                    v = next(x for x in p["values"] if x == v)
                elif p.get("scale") == "reverse-log":
                    v = 1 - float(v)
                params[p["name"]] = v
            out.append((row, params))
        return out

    def tell(self, row, params, values):
        self.opt.observe(row, np.array([self.fill(values)]))


serve(Hebo())
