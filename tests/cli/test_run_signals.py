"""Ctrl-C in three steps, SIGTERM, and a terminal that goes away; through a pseudo-terminal."""

import os
import pty
import re
import signal
import subprocess

import pytest

from lab import HONE, Lab, wait_until

WAITS = 'echo m=0.5; trap "echo ended; exit 1" TERM; while [ ! -e go ]; do sleep 0.02; done'


class Terminal:
    """hone run in a terminal of its own."""

    def __init__(self, lab, *words):
        self.shown = b""
        self.fd, end = pty.openpty()
        env = dict(lab.env, TERM="xterm-256color", LANG="C.UTF-8")
        self.process = subprocess.Popen([HONE, *words], cwd=lab.folder, env=env, stdin=end,
                                        stdout=end, stderr=end, start_new_session=True,
                                        preexec_fn=self.prepare)
        os.close(end)
        os.set_blocking(self.fd, False)

    @staticmethod
    def prepare():
        os.set_blocking(0, True)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored

    def read(self):
        try:
            while block := os.read(self.fd, 65536):
                self.shown += block
        except (BlockingIOError, OSError):
            pass
        return self.shown.decode(errors="replace")

    def sees(self, text):
        wait_until(lambda: text in self.read(), f"{text!r} in {self.shown!r}")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def wait(self):
        wait_until(lambda: (self.read(), self.process.poll() is not None)[1], "the end of hone run")
        self.read()
        return self.process.returncode


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.script(WAITS)
    lab.study(trials=10, parallel=2)
    return lab


def running(lab):
    return lambda: [a["state"] for a in lab.attempts()] == ["running"] * 2


def test_first_ctrl_c_lets_running_trials_finish(lab):
    t = Terminal(lab, "run", "s.yaml")
    wait_until(running(lab), "two trials")
    t.interrupt()
    t.sees("running ones finish")
    lab.write("go", "")
    assert t.wait() == 130
    assert "hone resume s" in t.read()
    assert [x["state"] for x in lab.trials()] == ["completed"] * 2
    assert lab.row()["state"] == "stopped"
    assert "all 10 trials are done" in lab.hone("run", "s.yaml").stdout
    lab.hone("replay", "s")


def test_second_ctrl_c_ends_them_cleanly(lab):
    t = Terminal(lab, "run", "s.yaml")
    wait_until(running(lab), "two trials")
    t.interrupt()
    t.sees("running ones finish")
    t.interrupt()
    assert t.wait() == 130
    assert lab.log("s", 0).endswith("ended\n")
    assert [a["state"] for a in lab.attempts()] == ["cancelled", "waiting"] * 2
    lab.wait_quiet()
    lab.write("go", "")
    lab.hone("resume", "s")
    assert [x["state"] for x in lab.trials()] == ["completed"] * 10
    assert len(lab.attempts()) == 12
    lab.hone("replay", "s")


@pytest.mark.parametrize("how", ["third Ctrl-C", "SIGTERM"])
def test_leaving_at_once_and_picking_up(lab, how):
    lab.script('trap "" TERM; ' + WAITS.replace('trap "echo ended; exit 1" TERM;', ""))
    t = Terminal(lab, "run", "s.yaml")
    wait_until(running(lab), "two trials")
    if how == "SIGTERM":
        t.process.terminate()
    else:
        for text in "running ones finish", "trials are ended":
            t.interrupt()
            t.sees(text)
        t.interrupt()
    assert t.wait() == 130
    assert "hone resume s" in t.read() and "2 trials run on" in t.read()
    assert lab.row()["owner_pid"] == 0
    assert lab.left_behind()
    lab.write("go", "")
    lab.hone("run", "s.yaml")
    assert [x["state"] for x in lab.trials()] == ["completed"] * 10
    lab.wait_quiet()
    lab.hone("replay", "s")


def test_a_closed_terminal_ends_nothing(lab):
    t = Terminal(lab, "run", "s.yaml")
    wait_until(running(lab), "two trials")
    os.close(t.fd)
    t.process.send_signal(signal.SIGHUP)
    lab.write("go", "")
    assert t.process.wait(timeout=60) == 0
    assert [x["state"] for x in lab.trials()] == ["completed"] * 10


def test_the_block_is_drawn_in_place_and_fits(lab):
    t = Terminal(lab, "run", "s.yaml")
    wait_until(running(lab), "two trials")
    t.sees("running")
    lab.write("go", "")
    assert t.wait() == 0
    shown = t.read()
    assert re.search(r"\x1b\[\d+A", shown) and "10 of 10" in shown
    assert not re.search(r"\x1b\[3[0-9]m", shown)  # NO_COLOR
    block = shown[shown.rindex("\x1b["):]
    assert "trial 9 of s" in shown[-2000:] or "best" in block


def test_a_broken_pipe_does_not_end_the_study(lab):
    lab.write("go", "")
    process = lab.start("run", "s.yaml")
    process.stdout.close()
    process.wait(timeout=60)
    assert [x["state"] for x in lab.trials()] == ["completed"] * 10
    process.stderr.close()
