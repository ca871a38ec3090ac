"""Commands that read a study, on a store with everything that a reader may meet (fill_store.c).

What they print is compared with tests/data/readers; HONE_WRITE_EXPECTED=1 writes it anew, to be
looked at before it is committed.
"""

import csv
import io
import json
import os
import pathlib
import pty
import re
import subprocess

import pytest

from lab import HONE, Lab, wait_until

SOURCE = pathlib.Path(os.environ["HONE_SOURCE"])
FILL = pathlib.Path(os.environ["HONE_BUILD"]) / "tests/cli/fill_store"
EXPECTED = SOURCE / "tests/data/readers"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("readers"))
    subprocess.run([FILL, ".hone/hone.db"], cwd=lab.folder, check=True)
    return lab


def commands():
    """Names of all commands, from the table that the program is made from."""
    table = (SOURCE / "tuner/cli/commands.def").read_text()
    return re.findall(r'^COMMAND\(\w+, "([a-z-]+)', table, re.M)


# ---- For people ----

SHOWN = {
    "list-80": ["list"],
    "status-60": ["status", "seg"], "status-80": ["status", "seg"], "status-120": ["status", "seg"],
    "trials-60": ["trials", "seg"], "trials-80": ["trials", "seg"], "trials-120": ["trials", "seg"],
    "trials-by-value-120": ["trials", "seg", "--sort", "value"],
    "trials-by-lr-falling-120": ["trials", "seg", "--sort", "-lr"],
    "trials-where-120": ["trials", "seg", "--where", "state == 'completed' and lr < 1e-3"],
    "show-1-80": ["show", "seg", "1"], "show-2-80": ["show", "seg", "2"],
    "show-3-80": ["show", "seg", "3"], "show-4-80": ["show", "seg", "4"],
    "show-5-60": ["show", "seg", "5"], "show-6-120": ["show", "seg", "6"],
    "best-80": ["best", "seg"], "best-yaml-80": ["best", "seg", "--format", "yaml"],
    "best-env-80": ["best", "seg", "--format", "env"],
    "best-command-80": ["best", "seg", "--format", "command"],
    "trace-80": ["export", "seg", "--format", "trace"],
    "export-80": ["export", "seg"], "observations-80": ["export", "seg", "--observations"],
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_printed(lab, name):
    columns = int(name.split("-")[-1])
    done = lab.hone(*SHOWN[name], env={"COLUMNS": str(columns)})
    assert done.stderr == "" and not CONTROL.search(done.stdout)
    for line in done.stdout.splitlines():
        # What is one thing is never broken: a command, a row of CSV.
        assert len(line) <= columns or line.startswith("python3 ") or "export" in SHOWN[name], line
    path = EXPECTED / f"{name}.txt"
    if os.environ.get("HONE_WRITE_EXPECTED"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(done.stdout)
    assert done.stdout == path.read_text(), name


def on_a_terminal(lab, *words):
    """What a command writes to a terminal, and its exit status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(lab.folder)
        env = {**lab.env, "TERM": "xterm", "NO_COLOR": ""}
        os.execve(HONE, [HONE, *words], env)
    out = b""
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        out += block
    os.close(terminal)
    return out.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_colours_are_for_terminals_only(lab):
    out, status = on_a_terminal(lab, "trials", "seg")
    assert status == 0 and "\x1b[31m" in out and "\x1b[0m" in out
    out, _ = on_a_terminal(lab, "trials", "seg", "--no-color")
    assert "\x1b" not in out
    assert "\x1b" not in lab.hone("trials", "seg", env={"NO_COLOR": ""}).stdout


def test_a_scripts_output_cannot_command_the_terminal(lab):
    out, _ = on_a_terminal(lab, "show", "seg", "3", "--no-color")
    assert r"\x1b]0;title\x07" in out and "\x1b" not in out and "\x07" not in out


LOG = b"epoch 1\r 10%\r 20%\r\n\x1b[2Jcleared \xff\xfe \xe2\x82\xac \x9b\x07\nno newline"


@pytest.fixture
def logged(lab):
    folder = lab.folder / ".hone/studies/seg/trial-0004/attempt-2"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log").write_bytes(LOG)
    return folder / "log"


def test_logs_are_raw_in_a_pipe(lab, logged):
    done = subprocess.run([HONE, "logs", "seg", "4"], cwd=lab.folder, env=lab.env,
                          capture_output=True, check=True)
    assert done.stdout == LOG


def test_logs_are_escaped_on_a_terminal(lab, logged):
    out, status = on_a_terminal(lab, "logs", "seg", "4")
    assert status == 0
    assert out.replace("\r\n", "\n") == ("epoch 1\n 10%\n 20%\n\\x1b[2Jcleared \ufffd\ufffd € "
                                         "\ufffd\\x07\nno newline")


def test_logs_escape_characters_across_blocks(lab, logged):
    logged.write_bytes(b"x" * 65535 + "€\r\n".encode() + b"x" * 65531 + b"\r\ny")
    out, _ = on_a_terminal(lab, "logs", "seg", "4")
    lines = out.replace("\r\n", "\n").split("\n")
    assert [len(line) for line in lines] == [65536, 65531, 1] and lines[0][-1] == "€"


def test_logs_of_another_attempt(lab):
    folder = lab.folder / ".hone/studies/seg/trial-0004/attempt-1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log").write_text("first\n")
    assert lab.hone("logs", "seg", "4", "--attempt", "1").stdout == "first\n"
    assert "has 2 attempts" in lab.hone("logs", "seg", "4", "--attempt", "3", status=2).stderr
    assert "has no log" in lab.hone("logs", "seg", "0", status=1).stderr
    assert "no attempt of a trial 99" in lab.hone("logs", "seg", "99", status=2).stderr


def test_logs_follow_until_the_attempt_ends(tmp_path):
    lab = Lab(tmp_path)
    lab.script("echo begun\nwhile [ ! -e go ]; do sleep 0.02; done\necho m=1\n")
    lab.study(trials=1, extra="workdir: .\n")
    run = lab.start("run", "s.yaml")
    wait_until(lambda: [a for a in lab.attempts() if a["state"] == "running"], "no attempt runs")
    follow = lab.start("logs", "s", "0", "-f")
    assert follow.stdout.readline() == "begun\n"
    lab.write("go", "")
    assert follow.communicate(timeout=60) == ("m=1\n", "") and follow.returncode == 0
    run.communicate(timeout=60)


def test_logs_follow_ends_without_a_tuner(lab, logged):
    folder = lab.folder / ".hone/studies/seg/trial-0006/attempt-1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log").write_text("all there is\n")
    follow = lab.start("logs", "seg", "6", "-f")
    assert follow.stdout.readline() == "all there is\n"
    (folder / "exit").write_text("")
    assert follow.communicate(timeout=60) == ("", "") and follow.returncode == 0


def test_watch_prints_each_state_until_the_study_ends(tmp_path):
    lab = Lab(tmp_path)
    lab.script("while [ ! -e go ]; do sleep 0.02; done\necho m=1\n")
    lab.study(trials=1, extra="workdir: .\n")
    run = lab.start("run", "s.yaml")
    wait_until(lambda: [a for a in lab.attempts() if a["state"] == "running"], "no attempt runs")
    watch = lab.start("status", "s", "--watch", "--json")
    first = json.loads(watch.stdout.readline())
    assert first["state"] == "running" and first["counts"]["running"] == 1
    lab.write("go", "")
    out, err = watch.communicate(timeout=60)
    last = json.loads(out.splitlines()[-1])
    assert last["state"] == "finished" and last["counts"]["completed"] == 1 and err == ""
    run.communicate(timeout=60)


# ---- For programs ----

STATUS = {
    "study": "seg", "state": "interrupted", "reason": None, "seed": 7, "strategy": "auto",
    "goal": ["maximize"], "objectives": ["val:dice"],
    "counts": {"waiting": 0, "running": 1, "completed": 3, "stopped": 1, "failed": 1,
               "cancelled": 1},
    "max_trials": 20, "max_parallel": 4,
    "best": {"trial": 1, "values": [0.9123456789012345],
             "params": {"lr": 0.000234, "batch_size": 4, "use_dropout": "True", "dropout": 0.25},
             "confirmed": False},
    "started_at": "2023-11-14T22:13:20.000Z", "ended_at": None, "elapsed_s": 340.5,
    # 100 + 140 + 30 + 10 + (50 + 100) + 20 s, and 60 s of the running one until the lease ended
    "trial_s": 510, "speedup": 510 / 340.5,
    "ask_ms": {"median": 1.9, "p95": 4.2},
}


def test_status_is_the_contracts(lab):
    status = json.loads(lab.hone("status", "seg", "--json").stdout)
    cost = status.pop("cost")
    assert list(status) == [key for key in STATUS] and status == STATUS
    on_demand, spot = 1.41 / 3600, 0.42 / 3600
    spent = (510 - 140) * on_demand + 140 * spot
    full = 140  # the median of 100, 140 and 150 s
    ended = (510 - 60) / 6
    assert cost["currency"] == "USD"
    assert cost["spent"] == pytest.approx(spent)
    assert cost["forecast"] == pytest.approx(spent + (13 * ended + ended - 60) * on_demand)
    assert cost["saved"]["spot"] == pytest.approx(140 * (on_demand - spot))
    assert cost["saved"]["early_stopping"] == pytest.approx((full - 30) * on_demand)


def test_list_is_an_array_of_them(lab):
    listed = json.loads(lab.hone("list", "--json").stdout)
    assert listed == [json.loads(lab.hone("status", "seg", "--json").stdout)]


TRIAL = {
    "trial": 1, "origin": "search", "state": "completed",
    "params": {"lr": 0.000234, "batch_size": 4, "use_dropout": "True", "dropout": 0.25},
    "values": [0.9123456789012345],
    "metrics": {"val:dice": {"last": 0.9123456789012345, "best": 0.9131, "n": 4},
                "train:loss": {"last": 1 - 0.9123456789012345, "best": None, "n": 4}},
    "why": "space filling", "stop_reason": None, "started_at": "2023-11-14T22:13:20.000Z",
    "ended_at": "2023-11-14T22:15:40.000Z", "cost": 140 * 0.42 / 3600,
    "attempts": [{"attempt": 1, "state": "succeeded", "node": "vm",
                  "started_at": "2023-11-14T22:13:20.000Z",
                  "ended_at": "2023-11-14T22:15:40.000Z", "exit": 0, "spot": True}],
}


def test_export_is_the_contracts(lab):
    trials = json.loads(lab.hone("export", "seg", "--format", "json").stdout)
    assert [t["trial"] for t in trials] == list(range(7))
    assert list(trials[1]) == list(TRIAL) and trials[1] == TRIAL
    assert "dropout" not in trials[0]["params"]
    assert trials[2]["stop_reason"].startswith("0.31 at step 4")
    assert trials[5]["metrics"]["train:loss"] == {"last": "NaN", "best": None, "n": 1}
    assert trials[3]["values"] is None and trials[3]["attempts"][0]["signal"] == 11
    lines = lab.hone("export", "seg", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == trials
    assert json.loads(lab.hone("trials", "seg", "--json").stdout) == trials


def test_show_has_curve_and_log(lab):
    shown = json.loads(lab.hone("show", "seg", "1", "--json").stdout)
    curve, tail = shown.pop("curve"), shown.pop("log_tail")
    assert shown == TRIAL and tail is None
    assert curve == [[2, 0.4], [4, 0.71], [6, 0.9131], [8, 0.9123456789012345]]
    failed = json.loads(lab.hone("show", "seg", "3", "--json").stdout)
    assert failed["log_tail"].endswith("last line\n") and failed["curve"] == []


def test_best_is_the_contracts(lab):
    best = json.loads(lab.hone("best", "seg", "--json").stdout)
    assert best == {"trial": 1, "values": [0.9123456789012345], "params": TRIAL["params"],
                    "confirmed": False, "mean": None, "interval": None,
                    "command": "python3 train.py --epochs 10 --lr 0.000234 --batch_size 4 "
                               "--use_dropout True --dropout 0.25"}


def test_filter_and_order_of_trials(lab):
    def numbers(*words):
        return [t["trial"] for t in json.loads(lab.hone("trials", "seg", "--json", *words).stdout)]

    assert numbers("--sort", "value") == [1, 4, 0, 2, 3, 5, 6]  # what has none comes last
    assert numbers("--sort", "-value") == [0, 4, 1, 2, 3, 5, 6]
    assert numbers("--sort", "lr")[:2] == [1, 6]
    assert numbers("--sort", "use_dropout")[:4] == [0, 3, 4, 5]
    assert numbers("--where", "dropout > 0.2") == [1, 2]
    assert numbers("--where", "not dropout > 0.2") == [0, 3, 4, 5, 6]
    assert numbers("--where", "`val:dice` >= 0.9 and seconds < 145") == [1]
    assert numbers("--where", "origin == 'start' or attempts > 1") == [0, 4]
    assert numbers("--where", "state == 'nonsense'") == []


# ---- Import ----

STUDY = """\
study: copy
command: python3 train.py --epochs 10
objective: {metric: 'val:dice', goal: maximize}
metrics: {'val:dice': 'val:dice=([0-9.]+)', 'train:loss': 'train:loss=([0-9.]+)'}
parameters:
  lr: {type: float, min: 1.0e-5, max: 1.0e-1, scale: log}
  batch_size: {type: choice, values: [1, 2, 4]}
  use_dropout: {type: choice, values: ['True', 'False']}
  dropout: {type: float, min: 0.1, max: 0.5, when: {use_dropout: 'True'}}
"""


@pytest.fixture
def empty(tmp_path):
    empty = Lab(tmp_path)
    empty.write("study.yaml", STUDY)
    return empty


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_comes_back_as_it_was(lab, empty):
    exported = lab.hone("export", "seg").stdout
    empty.write("old.csv", exported)
    done = empty.hone("import", "study.yaml", "old.csv")
    assert done.stdout == ("imported 5 trials into copy; left out 2 that were running, cancelled "
                           "or without a value\n")
    before = [r for r in rows(exported) if r["state"] not in ("running", "cancelled")]
    after = rows(empty.hone("export", "copy").stdout)
    for row in before:
        row["cost"] = ""  # somebody else's money
    assert after == before


def test_json_comes_back_as_it_was(lab, empty):
    before = [t for t in json.loads(lab.hone("export", "seg", "--json").stdout)
              if t["state"] not in ("running", "cancelled")]
    for form in ("json", "jsonl"):
        empty.write(f"old.{form}", lab.hone("export", "seg", "--format", form).stdout)
    empty.hone("import", "study.yaml", "old.json")
    again = empty.hone("import", "copy", "old.jsonl")
    assert again.stdout == ("imported 0 trials into copy; 5 were there already; left out 2 "
                            "that were running, cancelled or without a value\n")
    after = json.loads(empty.hone("export", "copy", "--json").stdout)
    assert [t["trial"] for t in after] == list(range(5))
    for old, new in zip(before, after):
        assert new["origin"] == "imported" and new["cost"] is None
        for key in ("state", "params", "values", "why", "stop_reason", "started_at", "ended_at",
                    "attempts"):
            assert new[key] == old[key], key
        for metric, summary in old["metrics"].items():
            assert new["metrics"][metric]["last"] == summary["last"]
            assert new["metrics"][metric]["best"] == summary["best"]
    counts = json.loads(empty.hone("status", "copy", "--json").stdout)
    assert sum(counts["counts"].values()) == 0 and counts["best"]["trial"] == 1
    assert counts["trial_s"] == 0 and counts["state"] == "interrupted"


def test_the_search_knows_what_was_imported(lab, empty):
    empty.script("echo val:dice=0.5 train:loss=1\n")
    empty.write("study.yaml", STUDY.replace("python3 train.py --epochs 10", "./train.sh") +
                "max_trials: 3\nseed: 1\nearly_stopping: median\n")
    empty.write("old.csv", lab.hone("export", "seg").stdout)
    empty.hone("import", "study.yaml", "old.csv")
    empty.hone("run", "study.yaml")
    exported = json.loads(empty.hone("export", "copy", "--json").stdout)
    assert [t["origin"] for t in exported] == ["imported"] * 5 + ["search"] * 3
    best = json.loads(empty.hone("best", "copy", "--json").stdout)
    assert best["trial"] == 1
    assert "3 proposals" in empty.hone("replay", "copy").stdout


def test_few_columns_are_enough(empty):
    empty.write("few.csv", "lr,batch_size,use_dropout,val:dice,notes\r\n"
                           "0.01,4,False,0.5,\"a, \"\"b\"\"\nc\"\r\n\r\n0.02,2,False,0.25,\r\n")
    done = empty.hone("import", "study.yaml", "few.csv")
    assert "not used" in done.stderr and "notes" in done.stderr
    trials = json.loads(empty.hone("export", "copy", "--json").stdout)
    assert [t["params"] for t in trials] == [
        {"lr": 0.01, "batch_size": 4, "use_dropout": "False"},
        {"lr": 0.02, "batch_size": 2, "use_dropout": "False"}]
    assert [t["values"] for t in trials] == [[0.5], [0.25]]


GOOD = "lr,batch_size,use_dropout,dropout,state,val:dice\n0.01,4,False,,completed,0.5\n"
WRONG_FILES = [
    ("", "x:1: the file is empty"),
    ("lr,lr\n", 'x:1: column "lr" is there twice'),
    (GOOD + "0.01,4\n", "x:3: 2 fields, the first line has 6"),
    (GOOD + "0.01,\"4\n", "x:3: a quote is not closed"),
    (GOOD + "\"0.01\"x,4,False,,completed,1\n", "x:3: text after a closing quote"),
    (GOOD + "0.01,5,False,,completed,1\n",
     'x:3: parameter "batch_size": its value is none of the parameter\'s'),
    (GOOD + "1,4,False,,completed,1\n", 'x:3: parameter "lr"'),
    (GOOD + "0.01,4,True,,completed,1\n", 'x:3: parameter "dropout"'),
    (GOOD + "0.01,4,False,,done,1\n",
     'x:3: state "done": one of completed, stopped, failed, running, cancelled'),
    (GOOD + "0.01,4,False,,completed,\n",
     'x:3: objective "val:dice": a completed trial needs a finite value'),
    (GOOD + "0.01,4,False,,completed,nan\n",
     'x:3: objective "val:dice": a completed trial needs a finite value'),
    ('[{"params": 3}]', 'x: trial 0: "params" is missing'),
    ('[1]', "x: trial 0: a trial is a JSON object"),
    ('[{"params": {"nope": 3}}]', 'x: trial 0: parameter "nope": the study has none of this name'),
    ('{"params": {"lr": 1}\n', "x:1: "),
    ('[{"params": {"lr": 0.1, "batch_size": 4, "use_dropout": "False"}, "values": [1], '
     '"ended_at": "yesterday"}]',
     'x: trial 0: ended_at "yesterday": a time is like 2026-11-24T10:00:00Z'),
]


@pytest.mark.parametrize("text, error", WRONG_FILES)
def test_a_wrong_file_adds_nothing_and_says_where(empty, text, error):
    empty.write("x", text)
    done = empty.hone("import", "study.yaml", "x", status=2)
    assert done.stderr.startswith(f"hone: {error}") and done.stderr.count("\n") == 1
    assert empty.rows("SELECT 1 FROM trial") == []


def test_nothing_to_import_is_said(empty):
    empty.write("x.csv", "lr,batch_size,use_dropout,state\n0.01,4,False,running\n")
    done = empty.hone("import", "study.yaml", "x.csv", status=1)
    assert done.stderr == "hone: x.csv has no trial that could be imported\n"


def test_a_study_that_runs_is_not_imported_into(tmp_path):
    lab = Lab(tmp_path)
    lab.script("while [ ! -e go ]; do sleep 0.02; done\necho m=1\n")
    lab.study(trials=1, extra="workdir: .\n")
    run = lab.start("run", "s.yaml")
    wait_until(lambda: [a for a in lab.attempts() if a["state"] == "running"], "no attempt runs")
    lab.write("x.csv", "x,m\n0.5,1\n")
    done = lab.hone("import", "s", "x.csv", status=3)
    assert "is driven by another tuner: host" in done.stderr and done.stderr.count("\n") == 1
    lab.write("go", "")
    run.communicate(timeout=60)
    assert len(lab.trials()) == 1


# ---- Wrong use ----

def refused(done):
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("hone: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("command", [c for c in commands()
                                     if c not in ("run", "simulate")])
def test_wrong_use_gets_one_line(lab, command):
    assert f"hone: {command}: no option \"--nonsense\" (usage: hone {command}" in refused(
        lab.hone(command, "--nonsense", status=None))
    if command not in ("enqueue", "retry"):  # they take any number of them
        assert "is one word too many" in refused(lab.hone(command, *"abcdefgh", status=None))


WRONG_USES = [
    ("", "usage"), ("statsu", 'did you mean "status"?'), ("xyz", "'hone help' lists them"),
    ("--store", "--store needs an address"), ("--store= list", "--store needs an address"),
    ("--nope list", 'no option "--nope" before the command'),
    ("status", "STUDY is missing"), ("status nope", 'no study "nope"'),
    ("status sef", 'did you mean "seg"?'), ("status nope.yaml", "no study file nope.yaml"),
    ("status seg --wacth", 'did you mean "--watch"?'), ("status seg --watch=1", "takes no value"),
    ("trials seg --sort", "--sort needs a value"),
    ("trials seg --sort nope", '--sort: no field "nope"'),
    ("trials seg --where lr", "--where: a comparison"),
    ("show seg", "N is missing"), ("show seg x", 'not "x"'), ("show seg -1", 'not "-1"'),
    ("show seg 99", 'study "seg" has no trial 99'),
    ("logs seg 1 --attempt 0", "an attempt is a number from 1 on"),
    ("enqueue seg", "NAME=VALUE is missing"),
    ("best seg --format xml", "--format is text, json, yaml, env or command"),
    ("export seg --format xml", "--format is csv, json, jsonl or trace"),
    ("import seg", "FILE is missing"), ("import seg nope.csv", "nope.csv"),
    ("import nope.yaml x.csv", "nope.yaml"), ("help nope", 'no command "nope"'),
]


@pytest.mark.parametrize("words, part", WRONG_USES)
def test_wrong_words_are_named(lab, words, part):
    done = lab.hone(*words.split(), status=2)
    assert part in done.stderr
    if words:
        refused(done)


def test_a_place_without_studies_is_no_error(tmp_path):
    lab = Lab(tmp_path)
    assert lab.hone("list", "--json").stdout == "[]\n"
    done = lab.hone("list")
    assert done.stdout == "" and "no study in .hone/hone.db yet" in done.stderr
    assert lab.hone("list", "--quiet").stderr == ""


def test_a_person_in_another_folder_is_told_where_to_go(tmp_path):
    lab = Lab(tmp_path)
    done = lab.hone("status", "seg", status=2)
    assert "no store at .hone/hone.db: go to the folder where the study was started" in done.stderr
    done = lab.hone("--store", "other.db", "status", "seg", status=2)
    assert done.stderr == "hone: no store at other.db\n"
    assert not (tmp_path / ".hone").exists()


def test_a_study_without_results_has_no_best(empty):
    empty.write("x.csv", "lr,batch_size,use_dropout,state\n0.01,4,False,failed\n")
    empty.hone("import", "study.yaml", "x.csv")
    done = empty.hone("best", "copy", status=1)
    assert done.stderr == "hone: no trial of copy has completed yet\n" and done.stdout == ""
    assert json.loads(empty.hone("status", "copy", "--json").stdout)["best"] is None


def test_a_front_of_several_objectives(tmp_path):
    lab = Lab(tmp_path)
    lab.write("two.yaml", "study: two\ncommand: ./x.sh\nstrategy: random\n"
                          "objective:\n- {metric: acc, goal: maximize}\n"
                          "- {metric: ms, goal: minimize}\nparameters: {x: 0..1.0}\n")
    lab.write("x.csv", "x,acc,ms\n0.1,0.9,30\n0.2,0.8,10\n0.3,0.7,20\n0.4,0.95,90\n")
    lab.hone("import", "two.yaml", "x.csv")
    front = json.loads(lab.hone("best", "two", "--json").stdout)["front"]
    assert [t["values"] for t in front] == [[0.95, 90], [0.9, 30], [0.8, 10]]
    assert "3 trials of two that no other beats" in lab.hone("best", "two").stdout


def test_options_stand_anywhere(lab, tmp_path):
    store = f"sqlite:{lab.folder}/.hone/hone.db"
    elsewhere = Lab(tmp_path)
    want = lab.hone("status", "seg", "--json").stdout
    for words in (["--store", store, "--json", "status", "seg"],
                  ["status", "--json", "seg", f"--store={store}"]):
        assert elsewhere.hone(*words).stdout == want
    assert elsewhere.hone("status", "seg", "--json", env={"HONE_STORE": store}).stdout == want


def test_help_of_every_command(lab):
    overview = lab.hone("help").stdout
    assert overview == lab.hone("--help").stdout
    for command in commands():
        assert re.search(rf"^  {command} ", overview, re.M)
        page = lab.hone("help", command).stdout
        assert page.startswith(f"usage: hone {command}")
        assert page == lab.hone(command, "--help").stdout
        assert max(map(len, page.splitlines()[1:])) <= 80 or "hone run -p" in page


def test_a_full_disk_is_not_success(lab):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        for words in (["version"], ["list"], ["export", "seg"]):
            done = subprocess.run([HONE, *words], cwd=lab.folder, env=lab.env, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
            assert done.returncode == 3 and done.stderr.startswith("hone: ")
