#!/usr/bin/env python3
"""Recorded learning curves of the benchmarks as traces for hone simulate.

    trace.py FOLDER [--tasks mlp_digits,...]

Writes FOLDER/TASK.csv and a study for it, FOLDER/TASK.yaml. Parameters are the unit coordinates in
which the tables were recorded; an epoch takes about a minute, each configuration at a pace of its
own (log-normal, the same whenever this runs), since the tables have no times. A configuration whose
training broke down ends with a NaN.

    hone simulate FOLDER/mlp_digits.yaml --trace FOLDER/mlp_digits.csv \\
        --strategy random,bayesian --early-stopping off,asha --parallel 1,8 --seeds 10
"""

import argparse
import os

import numpy as np

from stopping import Task, names

STUDY = """study: {name}
command: python3 train.py
objective: {{metric: loss, goal: minimize}}
parameters:
{parameters}max_trials: 50
max_parallel: 4
price_per_hour: {{on_demand: 1.41, spot: 0.42}}
"""


def write(folder, name):
    task = Task(name)
    d = task.u.shape[1]
    pace = 60 * np.exp(0.3 * np.random.default_rng(1).standard_normal(len(task.u)))
    with open(os.path.join(folder, name + ".csv"), "w") as out:
        out.write("trial," + ",".join(f"u{j}" for j in range(d)) + ",step,seconds,loss\n")
        for row, u in enumerate(np.clip(task.u, 0, 1)):
            head = f"{row}," + ",".join(f"{x:.7g}" for x in u)
            values = [f"{x:.7g}" for x in task.curve[row, : task.last[row]]]
            if task.breaks[row]:
                values.append("nan")
            for step, value in enumerate(values, start=1):
                out.write(f"{head},{step},{pace[row] * step:.3f},{value}\n")
    parameters = "".join(f"  u{j}: {{type: float, min: 0, max: 1}}\n" for j in range(d))
    with open(os.path.join(folder, name + ".yaml"), "w") as out:
        out.write(STUDY.format(name=name, parameters=parameters))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("folder")
    p.add_argument("--tasks", default=",".join(names()))
    a = p.parse_args()
    os.makedirs(a.folder, exist_ok=True)
    for name in a.tasks.split(","):
        write(a.folder, name)


if __name__ == "__main__":
    main()
