#!/usr/bin/env python3
"""tuner.py: how fast and how large is the whole program?

    bench/tuner.py [--hone build/tuner/cli/hone] [--folder FOLDER]

FOLDER lies on the disk that matters (default: the working folder); a folder is made in it and
removed. Peak memory is the tuner's own, CPU includes shims and the trials' shells.
"""

import argparse
import os
import pathlib
import shutil
import signal
import sqlite3
import statistics
import subprocess
import tempfile
import time

NO_OP = "sh -c 'echo m=0.5'"
NOISE = "sh -c 'echo m=0.$(expr $$ % 997)'"
STUDY = """study: {name}
command: {command}
objective: {{metric: m, goal: maximize}}
parameters:
  x: {{type: float, min: 0, max: 1}}
  y: {{type: float, min: 1.0e-5, max: 1, scale: log}}
max_trials: {trials}
max_parallel: 2
strategy: {strategy}
seed: 7
"""


class Bench:
    def __init__(self, hone, folder):
        self.hone, self.folder = hone, folder

    def study(self, name, trials, strategy="random", command=NO_OP):
        text = STUDY.format(name=name, trials=trials, strategy=strategy, command=command)
        (self.folder / f"{name}.yaml").write_text(text)

    def start(self, *words):
        return subprocess.Popen([self.hone, *words], cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL)

    def measure(self, process):
        """Wall seconds, CPU seconds, peak MB of a process that was just started."""
        began = time.perf_counter()
        peak = 0
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid != 0:
                break
            peak = max(peak, self.peak_mb(process.pid))
            time.sleep(0.0002 if time.perf_counter() - began < 0.1 else 0.02)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, process.args
        return wall, usage.ru_utime + usage.ru_stime, peak

    @staticmethod
    def peak_mb(pid):
        """The kernel's own high-water mark; wait4() would count the memory of this Python too."""
        try:
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        except OSError:
            pass
        return 0

    def median_ms(self, *words):
        times = []
        for _ in range(21):
            began = time.perf_counter()
            assert self.start(*words).wait() == 0
            times.append(time.perf_counter() - began)
        return 1e3 * statistics.median(times)

    def rows(self, query, *values):
        db = sqlite3.connect(f"file:{self.folder}/.hone/hone.db?mode=ro", uri=True, timeout=30)
        try:
            return db.execute(query, values).fetchall()
        finally:
            db.close()

    def n_trials(self, name):
        return self.rows("SELECT count(*) FROM trial t JOIN study s ON s.id = t.study "
                         "WHERE s.name = ?", name)[0][0]


def bench_runs(bench):
    for name, n in (("thousand", 1000), ("tenthousand", 10000)):
        bench.study(name, n)
        wall, cpu, memory = bench.measure(bench.start("run", f"{name}.yaml", "--quiet"))
        print(f"{n} no-op trials, 2 at a time: {n / wall:.0f}/s, CPU {1e3 * cpu / n:.2f} ms a "
              f"trial, tuner's peak {memory:.1f} MB")
    print(f"hone status at 10000 trials: {bench.median_ms('status', 'tenthousand'):.1f} ms")


def bench_bayesian(bench):
    bench.study("bayes", 1000, "bayesian", NOISE)
    tuner = bench.start("run", "bayes.yaml", "--quiet")
    while not (bench.folder / ".hone/hone.db").exists() or bench.n_trials("bayes") < 900:
        assert tuner.poll() is None
        time.sleep(0.05)
    tuner.send_signal(signal.SIGKILL)
    tuner.wait()
    known = bench.n_trials("bayes")
    began = 1e3 * time.time()
    usage = bench.measure(bench.start("run", "bayes.yaml", "--quiet"))
    first = bench.rows("SELECT min(t.started_at) FROM trial t JOIN study s ON s.id = t.study "
                       "WHERE s.name = 'bayes' AND t.number >= ?", known)[0][0]
    print(f"resumed after kill -9 at {known} bayesian trials: first new trial after "
          f"{first - began:.0f} ms, {usage[2]:.1f} MB at 1000")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hone", default="build/tuner/cli/hone")
    parser.add_argument("--folder", default=".")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-tuner.", dir=options.folder)).resolve()
    bench = Bench(str(pathlib.Path(options.hone).resolve()), folder)
    try:
        print(f"hone version: {bench.median_ms('version'):.1f} ms")
        bench_runs(bench)
        bench_bayesian(bench)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
