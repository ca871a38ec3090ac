"""Hyperopt's TPE, defaults, called one proposal at a time; conditions as nested choices. A failed
run is STATUS_FAIL."""

import importlib.metadata
import math

import hyperopt
from hyperopt import hp
from hyperopt.base import Domain
from _serve import Peer, serve


def node(p):
    """The stochastic node of a numeric or ordinal parameter; choices are handled by `tree`."""
    name = p["name"]
    if p["type"] == "ordinal":
        return hp.quniform(name, -0.5, len(p["values"]) - 0.5, 1)
    if p.get("scale") == "reverse-log":
        return hp.loguniform(name, math.log(1 - p["max"]), math.log(1 - p["min"]))
    if p["type"] == "int":
        if p.get("scale") == "log":
            return hp.qloguniform(name, math.log(p["min"] - 0.499), math.log(p["max"] + 0.499), 1)
        return hp.quniform(name, p["min"] - 0.5, p["max"] + 0.5, 1)
    if p.get("scale") == "log":
        return hp.loguniform(name, math.log(p["min"]), math.log(p["max"]))
    return hp.uniform(name, p["min"], p["max"])


def tree(space):
    """Nested space: children sit inside the options of their (single) choice parent; others stay
    flat."""
    nodes = {p["name"]: node(p) for p in space if p["type"] != "choice"}
    byname = {p["name"]: p for p in space}

    def build(p):
        if p["type"] != "choice":
            return nodes[p["name"]]
        return hp.choice(
            p["name"],
            [
                dict(
                    {"value": v},
                    **{
                        c["name"]: build(c)
                        for c in space
                        if set(c.get("when", ())) == {p["name"]} and v in c["when"][p["name"]]
                    }
                )
                for v in p["values"]
            ],
        )

    top = [
        p
        for p in space
        if not p.get("when") or any(byname[q]["type"] != "choice" for q in p["when"])
    ]
    return {p["name"]: build(p) for p in top}


class Hyperopt(Peer):
    version = "hyperopt " + importlib.metadata.version("hyperopt")

    def start(self, study):
        if len(study["objectives"]) > 1:
            raise ValueError("one objective only")
        self.space, self.seed = study["space"], study["seed"]
        self.byname = {p["name"]: p for p in self.space}
        self.domain, self.trials, self.n = (
            Domain(lambda x: 0.0, tree(self.space)),
            hyperopt.Trials(),
            0,
        )
        self.tree = tree(self.space)

    def flat(self, got, out):
        for name, v in got.items():
            p = self.byname.get(name)
            if p is None:
                continue
            if p["type"] == "choice":
                out[name] = v["value"]
                self.flat(v, out)
            elif p["type"] == "ordinal":
                out[name] = p["values"][min(len(p["values"]) - 1, max(0, int(round(v))))]
            elif p["type"] == "int":
                out[name] = min(p["max"], max(p["min"], int(round(v))))
            else:
                out[name] = 1 - v if p.get("scale") == "reverse-log" else v
        return out

    def ask(self):
        doc = hyperopt.tpe.suggest([self.n], self.domain, self.trials, self.seed * 100003 + self.n)[
            0
        ]
        self.n += 1
        self.trials._insert_trial_docs([doc])
        self.trials.refresh()
        values = {k: v[0] for k, v in doc["misc"]["vals"].items() if v}
        return doc, self.flat(hyperopt.space_eval(self.tree, values), dict.fromkeys(self.byname))

    def tell(self, doc, params, values):
        doc["state"] = hyperopt.JOB_STATE_DONE
        doc["result"] = (
            {"status": hyperopt.STATUS_FAIL}
            if values is None
            else {"status": hyperopt.STATUS_OK, "loss": values[0]}
        )
        self.trials.refresh()


serve(Hyperopt())
