"""Scores: normalised regret (one objective) and hypervolume regret (several). 0 is perfect, 1 a
typical random point."""

import math

import numpy as np


def non_dominated(Y):
    """Rows of Y (minimised) that no other row dominates."""
    Y = np.unique(np.asarray(Y, dtype=float), axis=0)
    keep = [
        i for i, y in enumerate(Y) if not np.any(np.all(Y <= y, axis=1) & np.any(Y < y, axis=1))
    ]
    return Y[keep]


def hypervolume(Y, ref):
    """Volume dominated by the rows of Y below `ref` (all minimised); 2 or 3 objectives."""
    Y = np.asarray(Y, dtype=float).reshape(-1, len(ref))
    Y = Y[np.all(Y < ref, axis=1)]
    if not len(Y):
        return 0.0
    if len(ref) == 2:
        Y = Y[np.lexsort((Y[:, 1], Y[:, 0]))]
        low = np.minimum.accumulate(Y[:, 1])
        right = np.append(Y[1:, 0], ref[0])
        return float(np.sum((right - Y[:, 0]) * (ref[1] - low)))
    Y = Y[np.argsort(Y[:, 2])]
    total = 0.0
    for i in range(len(Y)):
        top = Y[i + 1, 2] if i + 1 < len(Y) else ref[2]
        if top > Y[i, 2]:
            total += (top - Y[i, 2]) * hypervolume(Y[: i + 1, :2], ref[:2])
    return total


def normalised(value, optimum, median):
    """(value - optimum) / (median - optimum), clipped to [0, 1]; 1 when there is no value yet."""
    if value is None or not math.isfinite(value):
        return 1.0
    return float(min(1.0, max(0.0, (value - optimum) / (median - optimum))))


def log10_regret(score, floor):
    """log10 of the score, not below log10 of the task's floor (its resolution)."""
    return math.log10(max(score, floor))
