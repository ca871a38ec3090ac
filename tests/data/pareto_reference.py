#!/usr/bin/env python3
"""Reference values of test_pareto.c: ranks and crowding distances from pymoo (0.6.2 made the
stored ones). Points are a simple formula that test_pareto.c repeats. pymoo divides the crowding
distance by the number of objectives; here it is the sum, as in the paper. A point alone on its
front has 0 in pymoo, infinity in the paper and here."""
import numpy as np
import pymoo
from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting


def point(i, m):
    x = [0.01 + np.fmod((i + 1) * np.sqrt(j + 2.0), 1.0) for j in range(m)]
    size = 0.0
    for u in x:
        size += u
    return [u / size * (1.0 + 0.1 * (i % 5)) for u in x]


print(f"/* pymoo {pymoo.__version__} */")
print("static const struct front_row front_rows[] = {")
for n, m in ((20, 2), (60, 2), (60, 3), (60, 5)):
    F = np.array([point(i, m) for i in range(n)])
    _, rank = NonDominatedSorting().do(F, return_rank=True)
    crowding = np.zeros(n)
    for k in range(rank.max() + 1):
        front = np.flatnonzero(rank == k)
        crowding[front] = calc_crowding_distance(F[front]) * m if len(front) > 1 else np.inf
    print(f"    {{{n}, {m}, {rank.max() + 1},")
    print("     {" + ", ".join(str(r) for r in rank) + "},")
    print("     {" + ", ".join("INF" if np.isinf(c) else f"{c:.15g}" for c in crowding) + "}},")
print("};")
