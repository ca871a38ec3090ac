"""Who may drive a study: two tuners, a stopped one, a dead machine."""

import os
import shutil
import signal
import sqlite3
import time

import pytest

from lab import Lab, kill, wait_until

WAITS = "echo m=0.5; while [ ! -e go ]; do sleep 0.02; done"


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.script(WAITS)
    lab.study(trials=4, parallel=2)
    return lab


def start(lab, **more):
    tuner = lab.start("run", "s.yaml", **more)
    wait_until(lambda: [a["state"] for a in lab.attempts()] == ["running"] * 2, "two trials")
    return tuner


def test_a_second_tuner_is_refused_in_one_line(lab):
    tuner = start(lab)
    done = lab.hone("run", "s.yaml", status=3)
    assert done.stderr.count("\n") == 1
    assert f"pid {tuner.pid}" in done.stderr and os.uname().nodename in done.stderr
    lab.hone("resume", "s", status=3)
    lab.hone("delete", "s", "--yes", status=3)
    lab.write("go", "")
    tuner.communicate(timeout=60)
    assert tuner.returncode == 0 and len(lab.trials()) == 4


def test_many_tuners_at_once_run_each_trial_once(lab):
    lab.script("echo $HONE_TRIAL >> proof; echo m=0.5")
    lab.study(trials=20, parallel=2)
    tuners = [lab.start("run", "s.yaml") for _ in range(6)]
    for tuner in tuners:
        out, err = tuner.communicate(timeout=60)
        assert tuner.returncode in (0, 3), err
        assert err.count("\n") <= 1
    lab.hone("run", "s.yaml")
    assert sorted(map(int, (lab.folder / "proof").read_text().split())) == list(range(20))


def test_a_tuner_that_slept_through_its_lease_writes_nothing(lab):
    lab.study(trials=4, parallel=2, extra="lease: 1s\n")
    old = start(lab)
    old.send_signal(signal.SIGSTOP)
    new = None
    try:
        wait_until(lambda: lab.row()["lease_until"] < time.time() * 1000, "the end of the lease")
        new = lab.start("run", "s.yaml")
        wait_until(lambda: lab.row()["owner_pid"] == new.pid, "the new tuner")
        old.send_signal(signal.SIGCONT)
        out, err = old.communicate(timeout=60)
        assert old.returncode == 3 and err.count("\n") == 1, err
    finally:
        if old.poll() is None:
            old.send_signal(signal.SIGCONT)
    lab.write("go", "")
    new.communicate(timeout=60)
    assert new.returncode == 0
    assert [t["state"] for t in lab.trials()] == ["completed"] * 4
    assert len(lab.attempts()) == 4
    lab.hone("replay", "s")


def test_the_lease_of_a_dead_tuner_is_taken_at_once(lab):
    kill(start(lab))
    lab.write("go", "")
    lab.hone("run", "s.yaml")
    assert len(lab.attempts()) == 4


def test_after_a_reboot_lost_trials_get_another_attempt(lab):
    lab.script("echo m=0.$HONE_ATTEMPT; while [ ! -e go ]; do sleep 0.02; done")
    kill(start(lab))
    lab.write("go", "")  # the processes that a reboot would have ended leave by themselves
    lab.wait_quiet()
    for record in (lab.folder / ".hone/studies/s").glob("trial-*/attempt-1/exit"):
        record.unlink()  # a machine that went down wrote none
    done = lab.hone("run", "s.yaml", env={"HONE_TEST_BOOT_ID": "another-boot"})
    assert "the machine was restarted" in done.stdout
    states = [(a["trial"], a["number"], a["state"]) for a in lab.attempts()]
    assert states == [(0, 1, "lost"), (0, 2, "succeeded"), (1, 1, "lost"), (1, 2, "succeeded"),
                      (2, 1, "succeeded"), (3, 1, "succeeded")]
    assert [v[2] for v in lab.values()[0]] == [0.1, 0.2]
    lab.hone("replay", "s")


def test_a_killed_shim_loses_its_attempt_and_nothing_survives(lab):
    lab.script("echo m=0.5; [ $HONE_ATTEMPT = 2 -o $HONE_TRIAL -ge 2 ] && exit\n"
               "setsid sleep 1000 & wait")
    tuner = start(lab)
    for attempt in lab.attempts():
        os.kill(attempt["pid"], signal.SIGKILL)
    out, err = tuner.communicate(timeout=60)
    assert tuner.returncode == 0, err
    assert "lost: its supervisor was killed; attempt 2 follows" in out
    assert [a["state"] for a in lab.attempts()] == ["lost", "succeeded"] * 2 + ["succeeded"] * 2
    assert not lab.left_behind()


def test_another_hosts_lease_is_respected_until_it_ends(lab):
    kill(start(lab))
    db = sqlite3.connect(lab.folder / ".hone/hone.db")
    db.execute("UPDATE study SET owner_host = 'elsewhere'")
    db.commit()
    assert "elsewhere" in lab.hone("run", "s.yaml", status=3).stderr
    db.execute("UPDATE study SET lease_until = 1000")
    db.commit()
    db.close()
    lab.write("go", "")
    lab.hone("run", "s.yaml")


def test_a_moved_project_goes_on(lab, tmp_path_factory):
    lab.write("go", "")
    lab.hone("run", "s.yaml")
    other = Lab(tmp_path_factory.mktemp("moved") / "place")
    shutil.move(lab.folder, other.folder)
    path = other.folder / "s.yaml"
    path.write_text(path.read_text().replace("max_trials: 4", "max_trials: 6"))
    assert "all 6 trials are done" in other.hone("run", "s.yaml").stdout
    other.hone("replay", "s")
    lab.folder.mkdir(exist_ok=True)
