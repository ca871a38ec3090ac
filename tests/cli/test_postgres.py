"""Studies in a PostgreSQL database: a server that is killed, a way to it that is cut, two tuners,
copies there and back."""

import collections
import itertools
import os
import sqlite3
import time

import pytest

from lab import Lab, wait_until
from database import Server
from way import Way

CUT_S = float(os.environ.get("HONE_TEST_CUT_S", "3"))
TABLES = {"study": "uid", "event": "seq", "trial": "number", "attempt": "trial, number",
          "metric": "number", "observation": "trial, attempt, metric, seq"}
SCRIPT = """echo "$HONE_TRIAL $HONE_ATTEMPT" >> proof
for step in 1 2 3; do echo "m=0.$step$HONE_TRIAL"; sleep 0.05; done
"""
numbers = itertools.count()


@pytest.fixture(scope="module")
def server():
    server = Server()
    reason = server.missing()
    if reason:
        pytest.skip(reason)
    yield server
    server.close()


@pytest.fixture
def lab(server, tmp_path, request):
    lab = Lab(tmp_path)
    lab.script(SCRIPT)
    lab.url = server.url(f"{request.node.name[:40]}-{next(numbers)}")
    return lab


def dump(path):
    """All that a file has of its studies, but the numbers that are the file's own."""
    db = sqlite3.connect(path)
    found = {}
    for table, order in TABLES.items():
        db.text_factory = str
        names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        db.text_factory = bytes  # what a script printed may be anything
        names = [n for n in names if n not in ("id", "study")]
        found[table] = db.execute(f"SELECT {', '.join(names)} FROM {table} "
                                  f"ORDER BY {order}").fetchall()
    db.close()
    return found


def test_a_server_that_is_killed_and_comes_back_loses_nothing(lab, server):
    lab.study(trials=24, parallel=2, strategy="bayesian")
    tuner = lab.start("run", "s.yaml", "--store", lab.url)
    proof = lab.folder / "proof"
    for ended in 4, 10, 16:
        wait_until(lambda: proof.exists() and len(proof.read_text().split("\n")) > ended,
                   f"trial {ended}")
        server.kill_and_start()
    out, err = tuner.communicate(timeout=120)
    assert tuner.returncode == 0, (out, err)
    check_24(lab)


def check_24(lab):
    """All is there, once."""
    proof = lab.folder / "proof"
    runs = collections.Counter(proof.read_text().split("\n")[:-1])
    assert runs == {f"{trial} 1": 1 for trial in range(24)}
    assert "all 24 proposals are the same again" in lab.hone("replay", "s", "--store",
                                                              lab.url).stdout
    lab.hone("copy", "s", "--store", lab.url, "--to", "sqlite:.hone/hone.db")
    assert [t["state"] for t in lab.trials()] == ["completed"] * 24
    assert len(lab.attempts()) == 24
    for kind in "ask", "tell":
        assert sorted(e["trial"] for e in lab.events(kind=kind)) == list(range(24))
    for trial, values in lab.values().items():
        assert [v[2] for v in values] == [float(f"0.{step}{trial}") for step in (1, 2, 3)]


@pytest.fixture
def way(lab, server):
    way = Way(f"{server.folder}/.s.PGSQL.5432")
    name = lab.url.rsplit("/", 1)[1]
    lab.way_url = f"postgresql://hone@127.0.0.1:{way.port}/{name}?tcp_user_timeout=1000"
    yield way
    way.close()


@pytest.mark.parametrize("how, passed_on", [("cut", True), ("cut", False), ("freeze", True),
                                            ("freeze", False)])
def test_a_way_that_is_cut_in_a_commit_loses_nothing(lab, way, how, passed_on):
    """With the answer of the commit under way, or the commit itself; then nothing for a while."""
    lab.study(trials=24, parallel=2, strategy="bayesian")
    tuner = lab.start("run", "s.yaml", "--store", lab.way_url)
    proof = lab.folder / "proof"
    runs = lambda: len(proof.read_text().split("\n")) - 1 if proof.exists() else 0
    for ended in 4, 14:
        wait_until(lambda: runs() > ended, f"trial {ended}")
        way.when(b"COMMIT", how, passed_on)
        wait_until(lambda: way.trap is None, "the cut")
        before = runs()
        time.sleep(CUT_S)  # what is tested is that time passes
        assert runs() <= before + 2, "what ran went on, nothing was started"
        way.mend()
    out, err = tuner.communicate(timeout=120)
    assert tuner.returncode == 0, (out, err)
    if CUT_S > 10:  # shorter ones may pass unnoticed
        assert out.count("the store is back") == 2, (out, err)
    check_24(lab)


@pytest.mark.parametrize("parallel", [1, 4])
def test_a_trial_costs_at_most_five_round_trips(lab, way, parallel):
    """Whatever it prints: nothing is sent a line."""
    trials = 60
    lab.script("for i in 1 2 3 4 5 6 7 8 9; do echo m=0.$i; done; sleep 0.1; echo m=0.5")
    lab.study(trials=trials, parallel=parallel)
    lab.hone("run", "s.yaml", "--store", lab.way_url)
    print(f"{trials} trials, {parallel} at a time: {way.round_trips} round trips")
    around = 30  # to connect, to make the tables, to begin and to end
    assert way.round_trips <= around + 5 * trials


def test_a_second_tuner_is_refused(lab):
    lab.script("echo m=0.5; while [ ! -e go ]; do sleep 0.02; done")
    lab.study(trials=4, parallel=2)
    tuner = lab.start("run", "s.yaml", "--store", lab.url)
    wait_until(lambda: (lab.folder / ".hone/studies/s/trial-0001/attempt-1/log").exists(), "trials")
    done = lab.hone("run", "s.yaml", "--store", lab.url, status=3)
    assert f"pid {tuner.pid}" in done.stderr
    assert "driven by a tuner" in lab.hone("copy", "s", "--to", "other.db", "--store", lab.url,
                                           status=3).stderr
    lab.write("go", "")
    tuner.communicate(timeout=60)
    assert tuner.returncode == 0


def test_a_copy_there_and_back_is_equal(lab):
    lab.script(r"printf 'm=0.5\nm=nan\n'; [ $HONE_TRIAL -lt 3 ] && exit; "
               r"printf 'b \377\376\n'; exit 1")
    lab.study(trials=6, parallel=2, extra="nonfinite: ignore\n")
    lab.hone("run", "s.yaml")
    before = dump(lab.folder / ".hone/hone.db")
    assert any(isinstance(x, bytes) and b"\xff\xfe" in x for row in before["trial"] for x in row)
    lab.hone("copy", "s", "--to", lab.url)
    assert "exists already" in lab.hone("copy", "s", "--to", lab.url, status=3).stderr
    lab.hone("replay", "s", "--store", lab.url)
    assert "m=0.5" in lab.hone("logs", "s", "1", "--store", lab.url).stdout
    (lab.folder / ".hone/hone.db").rename(lab.folder / "old.db")
    lab.hone("copy", "s", "--store", lab.url, "--to", ".hone/hone.db", "--move")
    assert dump(lab.folder / ".hone/hone.db") == before
    assert "no study" in lab.hone("status", "s", "--store", lab.url, status=2).stderr


def test_a_password_is_never_printed(lab):
    url = lab.url.replace("hone@", "guest:se%40cret@", 1)
    done = lab.hone("list", "--store", url, status=3)
    assert "guest" in done.stderr and "cret" not in done.stdout + done.stderr
