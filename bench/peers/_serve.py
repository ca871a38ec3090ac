"""The ask-tell loop for a Python optimiser, and helpers that every adapter shares.

A new study line in a running process starts a new study (an extension of the protocol, so that
imports and compiled code are paid once; `bench.py run --reuse`).
"""

import json
import os
import random
import sys
import warnings

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness.space import from_unit, is_active, random_config  # noqa: F401  (for the adapters)

warnings.filterwarnings("ignore")


class Peer:
    """Base of the adapters. `start` builds the optimiser; `ask` gives (token, params); `tell`
    takes the token back.

    params may hold inactive parameters: the loop drops them. values: list, minimised, or None for
    a failed run.
    """

    version = "?"

    def start(self, study):
        raise NotImplementedError

    def ask(self):
        raise NotImplementedError

    def ask_many(self, n):
        return [self.ask() for _ in range(n)]

    def tell(self, token, params, values):
        raise NotImplementedError


def active_only(space, params):
    """The active parameters of a full assignment, as plain Python values."""
    out = {}
    for p in space:
        if is_active(p, out):
            v = params[p["name"]]
            if p["type"] == "int":
                v = int(v)
            elif p["type"] == "float":
                v = min(p["max"], max(p["min"], float(v)))
            else:
                v = next(x for x in p["values"] if x == v)
            out[p["name"]] = v
    return out


def seed_everything(seed):
    """Seed the global generators; torch only if the adapter has imported it."""
    random.seed(seed)
    np.random.seed(seed % (1 << 32))
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


class Imputer:
    """Stands in for a failed run in optimisers that know only numbers: the worst value told so
    far."""

    def __init__(self, m):
        self.worst = [1.0] * m
        self.any = False

    def __call__(self, values):
        if values is None:
            return list(self.worst)
        self.worst = [max(w, v) for w, v in zip(self.worst, values)] if self.any else list(values)
        self.any = True
        return values


def serve(peer):
    """Answer requests until the end of input. Standard output is kept clean: libraries print to
    standard error."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    space, trials, next_id = None, {}, 0
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if "space" in request:
                space, trials, next_id = request["space"], {}, 0
                seed_everything(request.get("seed", 0))
                peer.start(request)
                reply = {"ok": True, "version": peer.version, "size": None}
            elif "ask" in request:
                batch = []
                for token, params in peer.ask_many(request["ask"]):
                    params = active_only(space, params)
                    trials[next_id] = (token, params)
                    batch.append({"id": next_id, "params": params})
                    next_id += 1
                reply = {"trials": batch}
            elif "tell" in request:
                for t in request["tell"]:
                    token, params = trials.pop(t["id"])
                    failed = t.get("state") == "failed"
                    peer.tell(token, params, None if failed else t.get("values") or [t["value"]])
                reply = {"ok": True}
            else:
                reply = {
                    "error": {"code": "unknown", "message": f"unknown request {sorted(request)}"}
                }
        except Exception as err:  # report, as the protocol asks
            import traceback

            traceback.print_exc()
            reply = {"error": {"code": "peer", "message": f"{type(err).__name__}: {err}"[:300]}}
        channel.write(json.dumps(reply) + "\n")
        channel.flush()
