"""The zoo (tests/zoo/README.md) through hone run: all scripts at once, a study each, one store."""

import json
import math
import os
import re
from pathlib import Path

import pytest
from lab import Lab, wait_until

ZOO = Path(os.environ["HONE_SOURCE"]) / "tests" / "zoo"
TOLD = {  # what `hone show` must say, as a pattern
    "exit_1.sh": r"exit 1\b(.|\n)*Traceback: something went wrong",
    "exit_0_silent.sh": r"no objective value in 1 line of log(.|\n)*training finished",
    "says_nothing.sh": r"no objective value: the script printed nothing",
    "segfault.sh": r"signal 11 \(SIGSEGV\)",
    "prints_nan.sh": r"objective was inf",
    "long_line.py": r"a line of 104857600 bytes was skipped",
    "ignores_sigterm.py": r"silent for 3 s; SIGTERM was ignored, ended by SIGKILL",
    "hangs.sh": r"time limit 3 s",
    "grandchildren.py": r"3 processes were left behind and were ended",
    "stops_itself.sh": r"stopped by SIGSTOP and silent for 3 s",
    "eats_memory.py": r"out of memory: over its limit of 256 MiB",
    "saves_on_sigterm.py": r"time limit 2 s; exited by itself 2 s after SIGTERM",
    "odd_numbers.sh": r'2 matches are not numbers: "1,234\.5", "0,5"',
}


def animals():
    for line in (ZOO / "expected.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            names = "script regex limits state values last within_s told".split()
            yield dict(zip(names, line.split("\t")))


def study_file(lab, animal):
    name = re.sub(r"\W", "-", animal["script"])
    limits = {}
    for word in animal["limits"].split():
        if "=" in word:
            key, value = word.split("=")
            limits["trial_time" if key == "time" else key] = value
    regex = animal["regex"].replace("'", "''")
    lab.study(name, command=ZOO / animal["script"], trials=1, parallel=1,
              objective="{metric: val, goal: maximize}",
              extra=f"metrics: {{val: '{regex}'}}\nlimits: {json.dumps(limits)}\n")
    return name


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """The lab after all have run, and each script's study."""
    lab = Lab(tmp_path_factory.mktemp("zoo"))
    names = {a["script"]: study_file(lab, a) for a in animals()}
    running = {script: lab.start("run", f"{name}.yaml") for script, name in names.items()}
    for script, process in running.items():
        out, err = process.communicate(timeout=120)
        assert process.returncode in (0, 1), (script, out, err)
    for name in names.values():
        wait_until(lambda name=name: not lab.left_behind(name), f"processes of {name} are left")
    return lab, names


def written(value):
    return "nan" if value is None or math.isnan(value) else f"{value:g}"


@pytest.mark.parametrize("animal", animals(), ids=lambda a: a["script"])
def test_it_ends_as_expected(zoo, animal):
    lab, names = zoo
    name = names[animal["script"]]
    trial = json.loads(lab.hone("show", name, "0", "--json").stdout)
    assert trial["state"] == animal["state"]
    values = [value for _, _, value in lab.values(name, "val").get(0, [])]
    if animal["values"].startswith("#"):
        assert f"#{len(values)}" == animal["values"]
    else:
        assert (" ".join(map(written, values)) or "-") == animal["values"]
    if animal["state"] == "completed":
        assert trial["values"] == [float(animal["last"])]
    else:
        assert trial["values"] is None
    shown = lab.hone("show", name, "0").stdout
    if animal["script"] in TOLD:
        assert re.search(TOLD[animal["script"]], shown), shown


def test_the_log_is_the_scripts_bytes(zoo):
    lab, names = zoo
    log = lab.folder / ".hone/studies" / names["bad_utf8.py"] / "trial-0000/attempt-1/log"
    assert log.read_bytes() == (b"\xff\xfe\x80 loss \xc3\x28\n\xed\xa0\x80 val=0.3 \xf0\x9f\n"
                                b"a\x00b val=0.4\r\n\xb5 \xb1 val=0.5\n")


def test_a_bad_trial_costs_the_next_ones_nothing(tmp_path):
    lab = Lab(tmp_path)
    lab.script('case $HONE_TRIAL in 1) kill -9 $$;; 2) exit 9;; 3) echo m=nan; exit 0;; esac\n'
               'echo m=0.$HONE_TRIAL')
    lab.study(trials=6, parallel=2)
    lab.hone("run", "s.yaml")
    states = [t["state"] for t in json.loads(lab.hone("trials", "s", "--json").stdout)]
    assert states == ["completed", "failed", "failed", "failed", "completed", "completed"]
