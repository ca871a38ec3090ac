"""Google Vizier's default algorithm (GP UCB-PE designer, jax on CPU). Conditions are not modelled
(all parameters active).

Ordinals are discrete values; a failed run is told as infeasible.
"""

import importlib.metadata
import logging
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
logging.disable(logging.CRITICAL)
import jax
from vizier import algorithms as vza
from vizier import pyvizier as vz
from vizier._src.algorithms.designers.gp_ucb_pe import VizierGPUCBPEBandit
from vizier.pyvizier.converters import padding
from _serve import Peer, serve

jax.config.update("jax_enable_x64", True)


def add(root, p):
    name, kind = p["name"], p["type"]
    log = p.get("scale") == "log"
    scale = vz.ScaleType.LOG if log else vz.ScaleType.LINEAR
    if kind == "choice":
        root.add_categorical_param(name, p["values"])
    elif kind == "ordinal" and isinstance(p["values"][0], str):
        root.add_int_param(name, 0, len(p["values"]) - 1)
    elif kind == "ordinal":
        ratio = p["values"][-1] / p["values"][0] if p["values"][0] > 0 else 1
        root.add_discrete_param(
            name, p["values"], scale_type=vz.ScaleType.LOG if ratio >= 16 else vz.ScaleType.LINEAR
        )
    elif kind == "int":
        root.add_int_param(name, p["min"], p["max"], scale_type=scale)
    elif p.get("scale") == "reverse-log":
        root.add_float_param(name, 1 - p["max"], 1 - p["min"], scale_type=vz.ScaleType.LOG)
    else:
        root.add_float_param(name, p["min"], p["max"], scale_type=scale)


class Vizier(Peer):
    version = (
        "google-vizier " + importlib.metadata.version("google-vizier") + ", jax " + jax.__version__
    )

    def start(self, study):
        self.space, self.n = study["space"], 0
        problem = vz.ProblemStatement()
        for p in self.space:
            add(problem.search_space.root, p)
        self.names = [f"m{i}" for i in range(len(study["objectives"]))]
        for name in self.names:
            problem.metric_information.append(
                vz.MetricInformation(name, goal=vz.ObjectiveMetricGoal.MINIMIZE)
            )
        # Padding the number of trials avoids compiling anew at every ask; Vizier allows it for
        # one objective.
        more = (
            {}
            if len(self.names) > 1
            else {
                "padding_schedule": padding.PaddingSchedule(
                    num_trials=padding.PaddingType.MULTIPLES_OF_10
                )
            }
        )
        self.designer = VizierGPUCBPEBandit(problem, rng=jax.random.PRNGKey(study["seed"]), **more)
        self.active, self.done = {}, []

    def ask_many(self, n):
        self.designer.update(
            vza.CompletedTrials(self.done), vza.ActiveTrials(list(self.active.values()))
        )
        self.done, out = [], []
        for suggestion in self.designer.suggest(n):
            self.n += 1
            trial = suggestion.to_trial(self.n)
            self.active[self.n] = trial
            params = {}
            for p in self.space:
                v = suggestion.parameters[p["name"]].value
                if p["type"] == "ordinal":
                    v = (
                        p["values"][int(v)]
                        if isinstance(p["values"][0], str)
                        else min(p["values"], key=lambda x: abs(x - v))
                    )
                elif p.get("scale") == "reverse-log":
                    v = 1 - v
                params[p["name"]] = v
            out.append((self.n, params))
        return out

    def tell(self, n, params, values):
        trial = self.active.pop(n)
        if values is None:
            trial.complete(vz.Measurement(), infeasibility_reason="failed")
        else:
            trial.complete(vz.Measurement(dict(zip(self.names, map(float, values)))))
        self.done.append(trial)


serve(Vizier())
