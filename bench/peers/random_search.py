"""Uniform random search (the baseline of every comparison)."""

import numpy as np
from _serve import Peer, random_config, serve


class RandomSearch(Peer):
    version = f"numpy {np.__version__}"

    def start(self, study):
        self.space, self.rng = study["space"], np.random.default_rng(study["seed"])

    def ask(self):
        return None, {
            **dict.fromkeys((p["name"] for p in self.space)),
            **random_config(self.space, self.rng),
        }

    def tell(self, token, params, values):
        pass


serve(RandomSearch())
