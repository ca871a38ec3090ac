"""SMAC3 HyperparameterOptimizationFacade through ask and tell, with real conditions in its
ConfigSpace.

deterministic=True: each configuration is run once. An optional argument sets retrain_after
(SMAC's default is 8: eight proposals from one model). Several objectives: ParEGO. A failed run
is told as CRASHED.
"""

import importlib.metadata
import sys
import tempfile

sys.path = [p for p in sys.path[1:]] + sys.path[:1]  # this file is called like the package
from ConfigSpace import (
    AndConjunction,
    CategoricalHyperparameter,
    ConfigurationSpace,
    InCondition,
    OrdinalHyperparameter,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)
from smac import HyperparameterOptimizationFacade as Facade, Scenario
from smac.multi_objective.parego import ParEGO
from smac.runhistory import StatusType, TrialValue
from _serve import Imputer, Peer, serve


def hyperparameter(p):
    name, kind, log = p["name"], p["type"], p.get("scale") == "log"
    if kind == "choice":
        return CategoricalHyperparameter(name, p["values"])
    if kind == "ordinal":
        return OrdinalHyperparameter(name, p["values"])
    if kind == "int":
        return UniformIntegerHyperparameter(name, p["min"], p["max"], log=log)
    if p.get("scale") == "reverse-log":
        return UniformFloatHyperparameter(name, 1 - p["max"], 1 - p["min"], log=True)
    return UniformFloatHyperparameter(name, p["min"], p["max"], log=log)


class Smac(Peer):
    version = "smac " + importlib.metadata.version("smac")

    def start(self, study):
        self.space, m = study["space"], len(study["objectives"])
        cs = ConfigurationSpace(seed=study["seed"])
        for p in self.space:
            cs.add(hyperparameter(p))
        for p in self.space:
            terms = [
                InCondition(cs[p["name"]], cs[parent], values)
                for parent, values in p.get("when", {}).items()
            ]
            if terms:
                cs.add(terms[0] if len(terms) == 1 else AndConjunction(*terms))
        self.folder = tempfile.TemporaryDirectory()
        scenario = Scenario(
            cs,
            objectives=["cost"] if m == 1 else [f"f{i}" for i in range(m)],
            deterministic=True,
            n_trials=study.get("budget") or 100,
            seed=study["seed"],
            output_directory=self.folder.name,
        )
        more = {"multi_objective_algorithm": ParEGO(scenario)} if m > 1 else {}
        if len(sys.argv) > 1:
            more["config_selector"] = Facade.get_config_selector(
                scenario, retrain_after=int(sys.argv[1])
            )
        self.smac = Facade(
            scenario, lambda config, seed=0: 0.0, overwrite=True, logging_level=False, **more
        )
        self.fill = Imputer(m)

    def ask(self):
        info = self.smac.ask()
        values = dict(info.config)
        for p in self.space:
            if p.get("scale") == "reverse-log" and p["name"] in values:
                values[p["name"]] = 1 - values[p["name"]]
        return info, {**dict.fromkeys(p["name"] for p in self.space), **values}

    def tell(self, info, params, values):
        status = StatusType.CRASHED if values is None else StatusType.SUCCESS
        cost = self.fill(values)
        self.smac.tell(info, TrialValue(cost=cost if len(cost) > 1 else cost[0], status=status))


serve(Smac())
