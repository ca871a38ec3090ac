"""Trials as jobs of a real Slurm cluster: two nodes on the loopback, started here.

Needs root and Debian's slurmctld, slurmd, slurm-client and munge; skipped, with a word, without.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from lab import Lab, wait_until  # noqa: E402

HERE = pathlib.Path(__file__).parent
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
NEEDS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel"]
MISSING = [name for name in NEEDS if not shutil.which(name, path=PATH)]
pytestmark = pytest.mark.skipif(
    bool(MISSING) or os.geteuid() != 0,
    reason=f"SLURM IS NOT TESTED: missing {MISSING}, or not root")

# Counts on from its checkpoint; each step leaves a line, so that one done twice would show.
COUNTS = """at=0
[ ! -f $HONE_CHECKPOINT_DIR/at ] || at=$(cat $HONE_CHECKPOINT_DIR/at)
trap 'exit 0' TERM
while [ $at -lt ${STEPS:-20} ]; do
  at=$((at + 1))
  echo "step $at m=$at"
  echo $at >$HONE_CHECKPOINT_DIR/new
  mv $HONE_CHECKPOINT_DIR/new $HONE_CHECKPOINT_DIR/at
  sleep ${PAUSE:-0.1}
done
"""


def free_ports(n):
    """The first of n ports in a row of which nobody listens to one."""
    for first in range(21000 + os.getpid() % 5000, 60000, n):
        taken = [s for s in map(lambda port: socket.socket().connect_ex(("127.0.0.1", port)),
                                range(first, first + n)) if s == 0]
        if not taken:
            return first
    raise AssertionError("no free ports")


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        self.env = dict(os.environ, PATH=PATH, SLURM_CONF=str(folder / "slurm.conf"))
        up = subprocess.run([HERE / "slurm-up.sh", folder, "2", "4", "2", str(free_ports(3))],
                            env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True, timeout=60)
        assert up.returncode == 0, up.stderr

    def down(self):
        subprocess.run([HERE / "slurm-down.sh", self.folder], env=self.env, timeout=120,
                       stdout=subprocess.DEVNULL)

    def run(self, *words):
        return subprocess.run(words, env=self.env, capture_output=True, text=True,
                              timeout=60).stdout

    def jobs(self, states="R"):
        """{job id: (name, state)} of trials."""
        lines = self.run("squeue", "-ah", "-t", states, "-o", "%i %j %T").splitlines()
        return {words[0]: tuple(words[1:]) for words in map(str.split, lines)
                if words[1].startswith("hone-")}

    def pid(self, name):
        return int((self.folder / "pids" / name).read_text())

    def kill(self, name):
        os.kill(self.pid(name), signal.SIGKILL)
        wait_until(lambda: not is_alive(self.pid(name)), f"{name} is gone")

    def start(self, name):
        words = ["slurmctld", "-D"] if name == "slurmctld" else ["slurmd", "-D", "-N", name[7:]]
        with open(self.folder / "log" / f"{name}.out", "a") as out:
            process = subprocess.Popen([*words, "-f", self.env["SLURM_CONF"]], env=self.env,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       start_new_session=True)
        (self.folder / "pids" / name).write_text(f"{process.pid}\n")


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    yield cluster
    cluster.down()


def all_idle(cluster):
    states = cluster.run("sinfo", "-h", "-N", "-p", "spot", "-o", "%N %t").split()[1::2]
    if set(states) != {"idle"}:
        cluster.run("scontrol", "update", "nodename=n1,n2", "state=resume")
    return states == ["idle", "idle"]


@pytest.fixture
def lab(tmp_path, cluster):
    wait_until(lambda: all_idle(cluster), "both nodes are idle")
    lab = Lab(tmp_path)
    lab.env.update(SLURM_CONF=cluster.env["SLURM_CONF"], PATH=PATH)
    lab.script(COUNTS)
    yield lab
    cluster.run("scancel", "--quiet", *(cluster.jobs("PD,R,CG") or ["0"]))
    wait_until(lambda: not cluster.jobs("PD,R,CG"), "no job of the test is left")


ON_DEMAND = "executor: {slurm: {partition: ondemand}}\nstep: 'step ([0-9]+)'\n"


def steps(lab, trial):
    return [step for _, step, _ in lab.values()[trial]]


def ended(lab, attempt):
    """Wait for the end of attempt (trial, number); its row."""
    def found():
        rows = [a for a in lab.attempts() if (a["trial"], a["number"]) == attempt]
        return rows and rows[0]["state"] not in ("waiting", "running") and rows[0]
    return wait_until(found, f"the end of attempt {attempt}", 90)


def runs(lab, steps_done=3):
    wait_until(lambda: len(lab.values().get(0, [])) >= steps_done, "trial 0 prints")


def finish(process, status=0):
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, (out, err)


def test_a_study_runs_and_a_large_environment_arrives(lab, cluster):
    lab.script('echo "m=$SM_HP_X on=$SLURMD_NODENAME big=${#BIG} got=$(printf %s "$1$2" | wc -c)"\n'
               'test -z "$SLURM_SECRET"\n')
    lab.study(trials=6, parallel=3, extra=ON_DEMAND.split("step:")[0])
    lab.hone("run", "s.yaml", env={"BIG": "x" * 100000, "SLURM_SECRET": "1"})
    assert [t["state"] for t in lab.trials()] == ["completed"] * 6
    assert {a["node"] for a in lab.attempts()} <= {"n1", "n2"}
    assert "big=100000" in lab.log("s", 5)


def test_more_than_fits_waits_and_runs_later(lab, cluster):
    lab.study(trials=3, parallel=3, extra=ON_DEMAND + "slots: {cpus: 4}\nenv: {STEPS: 10}\n")
    process = lab.start("run", "s.yaml")
    wait_until(lambda: cluster.jobs("PD"), "a job waits")
    wait_until(lambda: "waiting" in lab.hone("status", "s").stdout, "status says so")
    finish(process)
    assert [t["state"] for t in lab.trials()] == ["completed"] * 3


def test_a_wrong_partition_is_said(lab):
    lab.study(extra="executor: {slurm: {partition: nowhere}}\n")
    failed = lab.hone("run", "s.yaml", status=2)
    assert "nvalid partition" in failed.stderr


def test_cancelled_by_others_and_stopped_by_us(lab, cluster):
    lab.study(trials=2, parallel=2, extra=ON_DEMAND + "env: {STEPS: 1000}\n")
    process = lab.start("run", "s.yaml")
    runs(lab)
    job = next(i for i, (name, _) in cluster.jobs().items() if name.endswith("-0-1"))
    cluster.run("scancel", job)
    row = ended(lab, (0, 1))
    assert row["state"] == "cancelled" and "by somebody else" in row["reason"]
    lab.hone("stop", "s", "--now")
    finish(process, status=1)  # nothing completed
    assert lab.trials()[0]["state"] == "cancelled"
    assert ended(lab, (1, 1))["reason"] == "ended with the study's stop"


def test_a_killed_tuner_loses_nothing(lab, cluster):
    lab.study(trials=2, parallel=2, extra=ON_DEMAND)
    process = lab.start("run", "s.yaml")
    runs(lab)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    lab.hone("run", "s.yaml")
    assert [len(steps(lab, trial)) for trial in (0, 1)] == [20, 20]
    assert [a["state"] for a in lab.attempts()] == ["succeeded"] * 2


def test_a_killed_shim_is_lost_and_tried_again(lab, cluster):
    lab.study(trials=1, parallel=1, extra=ON_DEMAND + "env: {STEPS: 60}\n")
    process = lab.start("run", "s.yaml")
    runs(lab)
    claim = (lab.folder / ".hone/studies/s/trial-0000/attempt-1/claim").read_text()
    os.kill(int(claim.split("shim=")[1].split()[0]), signal.SIGKILL)
    finish(process)
    first, second = lab.attempts()
    assert (first["state"], second["state"]) == ("lost", "succeeded")
    assert set(steps(lab, 0)) == {float(i) for i in range(1, 61)}


def test_killed_daemons_are_waited_for(lab, cluster):
    lab.study(trials=3, parallel=2, extra=ON_DEMAND + "env: {STEPS: 40}\n")
    process = lab.start("run", "s.yaml")
    runs(lab)
    for name in "slurmd-n1", "slurmd-n2", "slurmctld":
        cluster.kill(name)
    wait_until(lambda: sum(t["state"] == "completed" for t in lab.trials()) == 2,
               "what runs goes on, and ends")
    for name in "slurmctld", "slurmd-n1", "slurmd-n2":
        cluster.start(name)
    finish(process)
    assert [t["state"] for t in lab.trials()] == ["completed"] * 3
    assert [a["state"] for a in lab.attempts()] == ["succeeded"] * 3
    assert all(len(steps(lab, i)) == 40 for i in range(3))


def test_a_failed_node_is_lost_and_tried_again(lab, cluster):
    lab.study(trials=1, parallel=1, extra=ON_DEMAND + "env: {STEPS: 60}\n")
    process = lab.start("run", "s.yaml")
    runs(lab)
    node = lab.attempts()[0]["node"]
    cluster.run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    row = ended(lab, (0, 1))

    def is_back():
        cluster.run("scontrol", "update", f"nodename={node}", "state=resume")
        return "down" not in cluster.run("sinfo", "-h", "-N", "-n", node, "-o", "%t")
    wait_until(is_back, "the node is back")
    assert row["state"] == "lost" and "NODE_FAIL" in row["reason"], row
    finish(process)
    assert lab.attempts()[1]["state"] == "succeeded"


def test_preempted_goes_on_from_its_checkpoint(lab, cluster):
    lab.study(trials=1, parallel=1, extra=(
        "executor: {slurm: {partition: ondemand, spot_partition: spot}}\nspot: true\n"
        "price_per_hour: {on_demand: 2, spot: 1}\n"
        "step: 'step ([0-9]+)'\nenv: {STEPS: 300}\n"))
    process = lab.start("run", "s.yaml")
    runs(lab)
    lines = cluster.run("sbatch", "--parsable", "-p", "ondemand", "-N", "2", "--exclusive",
                        "-o", "/dev/null", "--wrap", "sleep 1")
    row = ended(lab, (0, 1))
    nodes = cluster.run("sinfo", "-N", "-l") + cluster.run("squeue", "-a", "-t", "all")
    assert row["state"] == "preempted", (lines, nodes)
    finish(process)
    second = lab.attempts()[1]
    assert (second["state"], second["spot"]) == ("succeeded", 1)
    assert set(steps(lab, 0)) == {float(i) for i in range(1, 301)}
    log = lab.log("s", 0, 2)
    assert "step 1 " not in log


def test_calls_are_bounded(lab, cluster):
    """squeue at most every 2 s, one sbatch an attempt."""
    tools = lab.folder / "tools"
    tools.mkdir()
    for name in "squeue", "sbatch", "scancel":
        real = shutil.which(name, path=PATH)
        path = tools / name
        path.write_text(f"#!/bin/sh\necho {name} >>{lab.folder}/calls\nexec {real} \"$@\"\n")
        path.chmod(0o755)
    lab.env["PATH"] = f"{tools}:{PATH}"
    lab.study(trials=12, parallel=6, extra=ON_DEMAND + "env: {STEPS: 10}\n")
    began = time.monotonic()
    lab.hone("run", "s.yaml")
    took = time.monotonic() - began
    calls = (lab.folder / "calls").read_text().split()
    assert calls.count("sbatch") == 12
    assert calls.count("squeue") <= took / 2 + 1
    assert calls.count("scancel") == 0


def test_a_requeued_tuner_takes_its_study_up(lab, cluster):
    """Its job is requeued: the tuner gets SIGTERM, the trials run on, its next run finds them."""
    lab.study(trials=3, parallel=2, extra=ON_DEMAND + "env: {STEPS: 60}\n")
    env = dict(lab.env, HONE=os.environ["HONE"])
    words = ["sbatch", "--parsable", "-p", "ondemand", "--requeue", "-o", "tuner.out",
             "--open-mode=append", "--wrap", "exec $HONE run s.yaml"]
    job = subprocess.run(words, cwd=lab.folder, env=env, capture_output=True,
                         text=True).stdout.strip()
    runs(lab)
    cluster.run("scontrol", "requeue", job)
    wait_until(lambda: len(lab.events(kind="taken")) == 2, "it is taken up", 90)
    wait_until(lambda: lab.row()["ended_at"], "the study ends", 90)
    assert [t["state"] for t in lab.trials()] == ["completed"] * 3
    assert [a["state"] for a in lab.attempts()] == ["succeeded"] * 3


# ---- The tutorials, as they are written ----

def follow(lab, page):
    """Write the page's files, run its commands; what they say."""
    text = (HERE.parent.parent / "docs/tutorial" / page).read_text()
    for kind, name in ("yaml", "study.yaml"), ("sh", "train.sh"):
        body = re.search(rf"```{kind}\n# {name}\n(.*?)```", text, re.S).group(1)
        lab.write(name, body if kind == "yaml" else "#!/bin/sh\n" + body, 0o755)
    commands = re.search(r"```console\n(.*?)```", text, re.S).group(1).splitlines()
    return [command.removeprefix("$ hone ").split() for command in commands]


def test_the_tutorial_of_slurm(lab, cluster):
    run, trials, logs = follow(lab, "slurm.md")
    lab.hone(*run)
    assert lab.hone(*trials).stdout.count("completed") == 6
    assert "on n" in lab.hone(*logs).stdout


def test_the_tutorial_of_spot(lab, cluster):
    run, show = follow(lab, "spot.md")
    process = lab.start(*run)
    wait_until(lambda: len(lab.values("digits", "accuracy").get(0, [])) > 3, "trial 0 prints")
    cluster.run("sbatch", "-p", "ondemand", "-N", "2", "--exclusive", "-o", "/dev/null",
                "--wrap", "sleep 1")
    finish(process)
    shown = lab.hone(*show).stdout
    assert "preempted" in shown and "succeeded" in shown
    assert "300" in lab.log("digits", 0, 2)
