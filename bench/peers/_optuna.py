"""Optuna through study.ask() and study.tell(); conditional parameters are suggested only when
active.

Ordinals are suggested as an integer index. A failed run is told as TrialState.FAIL.
"""

import optuna
from _serve import Peer, is_active, serve

optuna.logging.set_verbosity(optuna.logging.CRITICAL)


class Optuna(Peer):
    version = f"optuna {optuna.__version__}"

    def __init__(self, sampler):
        self.sampler = sampler

    def start(self, study):
        self.space = study["space"]
        sampler = self.sampler(study)
        self.study = optuna.create_study(
            directions=["minimize"] * len(study["objectives"]), sampler=sampler
        )

    def ask(self):
        trial, out = self.study.ask(), {}
        for p in self.space:
            if not is_active(p, out):
                continue
            name, kind = p["name"], p["type"]
            if kind == "choice":
                out[name] = trial.suggest_categorical(name, p["values"])
            elif kind == "ordinal":
                out[name] = p["values"][trial.suggest_int(name, 0, len(p["values"]) - 1)]
            elif kind == "int":
                out[name] = trial.suggest_int(name, p["min"], p["max"], log=p.get("scale") == "log")
            elif p.get("scale") == "reverse-log":
                out[name] = 1 - trial.suggest_float(name, 1 - p["max"], 1 - p["min"], log=True)
            else:
                out[name] = trial.suggest_float(
                    name, p["min"], p["max"], log=p.get("scale") == "log"
                )
        return trial, out

    def tell(self, trial, params, values):
        if values is None:
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(trial, values)


def run(sampler):
    """Serve Optuna with `sampler(study) -> optuna sampler`."""
    serve(Optuna(sampler))
