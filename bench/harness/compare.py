"""Side-by-side table of results: means over tasks of means over seeds, ranks, paired bootstrap
intervals."""

import json
import math
from collections import defaultdict

import numpy as np

from . import tasks

CELL = ("suite", "task", "seed", "budget", "parallel", "sync")


def load(files, opened, budget=None, parallel=None, at=None, only=None):
    """{engine label: {(suite, task): {seed: row}}}; the label names the setting when it isn't the
    same for all. `only`: (suite, task) pairs."""
    rows = []
    for path in files:
        with opened(path) as f:
            rows += [r for r in map(json.loads, f) if "score" in r]
    if only is not None:
        rows = [r for r in rows if (r["suite"], r["task"]) in only]
    rows = [
        r
        for r in rows
        if (budget is None or r["budget"] == budget)
        and (parallel is None or r["parallel"] == parallel)
    ]
    setting = lambda r: (at or r["budget"], r["parallel"], r["sync"])
    settings = {setting(r) for r in rows}
    out = defaultdict(lambda: defaultdict(dict))
    for r in rows:
        label = r["engine"]
        if len(settings) > 1:
            label += f" N{at or r['budget']} P{r['parallel']}{' sync' if r['sync'] else ''}"
        if at:
            r = dict(r, score=r["curve"][min(at, len(r["curve"])) - 1])
            r["log10"] = math.log10(max(r["score"], r["floor"]))
        out[label][(r["suite"], r["task"])][r["seed"]] = r
    return out


def task_means(cells, field):
    """{task: mean over seeds}."""
    return {t: float(np.mean([r[field] for r in seeds.values()])) for t, seeds in cells.items()}


def bootstrap(values, draws=4000):
    """95 % percentile interval of the mean of `values` (one per task), fixed seed."""
    values = np.asarray(values)
    if len(values) < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(draws, len(values)))].mean(axis=1)
    return tuple(np.quantile(means, [0.025, 0.975]))


def paired(a, b, field):
    """Per task: mean over common seeds of b - a."""
    out = []
    for t in a:
        seeds = sorted(set(a[t]) & set(b.get(t, {})))
        if seeds:
            out.append(np.mean([b[t][s][field] - a[t][s][field] for s in seeds]))
    return out


def common(data):
    """Only the (task, seed) cells that every engine has."""
    out = {l: {} for l in data}
    for t in set.intersection(*[set(c) for c in data.values()]):
        seeds = set.intersection(*[set(c[t]) for c in data.values()])
        for l in data if seeds else ():
            out[l][t] = {s: data[l][t][s] for s in seeds}
    return out


def ranks(data, shared):
    """{label: mean rank}, 1 is best, ties share, per task on the means over seeds."""
    from scipy.stats import rankdata

    labels = list(data)
    table = np.array([[task_means({t: data[l][t]}, "score")[t] for l in labels] for t in shared])
    return dict(zip(labels, rankdata(table, axis=1).mean(axis=0)))


def table(data, base, title, at=None):
    """Print one table over the tasks that every engine has."""
    shared = sorted(set.intersection(*[set(c) for c in data.values()]))
    print(f"\n{title}: {len(shared)} tasks that all engines have")
    if not shared:
        return
    rank = ranks(data, shared)
    print(
        f"{'engine':28s} {'score':>7s} {'95 % interval':>16s} {'log10':>7s} {'rank':>5s} "
        f"{'score - ' + base[:14]:>22s} {'95 % interval':>18s} {'log10 diff':>10s} "
        f"{'ask ms':>8s} {'p95':>8s} {'ask cpu':>8s} {'p95':>8s} {'cpu/trial':>9s} {'seeds':>5s}"
    )
    order = sorted(
        data, key=lambda l: np.mean([task_means({t: data[l][t]}, "score")[t] for t in shared])
    )
    for label in order:
        cells = {t: data[label][t] for t in shared}
        scores = list(task_means(cells, "score").values())
        logs = list(task_means(cells, "log10").values())
        lo, hi = bootstrap(scores)
        diff, dlog = paired(data[base], data[label], "score"), paired(
            data[base], data[label], "log10"
        )
        dlo, dhi = bootstrap(diff)
        rows = [r for seeds in cells.values() for r in seeds.values()]
        asks = np.concatenate([r["ask_ms"][:at] for r in rows])
        busy = np.concatenate(
            [r["ask_cpu_ms"][:at] for r in rows if "ask_cpu_ms" in r] or [[float("nan")]]
        )
        cpu = [1e3 * r["cpu_s"] / r["trials"] for r in rows if "cpu_s" in r] or [float("nan")]
        seeds = np.mean([len(s) for s in cells.values()])
        print(
            f"{label:28s} {np.mean(scores):7.4f} [{lo:6.4f}, {hi:6.4f}] {np.mean(logs):7.3f} "
            f"{rank[label]:5.2f} "
            f"{np.mean(diff):+22.4f} [{dlo:+7.4f}, {dhi:+7.4f}] {np.mean(dlog):+10.3f} "
            f"{np.median(asks):8.2f} {np.quantile(asks, 0.95):8.2f} "
            f"{np.median(busy):8.2f} {np.quantile(busy, 0.95):8.2f} {np.mean(cpu):9.2f} "
            f"{seeds:5.1f}"
        )


def curves(cells):
    """{task: mean over seeds of the curve}; a study that ran out of configurations stays flat."""
    out = {}
    for t, seeds in cells.items():
        longest = max(r["budget"] for r in seeds.values())
        rows = [r["curve"] + r["curve"][-1:] * (longest - len(r["curve"])) for r in seeds.values()]
        out[t] = np.mean([row[:longest] for row in rows], axis=0)
    return out


def trials_to(own, level):
    """Trials until the mean over tasks (rows of `own`) is at most the mean of `level`; inf when
    never."""
    reached = own.mean(axis=0) <= level.mean() + 1e-12
    return float(np.argmax(reached) + 1) if reached.any() else math.inf


def trials_table(data, base, draws=2000):
    """Print how many trials `base` needs for the mean score that each engine has at its end."""
    print(f"\ntrials that {base} needs for the score of")
    rng = np.random.default_rng(0)
    for label, cells in data.items():
        if label == base:
            continue
        pairs = {t: sorted(set(cells[t]) & set(data[base].get(t, {}))) for t in cells}
        pairs = {t: seeds for t, seeds in pairs.items() if seeds}
        if not pairs:
            continue
        mine = curves({t: {s: data[base][t][s] for s in seeds} for t, seeds in pairs.items()})
        own = np.array([mine[t] for t in pairs])
        level = np.array(
            [np.mean([cells[t][s]["score"] for s in seeds]) for t, seeds in pairs.items()]
        )
        again = rng.integers(len(own), size=(draws, len(own)))
        lo, hi = np.quantile(
            [trials_to(own[i], level[i]) for i in again], [0.025, 0.975], method="nearest"
        )
        name = lambda n: f"{n:.0f}" if math.isfinite(n) else f"> {own.shape[1]}"
        print(
            f"{label:28s} score {level.mean():7.4f}: {name(trials_to(own, level)):>5s} "
            f"[{name(lo)}, {name(hi)}]   {len(pairs)} tasks, "
            f"{np.mean([len(seeds) for seeds in pairs.values()]):.1f} seeds"
        )


def main(a, opened):
    """Entry of `bench.py compare`."""
    only = tasks.half(a.suite_dir, a.half) if a.half else None
    data = load(a.files, opened, a.budget, a.parallel, a.at, only)
    if not a.all_seeds and not a.by_task and not a.trials:
        data = common(data)
    base = a.base or next(iter(data))
    if a.by_task:
        labels = list(data)
        print(f"{'task':44s} " + " ".join(f"{l[:14]:>14s}" for l in labels))
        for t in sorted(set.union(*[set(c) for c in data.values()])):
            print(
                f"{'/'.join(t):44s} "
                + " ".join(
                    (
                        f"{task_means({t: data[l][t]}, 'score')[t]:14.4f}"
                        if t in data[l]
                        else f"{'-':>14s}"
                    )
                    for l in labels
                )
            )
        return
    if a.trials:
        trials_table(data, base)
        return
    table(data, base, "all suites", a.at)
    if a.by_suite:
        for suite in sorted({t[0] for c in data.values() for t in c}):
            part = {l: {t: v for t, v in c.items() if t[0] == suite} for l, c in data.items()}
            part = {l: c for l, c in part.items() if c}
            if base in part:
                table(part, base, suite, a.at)
