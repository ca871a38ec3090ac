"""Compact surrogate of a real training table: mean of an extra-trees ensemble and a Gaussian
process.

Half of each, so that neither tree-based nor GP-based optimisers meet their own model. Both are
fitted on log(loss + 1e-3) over the features of `space.features`. Evaluation needs numpy only
(about 0.1 ms a point).
"""

import numpy as np

OFFSET = 1e-3


class Surrogate:
    """Loaded from the arrays that make/make_surrogate.py stores."""

    def __init__(self, data):
        self.feature, self.threshold = data["feature"].astype(int), data["threshold"]
        self.left, self.right, self.leaf = (
            data["left"].astype(int),
            data["right"].astype(int),
            data["leaf"].astype(float),
        )
        self.roots = data["roots"].astype(int)
        self.X = data["gp_x"].astype(float) / data["gp_length"]
        self.alpha, self.length = data["gp_alpha"].astype(float), data["gp_length"]
        self.mean = float(data["gp_mean"])
        self.fail = (
            (data["fail_x"].astype(float), data["fail_y"].astype(float))
            if "fail_x" in data
            else None
        )

    def trees(self, F):
        """Ensemble mean for feature rows F (m x f)."""
        node = np.repeat(self.roots[None, :], len(F), axis=0)
        rows = np.arange(len(F))[:, None]
        while True:
            feature = self.feature[node]
            inner = feature >= 0
            if not inner.any():
                return self.leaf[node].mean(axis=1)
            go_left = F[rows, np.maximum(feature, 0)] <= self.threshold[node]
            node = np.where(inner, np.where(go_left, self.left[node], self.right[node]), node)

    def gp(self, F):
        """Matern-5/2 posterior mean for feature rows F."""
        away = (F / self.length)[:, None] - self.X[None]
        r = np.sqrt(5 * (away * away).sum(axis=2))
        return self.mean + ((1 + r + r * r / 3) * np.exp(-r)) @ self.alpha

    def failed(self, f):
        """Whether the 5 nearest training runs mostly failed."""
        if self.fail is None:
            return False
        X, y = self.fail
        near = np.argpartition(((X - f) ** 2).sum(axis=1), 5)[:5]
        return y[near].mean() > 0.5

    def predict(self, F):
        """Loss for feature rows F (m x f)."""
        F = np.atleast_2d(F)
        return np.maximum(np.exp(0.5 * self.trees(F) + 0.5 * self.gp(F)) - OFFSET, 0.0)
