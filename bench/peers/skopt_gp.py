"""scikit-optimize Optimizer with its GP, defaults (gp_hedge, 10 initial points). No conditions;
failed = worst so far."""

import skopt
from skopt.space import Categorical, Integer, Real
from _serve import Imputer, Peer, serve


def dimension(p):
    prior = "log-uniform" if p.get("scale") == "log" else "uniform"
    if p["type"] == "choice":
        return Categorical(p["values"])
    if p["type"] == "ordinal":
        return Integer(0, len(p["values"]) - 1)
    if p["type"] == "int":
        return Integer(p["min"], p["max"], prior=prior)
    if p.get("scale") == "reverse-log":
        return Real(1 - p["max"], 1 - p["min"], prior="log-uniform")
    return Real(p["min"], p["max"], prior=prior)


class Skopt(Peer):
    version = f"scikit-optimize {skopt.__version__}"

    def start(self, study):
        if len(study["objectives"]) > 1:
            raise ValueError("one objective only")
        self.space = study["space"]
        self.opt = skopt.Optimizer(
            [dimension(p) for p in self.space], "GP", random_state=study["seed"] % (1 << 32)
        )
        self.fill = Imputer(1)

    def ask(self):
        x, params = self.opt.ask(), {}
        for p, v in zip(self.space, x):
            if p["type"] == "ordinal":
                v = p["values"][int(v)]
            elif p["type"] == "choice":
                v = next(c for c in p["values"] if c == v)
            elif p.get("scale") == "reverse-log":
                v = 1 - v
            params[p["name"]] = v
        return x, params

    def tell(self, x, params, values):
        self.opt.tell(x, self.fill(values)[0])


serve(Skopt())
