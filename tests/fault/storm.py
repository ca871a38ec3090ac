"""storm.py: a study whose processes are killed at random moments until it has had its kills, and
what must be true of it afterwards.

Killed by SIGKILL: the tuner (which a supervisor starts again), the shim of a trial that runs, and
the PostgreSQL server with all that it started (which is started again). A tuner may also be frozen
(SIGSTOP) until its lease is over and another one has taken the study up, and then go on.

What hone knows is compared with what it does not know of: each attempt writes its beginning and its
end to a proof file and holds a lock of its trial, so that two at the same time would be seen.
"""

import collections
import json
import os
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from lab import Lab, wait_until  # noqa: E402

STEPS = 6
SCRIPT = f"""exec 9>> "lock-$HONE_TRIAL"
flock -n 9 || echo "double $HONE_TRIAL $HONE_ATTEMPT" >> proof
echo "begin $HONE_TRIAL $HONE_ATTEMPT" >> proof
step=$(cat "$HONE_CHECKPOINT_DIR/step" 2>/dev/null || echo 0)
while [ "$step" -lt {STEPS} ]; do
    step=$((step + 1))
    echo "step $step m=0.$step$HONE_TRIAL"
    sleep 0.0$((1 + HONE_TRIAL % 8))
    echo "$step" > "$HONE_CHECKPOINT_DIR/new"
    mv "$HONE_CHECKPOINT_DIR/new" "$HONE_CHECKPOINT_DIR/step"
done
echo "end $HONE_TRIAL $HONE_ATTEMPT" >> proof
"""
EXTRA = "lease: 1s\nstep: 'step ([0-9]+)'\nretries: {lost: 1000}\n"
STRATEGIES = ["random", "sobol", "bayesian", "tpe", "cmaes"]


def processes_of(folder, word):
    """Processes whose command line has the folder and the word."""
    mark, found = str(folder).encode(), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = pathlib.Path("/proc", pid, "cmdline").read_bytes()
        except OSError:
            continue
        if word in line.split(b"\0")[0] and mark in line:
            found.append(int(pid))
    return found


def parent(pid):
    try:
        return int(pathlib.Path("/proc", str(pid), "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


class Storm:
    """One study, `trials` trials long; with a `server` its store is a database there."""

    def __init__(self, folder, seed, trials, server=None):
        self.chance = random.Random(seed)
        self.lab = Lab(folder)
        self.lab.folder.mkdir(exist_ok=True)
        self.trials, self.server = trials, server
        self.store = [] if server is None else ["--store", server.url(f"storm{seed}")]
        self.kills = collections.Counter()
        self.tuners = []
        self.lab.script(SCRIPT)
        self.lab.study(trials=trials, parallel=self.chance.randint(2, 4), extra=EXTRA,
                       strategy=self.chance.choice(STRATEGIES))

    # ---- Tuners ----

    def start_tuner(self):
        log = open(self.lab.folder / "tuners.log", "a")
        tuner = self.lab.start_to(log, "run", "s.yaml", *self.store)
        self.tuners.append(tuner)
        return tuner

    def tuner(self):
        """The one that is at work, or a new one; None: the study has ended."""
        living = [t for t in self.tuners if t.poll() is None]
        if any(t.poll() == 0 for t in self.tuners):
            return None
        self.tuners = living
        return living[-1] if living else self.start_tuner()

    # ---- Kills ----

    def kill_tuner(self):
        for tuner in self.tuners:
            tuner.kill()
            tuner.wait()
        return True

    def kill_shim(self):
        shims = processes_of(self.lab.folder, b"hone-shim")
        # Between vfork() and exec a trial's first process still looks like its shim.
        shims = [pid for pid in shims if parent(pid) not in shims]
        return bool(shims) and kill(self.chance.choice(shims))

    def kill_server(self):
        self.server.kill_and_start()
        return True

    def freeze_tuner(self):
        """It sleeps through its lease, and another one takes the study up."""
        old = self.tuners[-1]
        old.send_signal(signal.SIGSTOP)
        end = time.monotonic() + 20
        try:
            while time.monotonic() < end:
                new = self.start_tuner()
                try:
                    new.wait(timeout=self.chance.uniform(0.2, 0.6))
                except Exception:
                    break  # it drives the study, or soon will
                if new.returncode == 0:
                    return False
        finally:
            old.send_signal(signal.SIGCONT)
        return True

    def strike(self, what):
        if what(self):
            self.kills[what.__name__.replace("_", " ")] += 1

    def rage(self, wanted, kinds):
        """Until it has had `wanted` kills or the study has ended."""
        while sum(self.kills.values()) < wanted and self.tuner() is not None:
            time.sleep(self.chance.choice([0.02, 0.1, 0.3, 0.7]) * self.chance.random())
            if self.tuner() is not None:
                self.strike(self.chance.choice(kinds))

    def finish(self):
        wait_until(lambda: self.tuner() is None, "the end of the study", 300)
        for tuner in self.tuners:
            tuner.wait(timeout=60)
        if self.store:
            self.lab.hone("copy", "s", *self.store, "--to", "sqlite:.hone/hone.db")
        self.lab.wait_quiet()

    # ---- What must be true ----

    def check(self):
        lab, trials = self.lab, range(self.trials)
        proof = collections.Counter(
            (word, int(trial), int(attempt))
            for word, trial, attempt in map(str.split,
                                            (lab.folder / "proof").read_text().splitlines()))
        assert not [line for line in proof if line[0] == "double"], "run twice at the same time"
        assert set(proof.values()) == {1}, "an attempt ran twice"

        attempts = lab.attempts()
        by_trial = collections.defaultdict(list)
        for a in attempts:
            by_trial[a["trial"]].append(a)
        states = collections.Counter(a["state"] for a in attempts)
        assert [t["state"] for t in lab.trials()] == ["completed"] * self.trials
        assert set(states) <= {"succeeded", "lost"}, states
        for trial in trials:
            mine = by_trial[trial]
            assert [a["number"] for a in mine] == list(range(1, len(mine) + 1))
            assert [a["state"] for a in mine] == ["lost"] * (len(mine) - 1) + ["succeeded"], mine
            assert ("end", trial, len(mine)) in proof, "completed, and never came to its end"
        assert {(t, a) for _, t, a in proof} <= {(a["trial"], a["number"]) for a in attempts}

        self.check_values(attempts)
        self.check_events()
        lab.hone("replay", "s")
        assert lab.row()["state"] == "finished" and not lab.left_behind()
        return {"kills": self.kills, "trials": self.trials, "attempts": len(attempts),
                "lost": states["lost"], "values": sum(len(v) for v in lab.values().values()),
                "tuners": len(lab.events(kind="taken"))}

    def check_values(self, attempts):
        """Each printed line was counted once, and of each step one value is left."""
        values = self.lab.values()
        for a in attempts:
            path = self.lab.folder / (f".hone/studies/s/trial-{a['trial']:04d}/"
                                      f"attempt-{a['number']}/log")
            lines = path.read_text().split("\n")[:-1] if path.exists() else []
            words = [line.split() for line in lines if line.startswith("step ")]
            printed = [(float(w[1]), float(w[2][2:])) for w in words]
            found = [v[1:] for v in values.get(a["trial"], []) if v[0] == a["number"]]
            assert found == printed, (a["trial"], a["number"], found, printed)
        for trial in range(self.trials):
            shown = json.loads(self.lab.hone("show", "s", str(trial), "--json").stdout)
            assert [step for step, _ in shown["curve"]] == list(range(1, STEPS + 1)), trial

    def check_events(self):
        """One ask and one tell a trial; and never wrote a tuner after the next one had begun."""
        for kind in "ask", "tell":
            told = collections.Counter(e["trial"] for e in self.lab.events(kind=kind))
            assert told == {trial: 1 for trial in range(self.trials)}, kind
        events = self.lab.events()
        assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
        epochs = [e["epoch"] for e in events]
        assert epochs == sorted(epochs), "two tuners wrote at the same time"
        taken = [e["epoch"] for e in events if e["kind"] == "taken"]
        assert taken == sorted(set(taken)), "a study was taken up twice in one epoch"


KINDS = [Storm.kill_tuner, Storm.kill_tuner, Storm.kill_shim, Storm.kill_shim,
         Storm.freeze_tuner]


def storm(folder, seed, kills, trials, server=None, kinds=None):
    """A storm from its beginning to its checks: what was counted."""
    kinds = kinds or KINDS + ([Storm.kill_server, Storm.kill_server] if server else [])
    one = Storm(folder, seed, trials, server)
    try:
        one.rage(kills, kinds)
        one.finish()
        return one.check()
    finally:
        for tuner in one.tuners:
            if tuner.poll() is None:
                tuner.kill()
                tuner.wait()
