"""Runs one study on a simulated clock: engine time is real, evaluation time is the task's own
number."""

import heapq
import time

import numpy as np

from . import space as sp
from .score import log10_regret


def study_line(task, budget, parallel, extra):
    """The first line of the protocol for this task."""
    line = {
        "space": task.space,
        "objectives": task.objectives,
        "seed": task.seed,
        "budget": budget,
        "parallel": parallel,
    }
    line.update(extra)
    return line


def run(engine, task, budget, parallel=1, sync=False, extra=None, deadline=None):
    """One study. Returns a dict: score, log10, inc, curve, ask_ms, tell_ms, failed, trials.

    `curve[i]` is the score after i+1 finished evaluations. Asynchronous (default): the workers
    are refilled one
    by one in order of (finish time, id); synchronous: all `parallel` results are told together.
    ask_ms: wall time of each ask per trial asked; ask_cpu_ms: processor time of the same, which a
    busy machine
    does not inflate; cpu_s: processor seconds of all asks and tells, start-up left out.
    `inc` is the score of the configuration with the best observed value (differs from `score`
    under noise).
    """
    version = engine.call(study_line(task, budget, parallel, extra or {}))[0].get("version")
    spent = engine.cpu()
    scorer, curve, asks, cpu, tells, failed = task.scorer(), [], [], [], [], 0
    repeats, running, clock, asked = {}, [], 0.0, 0
    best_seen, best_true = np.inf, None
    start = time.time()
    while True:
        want = 0 if running and sync else min(parallel - len(running), budget - asked)
        if want > 0:
            before = engine.cpu()
            reply, seconds = engine.call({"ask": want})
            got = max(1, len(reply["trials"]))
            asks.append(seconds / got)
            cpu.append((engine.cpu() - before) / got)
            for trial in reply["trials"]:
                config = trial["params"]
                sp.check(task.space, config)
                k = sp.key(config)
                repeats[k] = repeats.get(k, -1) + 1
                observed, true, took = task.evaluate(config, repeats[k])
                heapq.heappush(running, (clock + took, trial["id"], observed, true))
                asked += 1
            if reply.get("exhausted"):
                budget = asked
        if not running:
            break
        if deadline and time.time() - start > deadline:
            raise TimeoutError(f"study over {deadline} s after {len(curve)} trials")
        done = [heapq.heappop(running) for _ in range(len(running) if sync else 1)]
        clock = done[-1][0]
        told = []
        for _, ident, observed, true in done:
            if observed is None:
                failed += 1
                told.append({"id": ident, "state": "failed"})
            else:
                told.append({"id": ident, "values" if task.several else "value": observed})
                if not task.several and observed < best_seen:
                    best_seen, best_true = observed, true
            curve.append(scorer.add(true))
        tells.append(engine.call({"tell": told})[1])
    if not curve:
        raise ValueError("the engine proposed nothing")
    inc = curve[-1] if task.several else task.normalise(best_true)
    return {
        "score": sig(curve[-1]),
        "log10": sig(log10_regret(curve[-1], task.floor)),
        "inc": sig(inc),
        "floor": task.floor,
        "trials": len(curve),
        "failed": failed,
        "version": version,
        "curve": [sig(c) for c in curve],
        "cpu_s": sig(engine.cpu() - spent, 3),
        "ask_ms": [sig(1e3 * s, 3) for s in asks],
        "ask_cpu_ms": [sig(1e3 * s, 3) for s in cpu],
        "tell_ms": sig(1e3 * float(np.median(tells)), 3),
    }


def sig(x, digits=4):
    """x rounded to `digits` significant digits."""
    return float(f"{x:.{digits}g}")
