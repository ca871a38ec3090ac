#!/usr/bin/env python3
"""postgres.py: how fast are studies in a PostgreSQL database?

    bench/postgres.py [--hone build/tuner/cli/hone] [--trials 10000]

A server of its own is started (tests/postgres) in /tmp. One study of 20 trials is run; its rows are
then multiplied there by SQL, so that it has as many as wanted, ten values each. Round trips are
those that go by on the way between tuner and server.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cli"))
from way import Way  # noqa: E402

STUDY = """study: s
command: ./train.sh
objective: {{metric: m, goal: maximize}}
parameters:
  x: {{type: float, min: 0, max: 1}}
  y: {{type: float, min: 1.0e-5, max: 1, scale: log}}
max_trials: {trials}
max_parallel: {parallel}
strategy: random
seed: 7
"""
SCRIPT = "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10; do echo m=0.$i; {pause} done\n"
MULTIPLY = """
SET search_path = hone;
INSERT INTO trial SELECT t.study, t.number + 20 * k, origin, state, params, objectives, why, reason,
  log_tail, started_at, ended_at FROM trial t, generate_series(1, {k}) k;
INSERT INTO attempt SELECT a.study, a.trial + 20 * k, number, state, node, pid, pid_start, boot_id,
  started_at, ended_at, exit_code, exit_signal, spot, reason, cursor
  FROM attempt a, generate_series(1, {k}) k;
INSERT INTO observation SELECT o.study, o.trial + 20 * k, attempt, metric, seq, step, at, value
  FROM observation o, generate_series(1, {k}) k;
ANALYZE;
"""


class Bench:
    def __init__(self, hone, trials):
        self.hone, self.trials = hone, trials
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hone-postgres-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.work = self.folder / "work"

    def server(self, what):
        subprocess.run([ROOT / "tests/postgres", what, self.folder], check=True,
                       stdout=subprocess.DEVNULL)

    def run(self, *words):
        return subprocess.run([self.hone, *words], cwd=self.work, check=True, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True).stdout

    def study(self, trials, parallel, pause=""):
        (self.work / "s.yaml").write_text(STUDY.format(trials=trials, parallel=parallel))
        script = self.work / "train.sh"
        script.write_text(SCRIPT.format(pause=pause))
        script.chmod(0o755)

    def database(self, name):
        subprocess.run(["createdb", "-h", self.folder, "-U", "hone", name], check=True)

    def round_trips(self, trials, parallel, pause=""):
        name = f"n{trials}p{parallel}{len(pause)}"
        self.database(name)
        self.study(trials, parallel, pause)
        way = Way(f"{self.folder}/.s.PGSQL.5432")
        began = time.perf_counter()
        self.run("run", "s.yaml", "--store", f"postgresql://hone@127.0.0.1:{way.port}/{name}")
        took = time.perf_counter() - began
        way.close()
        print(f"{trials} trials, {parallel} at a time, ten values each {pause}: a trial costs "
              f"{way.round_trips / trials:.1f} round trips, {1e3 * took / trials:.0f} ms")
        shutil.rmtree(self.work / ".hone")

    def times(self, *words):
        took = []
        for _ in range(15):
            began = time.perf_counter()
            self.run(*words)
            took.append(1e3 * (time.perf_counter() - began))
        took.sort()
        return f"{took[1]:.0f} to {took[-2]:.0f} ms, median {statistics.median(took):.0f}"

    def look(self):
        self.database("many")
        url = f"postgresql://hone@{str(self.folder).replace('/', '%2F')}/many"
        self.study(20, 2)
        self.run("run", "s.yaml", "--store", url)
        subprocess.run(["psql", "-q", "-h", self.folder, "-U", "hone", "many", "-c",
                        MULTIPLY.format(k=self.trials // 20 - 1)], check=True)
        for words in (["status", "s"], ["status", "s", "--json"], ["list"], ["best", "s"],
                      ["show", "s", "7"]):
            print(f"hone {' '.join(words)} at {self.trials} trials: "
                  f"{self.times(*words, '--store', url)}")
        began = time.perf_counter()
        (self.work / "all.csv").write_text(
            self.run("export", "s", "--format", "csv", "--observations", "--store", url))
        print(f"hone export --observations ({10 * self.trials} of them): "
              f"{time.perf_counter() - began:.2f} s")

    def all(self):
        self.work.mkdir()
        self.server("start")
        try:
            self.round_trips(200, 1)
            self.round_trips(200, 4)
            self.round_trips(20, 4, "sleep 0.3;")
            self.look()
        finally:
            self.server("stop")
            shutil.rmtree(self.folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hone", default=ROOT / "build/tuner/cli/hone", type=pathlib.Path)
    parser.add_argument("--trials", default=10000, type=int)
    args = parser.parse_args()
    os.environ.pop("HONE_STORE", None)
    Bench(args.hone.resolve(), args.trials).all()


if __name__ == "__main__":
    main()
