"""Scrambled Sobol points (scipy), one dimension per parameter."""

import scipy
from scipy.stats import qmc
from _serve import Peer, from_unit, serve


class Sobol(Peer):
    version = f"scipy {scipy.__version__}"

    def start(self, study):
        self.space = study["space"]
        self.points = qmc.Sobol(len(self.space), rng=study["seed"])

    def ask(self):
        return None, from_unit(self.space, self.points.random()[0])

    def tell(self, token, params, values):
        pass


serve(Sobol())
