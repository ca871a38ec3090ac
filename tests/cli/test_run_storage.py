"""Disks that are full, read-only, damaged or elsewhere: one clear line, exit status 3, no loss."""

import os
import sqlite3
import subprocess

import pytest

from lab import Lab, wait_until

STEPS = "for step in 1 2 3; do echo m=0.$step$HONE_TRIAL; done\n"


NO_SPACE = "no space left on the disk of its folder"


def commands(lab):
    """Command lines of the processes that work in the lab's folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == str(lab.folder):
                found.append(open(f"/proc/{pid}/cmdline").read().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.script(STEPS)
    lab.study(trials=6)
    return lab


@pytest.fixture
def disk(tmp_path):
    """A small disk of our own: disk.mount(options) gives its folder."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode != 0:
            pytest.skip("SKIPPED: a file system cannot be mounted here (not root)")
        return folder

    yield mount
    subprocess.run(["umount", "-l", str(folder)], capture_output=True)


def one_line(done):
    assert done.stderr.startswith("hone: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_read_only_folder(disk):
    folder = disk("size=8m")
    lab = Lab(folder)
    lab.script(STEPS)
    lab.study()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    assert ".hone" in one_line(lab.hone("run", "s.yaml", status=3))


def test_a_store_that_turned_read_only(disk):
    folder = disk("size=8m")
    lab = Lab(folder)
    lab.script(STEPS)
    lab.study(trials=2)
    lab.hone("run", "s.yaml")
    lab.study(trials=4)
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    one_line(lab.hone("run", "s.yaml", status=3))
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    lab.hone("run", "s.yaml")
    assert [t["state"] for t in lab.trials()] == ["completed"] * 4


def test_a_full_disk_loses_nothing(disk):
    folder = disk("size=2m")
    lab = Lab(folder)
    lab.script(STEPS + "[ $HONE_TRIAL != 2 ] || head -c 4000000 /dev/zero > filler 2>/dev/null\n"
                       "exit 0\n")
    lab.study(trials=6, parallel=1)
    assert "No space left" in one_line(lab.hone("run", "s.yaml", status=3))
    (folder / "filler").unlink()
    lab.wait_quiet()  # its end could not be written down until now
    assert "all 6 trials are done" in lab.hone("run", "s.yaml").stdout
    states = [t["state"] for t in lab.trials()]
    assert states[:2] + states[3:] == ["completed"] * 5
    # Whether its own end came while the disk was full is chance.
    assert (states[2], lab.trials()[2]["reason"]) in [("completed", None), ("failed", NO_SPACE)]
    assert [len(v) for v in lab.values().values()] == [3] * 6
    lab.hone("replay", "s")


def test_a_full_disk_of_logs_fails_its_trials_and_the_study_goes_on(lab, disk):
    """The store lies elsewhere. Until there is space nothing is started, then all goes on."""
    folder = disk("size=2m")
    (lab.folder / ".hone").mkdir(0o700)
    (lab.folder / ".hone/studies").symlink_to(folder)
    lab.script(STEPS + "[ $HONE_TRIAL != 1 ] || while printf '%04095d\\n' 0; do :; done\nexit 0\n")
    lab.study(trials=6, parallel=1)
    (folder / "ballast").write_text("x" * 500_000)
    tuner = lab.start("run", "s.yaml")
    wait_until(lambda: os.statvfs(folder).f_bavail == 0, "the disk is full")
    wait_until(lambda: not any(line.startswith("/bin/sh") for line in commands(lab)), "its end")
    assert [t["state"] for t in lab.trials()] == ["completed", "running"]
    assert tuner.poll() is None
    (folder / "ballast").unlink()
    out, err = tuner.communicate(timeout=60)
    assert tuner.returncode == 0, (out, err)
    trials = lab.trials()
    assert [t["state"] for t in trials] == ["completed", "failed"] + ["completed"] * 4
    assert trials[1]["reason"] == NO_SPACE
    assert NO_SPACE in lab.hone("show", "s", "1").stdout
    lab.hone("replay", "s")


def test_a_damaged_store(lab):
    lab.hone("run", "s.yaml")
    path = lab.folder / ".hone/hone.db"
    content = bytearray(path.read_bytes())
    content[100:] = os.urandom(len(content) - 100)
    path.write_bytes(content)
    assert "hone.db" in one_line(lab.hone("run", "s.yaml", status=3))
    path.write_bytes(b"this is no database" * 100)
    assert "hone.db" in one_line(lab.hone("run", "s.yaml", status=3))
    assert path.read_bytes() == b"this is no database" * 100


def test_a_store_that_others_hold_for_a_moment(lab):
    lab.hone("run", "s.yaml")
    lab.study(trials=8)
    db = sqlite3.connect(lab.folder / ".hone/hone.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    tuner = lab.start("run", "s.yaml")
    wait_until(lambda: any("hone.db" in os.readlink(f"/proc/{tuner.pid}/fd/{fd}")
                           for fd in os.listdir(f"/proc/{tuner.pid}/fd")), "the store opened")
    db.execute("ROLLBACK")
    tuner.communicate(timeout=60)
    assert tuner.returncode == 0 and len(lab.trials()) == 8
    db.close()


def test_a_folder_on_a_network_file_system_keeps_its_store_on_a_local_disk(lab, tmp_path_factory):
    state = tmp_path_factory.mktemp("state")
    env = {"HONE_TEST_NETWORK_FS": str(lab.folder), "XDG_STATE_HOME": str(state)}
    started = lab.hone("run", "s.yaml", env=env).stdout
    assert f"{state}/hone/" in started and os.uname().nodename in started
    assert len(list((state / "hone").glob("*.db"))) == 1
    assert not (lab.folder / ".hone/hone.db").exists()
    assert (lab.folder / ".hone/studies/s/trial-0000/attempt-1/log").exists()
    assert "ended already" in lab.hone("run", "s.yaml", env=env).stdout
    lab.hone("replay", "s", env=env)
    # The host is the one that has it; another one says so, and an address on the share is refused.
    elsewhere = dict(env, XDG_STATE_HOME=str(state / "other"))
    assert "on the host that ran them" in lab.hone("status", "s", env=elsewhere, status=2).stderr
    refused = lab.hone("run", "s.yaml", "--store", ".hone/hone.db", env=env, status=3).stderr
    assert refused.count("\n") == 1 and f"sqlite:{state}/hone/" in refused


def test_files_of_hone_are_private(lab):
    lab.hone("run", "s.yaml")
    for path in (lab.folder / ".hone").rglob("*"):
        if "checkpoints" in str(path) or "model" in str(path) or "output" in str(path):
            continue
        assert path.stat().st_mode & 0o077 == 0, path
