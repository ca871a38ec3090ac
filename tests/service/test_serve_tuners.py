"""Studies that are the service's get a tuner where none lives; those of a person don't."""

import os
import pathlib
import signal
import sqlite3
import subprocess

from service import HONE, Service, wait_until


# What a process inherits and may count on.
INHERITED = (
    "echo $(umask; ulimit -n; grep SigBlk /proc/self/status; "
    "grep -c 'SigIgn.*[13579bdf]...$' /proc/self/status)"
)


def rows(folder, query):
    store = sqlite3.connect(folder / ".hone/hone.db", timeout=60)
    try:
        with store:
            return store.execute(query).fetchall()
    finally:
        store.close()


def interrupted_study(folder, name):
    """A study whose tuner was killed, and which now is the service's or a person's."""
    (folder / "train.sh").write_text(f"#!/bin/sh\necho m=1\n{INHERITED} >>seen\nexec sleep 0.1\n")
    (folder / "train.sh").chmod(0o755)
    (folder / f"{name}.yaml").write_text(
        f"study: {name}\ncommand: ./train.sh\nobjective: {{metric: m, goal: maximize}}\n"
        "parameters:\n  x: {type: float, min: 0, max: 1}\nmax_trials: 40\nmax_parallel: 2\n"
        "strategy: random\n"
    )
    subprocess.run([HONE, "run", "-d", f"{name}.yaml"], cwd=folder, check=True, capture_output=True)
    kill_tuner(folder, name)


def lives(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat")
    try:
        return " Z " not in stat.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill_tuner(folder, name):
    """Kill the tuner that lives, or will."""

    def living():
        owners = rows(folder, f"SELECT owner_pid FROM study WHERE name = '{name}'")
        return owners[0][0] if owners and owners[0][0] > 0 and lives(owners[0][0]) else 0

    pid = wait_until(living, "a tuner")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lives(pid), "the tuner is gone")


def test_only_the_services_own_studies_are_revived(tmp_path):
    interrupted_study(tmp_path, "ours")
    interrupted_study(tmp_path, "theirs")
    rows(tmp_path, "UPDATE study SET by_service = 1 WHERE name = 'ours'")
    with Service(tmp_path):
        kill_tuner(tmp_path, "ours")  # the one that the service has started
        state = "SELECT state FROM study WHERE name = 'ours'"
        wait_until(lambda: rows(tmp_path, state) == [("finished",)], "the study is over")
    seen = (tmp_path / "seen").read_text().splitlines()
    usual = subprocess.run(["sh", "-c", INHERITED], capture_output=True, text=True).stdout
    assert set(seen) == {usual.strip()}  # whoever started the tuner
    assert rows(tmp_path, "SELECT count(*) FROM trial WHERE study = 1") == [(40,)]
    assert rows(tmp_path, "SELECT state, wanted FROM study WHERE name = 'theirs'") == [
        ("running", 1)
    ]
    before = rows(tmp_path, "SELECT epoch FROM study WHERE name = 'theirs'")
    assert before == [(1,)]
    subprocess.run([HONE, "stop", "--now", "theirs"], cwd=tmp_path, check=True, capture_output=True)
