"""Nevergrad; the optional argument names the optimiser (default NGOpt). Choices are unordered,
ordinals a transition choice."""

import importlib.metadata
import sys

import nevergrad as ng
from _serve import Imputer, Peer, serve


def parameter(p):
    if p["type"] == "choice":
        return ng.p.Choice(p["values"])
    if p["type"] == "ordinal":
        return ng.p.TransitionChoice(p["values"])
    if p.get("scale") == "reverse-log":
        return ng.p.Log(lower=1 - p["max"], upper=1 - p["min"])
    if p.get("scale") == "log":
        out = ng.p.Log(lower=p["min"], upper=p["max"])
    else:
        out = ng.p.Scalar(lower=p["min"], upper=p["max"])
    return out.set_integer_casting() if p["type"] == "int" else out


class Nevergrad(Peer):
    version = "nevergrad " + importlib.metadata.version("nevergrad")

    def start(self, study):
        self.space = study["space"]
        instrum = ng.p.Dict(**{p["name"]: parameter(p) for p in self.space})
        instrum.random_state.seed(study["seed"])
        cls = ng.optimizers.registry[sys.argv[1] if len(sys.argv) > 1 else "NGOpt"]
        self.opt = cls(instrum, budget=study.get("budget"), num_workers=study.get("parallel", 1))
        self.fill = Imputer(len(study["objectives"]))

    def ask(self):
        x = self.opt.ask()
        params = {
            p["name"]: (
                1 - x.value[p["name"]] if p.get("scale") == "reverse-log" else x.value[p["name"]]
            )
            for p in self.space
        }
        for p in self.space:
            if p["type"] == "int":
                params[p["name"]] = min(p["max"], max(p["min"], int(params[p["name"]])))
        return x, params

    def tell(self, x, params, values):
        values = self.fill(values)
        self.opt.tell(x, values if len(values) > 1 else values[0])


serve(Nevergrad())
