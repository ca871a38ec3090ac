#!/usr/bin/env python3
"""Reference values of test_volume.c: hypervolumes by pymoo 0.6.2, and the expected gain of a
point by 10^6 draws of its outcome, whose gain is the volume of [y, r] without the union of the
boxes [max(p, y), r], by inclusion and exclusion. Points are simple formulas that test_volume.c
repeats."""

from itertools import combinations

import numpy as np
from pymoo.indicators.hv import HV

GOLDEN = 0.6180339887498949
REFERENCE = [1.0, 1.05, 1.1, 0.95, 1.02]


def point(i, m):
    """Around the sphere of radius 0.8; some dominate others."""
    x = np.array([np.fmod((i + 1) * (j + 1) * GOLDEN + 0.13 * j, 1.0) for j in range(m)]) + 0.05
    return (0.8 + 0.1 * np.fmod(i * GOLDEN, 1.0)) * x / np.sqrt((x * x).sum())


print("static const struct volume_row volumes[] = {")
for m in (2, 3, 4, 5):
    for n in (1, 2, 7, 60):
        ref = np.array(REFERENCE[:m])
        value = HV(ref_point=ref)(np.array([point(i, m) for i in range(n)]))
        print(f"    {{{m}, {n}, {value:.17g}}},")
print("};")


def expected_gain(front, ref, mu, sd, rng, n=10**6):
    y = mu + sd * rng.standard_normal((n, len(mu)))
    gain = np.prod(np.maximum(ref - y, 0), axis=1)
    for size in range(1, len(front) + 1):
        for chosen in combinations(front, size):
            corner = np.maximum(np.max(chosen, axis=0), y)
            gain -= (-1) ** (size + 1) * np.prod(np.maximum(ref - corner, 0), axis=1)
    return gain.mean(), gain.std() / np.sqrt(n)


rng = np.random.default_rng(7)
print("static const struct gain_row gains[] = {")
for m in (2, 3):
    ref = np.array(REFERENCE[:m])
    for n in (0, 1, 3, 7):
        front = [point(i, m) for i in range(n)]
        for level, sd in ((0.4, 0.1), (0.7, 0.3), (1.2, 0.2)):
            mu = level + 0.1 * np.arange(m)
            mean, error = expected_gain(front, ref, mu, sd * (1 + np.arange(m)), rng)
            print(f"    {{{m}, {n}, {level}, {sd}, {mean:.9g}, {error:.3g}}},")
print("};")
