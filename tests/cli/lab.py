"""lab.py: a working folder with studies in it, for the tests of the program.

Nothing here sleeps for timing: what takes a while is waited for by a condition, with a limit that
only a broken program reaches.
"""

import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import time

HONE = os.environ.get("HONE", "hone")
LIMIT_S = 60


def wait_until(condition, what, limit_s=LIMIT_S):
    """Wait for condition() to be true, and return what it gave."""
    end = time.monotonic() + limit_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit_s} s")
        time.sleep(0.01)


class Lab:
    """A folder; every command runs in it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.env = {name: value for name, value in os.environ.items() if name != "HONE_STORE"}
        self.env["NO_COLOR"] = "1"

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def script(self, text, name="train.sh"):
        """An executable shell script; its command is ./NAME."""
        return self.write(name, "#!/bin/sh\n" + text, 0o755)

    def study(self, name="s", extra="", command="./train.sh", trials=4, parallel=2, seed=7,
              strategy="random", parameters=None, objective="{metric: m, goal: maximize}"):
        """Write NAME.yaml."""
        parameters = parameters or "  x: {type: float, min: 0, max: 1}\n"
        return self.write(
            f"{name}.yaml",
            f"study: {name}\ncommand: {command}\nobjective: {objective}\n"
            f"parameters:\n{parameters}max_trials: {trials}\nmax_parallel: {parallel}\n"
            f"seed: {seed}\nstrategy: {strategy}\n{extra}")

    def start(self, *words, **more):
        """Start hone, and return the process."""
        env = dict(self.env, **more.pop("env", {}))
        return subprocess.Popen([HONE, *words], cwd=self.folder, env=env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **more)

    def start_to(self, log, *words):
        """Start hone with its output in an open file, which is closed here."""
        with log:
            return subprocess.Popen([HONE, *words], cwd=self.folder, env=self.env,
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def hone(self, *words, status=0, env=None):
        """Run hone; its exit status must be `status` (None: any)."""
        done = subprocess.run([HONE, *words], cwd=self.folder, env=dict(self.env, **(env or {})),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=LIMIT_S * 2)
        if status is not None:
            what = (words, done.returncode, done.stdout, done.stderr)
            assert done.returncode == status, what
        return done

    # ---- What the store holds ----

    def rows(self, query, *values):
        path = self.folder / ".hone" / "hone.db"
        if not path.exists():
            return []
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
        db.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in db.execute(query, values)]
        except sqlite3.OperationalError:  # no table yet
            return []
        finally:
            db.close()

    def row(self, name="s"):
        rows = self.rows("SELECT * FROM study WHERE name = ?", name)
        return rows[0] if rows else None

    def trials(self, name="s"):
        return self.rows("SELECT trial.* FROM trial JOIN study ON study.id = trial.study "
                         "WHERE study.name = ? ORDER BY number", name)

    def attempts(self, name="s"):
        return self.rows("SELECT attempt.* FROM attempt JOIN study ON study.id = attempt.study "
                         "WHERE study.name = ? ORDER BY trial, number", name)

    def events(self, name="s", kind=None):
        rows = self.rows("SELECT event.* FROM event JOIN study ON study.id = event.study "
                         "WHERE study.name = ? ORDER BY seq", name)
        for row in rows:
            row["body"] = json.loads(row["body"] or "{}")
        return [row for row in rows if kind is None or row["kind"] == kind]

    def values(self, name="s", metric="m"):
        """{trial: [(attempt, step, value), ...]} in the order in which they were printed."""
        found = {}
        for row in self.rows(
                "SELECT o.trial, o.attempt, o.step, o.value FROM observation o "
                "JOIN study s ON s.id = o.study "
                "JOIN metric m ON m.study = o.study AND m.number = o.metric "
                "WHERE s.name = ? AND m.name = ? ORDER BY o.trial, o.attempt, o.seq",
                name, metric):
            found.setdefault(row["trial"], []).append((row["attempt"], row["step"], row["value"]))
        return found

    def log(self, name, trial, attempt=1):
        path = self.folder / ".hone/studies" / name / f"trial-{trial:04d}"
        return (path / f"attempt-{attempt}" / "log").read_text()

    # ---- Processes ----

    def left_behind(self, name="s"):
        """Processes of the study's trials: [(pid, command line)]."""
        row = self.row(name)
        if not row:
            return []
        mark = f"HONE_ATTEMPT_ID={row['uid']}-".encode()
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                environ = pathlib.Path("/proc", pid, "environ").read_bytes()
                line = pathlib.Path("/proc", pid, "cmdline").read_bytes()
            except OSError:
                continue
            shim = b"hone-shim" in line and row["uid"].encode() in line
            if line and (mark in environ or shim):
                found.append((int(pid), line.replace(b"\0", b" ").decode(errors="replace")))
        return found

    def wait_quiet(self, name="s"):
        wait_until(lambda: not self.left_behind(name), f"processes of study {name} are left")


def printed(text, metric="m"):
    """The values that a log has of a metric."""
    return [float(x) for x in re.findall(rf"^{metric}=([0-9.]+)$", text, re.M)]


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process.stderr.close()
