"""Ax Client with its default generation strategy (Sobol, then BoTorch). Conditions are not
modelled (all parameters active).

The optional argument `quality` picks Ax's slower, better method. Ordinals are integers 0..K-1;
objectives are minimised.
"""

import importlib.metadata
import logging
import sys

logging.disable(logging.CRITICAL)
import torch
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from _serve import Peer, serve

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def parameter(p):
    name, scaling = p["name"], "log" if p.get("scale") == "log" else None
    if p["type"] == "choice":
        return ChoiceParameterConfig(
            name=name, values=p["values"], parameter_type="str", is_ordered=False
        )
    if p["type"] == "ordinal":
        return RangeParameterConfig(
            name=name, bounds=(0, len(p["values"]) - 1), parameter_type="int"
        )
    if p["type"] == "int":
        return RangeParameterConfig(
            name=name, bounds=(p["min"], p["max"]), parameter_type="int", scaling=scaling
        )
    if p.get("scale") == "reverse-log":
        return RangeParameterConfig(
            name=name, bounds=(1 - p["max"], 1 - p["min"]), parameter_type="float", scaling="log"
        )
    return RangeParameterConfig(
        name=name, bounds=(p["min"], p["max"]), parameter_type="float", scaling=scaling
    )


class Ax(Peer):
    version = (
        "ax-platform "
        + importlib.metadata.version("ax-platform")
        + ", botorch "
        + importlib.metadata.version("botorch")
    )

    def start(self, study):
        self.space = study["space"]
        self.names = [f"m{i}" for i in range(len(study["objectives"]))]
        self.client = Client(random_seed=study["seed"])
        self.client.configure_experiment(parameters=[parameter(p) for p in self.space])
        self.client.configure_optimization(objective=", ".join("-" + n for n in self.names))
        self.client.configure_generation_strategy(
            method=sys.argv[1] if len(sys.argv) > 1 else "fast",
            initialization_random_seed=study["seed"],
            allow_exceeding_initialization_budget=True,
        )

    def ask_many(self, n):
        out = []
        for index, got in self.client.get_next_trials(max_trials=n).items():
            params = {}
            for p in self.space:
                v = got[p["name"]]
                if p["type"] == "ordinal":
                    v = p["values"][int(v)]
                elif p.get("scale") == "reverse-log":
                    v = 1 - v
                params[p["name"]] = v
            out.append((index, params))
        return out

    def tell(self, index, params, values):
        if values is None:
            self.client.mark_trial_failed(index)
        else:
            self.client.complete_trial(index, raw_data=dict(zip(self.names, map(float, values))))


serve(Ax())
