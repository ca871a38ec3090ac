"""hone refine: a study file with narrower ranges, which hone run takes."""

import json
import math

import pytest

from lab import Lab

PARAMETERS = """\
  lr: {type: float, min: 1.0e-5, max: 1.0e-1, scale: log, default: 0.05}
  units: {type: ordinal, values: [16, 32, 64, 128, 256]}
  optimizer: {type: choice, values: [sgd, adam, 'true']}
  momentum: {type: float, min: 0, max: 0.99, when: {optimizer: sgd}}
  slack: {type: float, min: 0, max: 1, when: {optimizer: ['true']}}
"""
EXTRA = """\
where: ['lr * units < 100']
start: [{lr: 0.05}]
limits: {trial_time: 60s}
env: {NOTE: 'a "quoted" word'}
"""


def rows(n):
    """Trials around lr = 1e-3 and 64 units; the optimizer 'true' is bad."""
    for i in range(n):
        u = [math.fmod((i + 1) * math.sqrt(p), 1.0) for p in (2, 3, 5, 7)]
        lr, units = 10 ** (-5 + 4 * u[0]), [16, 32, 64, 128, 256][int(5 * u[1])]
        optimizer = ["sgd", "adam", "true"][int(3 * u[2])]
        value = -(math.log10(lr) + 3) ** 2 - 0.5 * (math.log2(units) - 6) ** 2
        value -= {"sgd": 0.2 * u[3], "adam": 0.1, "true": 9}[optimizer]
        yield (f"{i},{lr!r},{units},{optimizer},{repr(0.99 * u[3]) if optimizer == 'sgd' else ''},"
               f"{repr(u[3]) if optimizer == 'true' else ''},{value!r}")


def make(lab, n):
    lab.script("echo m=$2\n")
    lab.study("s", parameters=PARAMETERS, extra=EXTRA, command="./train.sh --lr {lr}")
    lab.write("old.csv", "trial,lr,units,optimizer,momentum,slack,m\n" + "\n".join(rows(n)) + "\n")
    lab.hone("import", "s.yaml", "old.csv")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("refine"))
    make(lab, 90)
    return lab


def test_the_file_is_printed_with_the_reasons(lab):
    text = lab.hone("refine", "s").stdout
    assert text.startswith("# Narrower ranges for s, after 90 completed trials of it;")
    assert "study: s-2\n" in text and "warm_start: {from: [s]}" in text
    assert "# Was 1e-05 to 0.1: the best 18 of 90 trials lie between" in text
    assert "true: none of its" in text
    assert 'env: {NOTE: "a \\"quoted\\" word"}' in text
    assert "limits: {trial_time: 60}" in text
    for gone in "\nstart:", "\nseed:", "\nstudy: s\n", "default:", "retries:", "  slack:":
        assert gone not in text, gone
    assert "slack is left out: optimizer no longer has a value with which it is active." in \
        " ".join(text.replace("  # ", "").split())
    assert all(len(line) <= 100 for line in text.splitlines() if line.lstrip().startswith("#"))


def test_ranges_shrink_around_the_best(lab):
    found = json.loads(lab.hone("refine", "s", "--json").stdout)
    assert (found["study"], found["trials"], found["best"]) == ("s", 90, 18)
    by_name = {row["parameter"]: row for row in found["parameters"]}
    best = max(rows(90), key=lambda row: float(row.split(",")[-1])).split(",")
    assert 1e-5 < by_name["lr"]["min"] <= float(best[1]) <= by_name["lr"]["max"] < 0.1
    assert int(best[2]) in by_name["units"]["values"]
    assert by_name["optimizer"]["values"] == ["sgd", "adam"]
    assert not by_name["slack"]["changed"]
    assert all(row["why"] for row in found["parameters"])


def test_the_file_is_a_study_that_runs(lab):
    done = lab.hone("refine", "s", "-o", "new.yaml")
    assert "wrote new.yaml, which says why; next: hone run new.yaml" in done.stdout
    assert "PARAMETER" in done.stdout and "as before" in done.stdout
    lab.hone("run", "new.yaml", "--max-trials", "3", "--quiet")
    low, high = [(row["min"], row["max"]) for row in json.loads(
        lab.hone("refine", "s", "--json").stdout)["parameters"] if row["parameter"] == "lr"][0]
    trials = lab.trials("s-2")
    assert len(trials) == 3
    for trial in trials:
        params = json.loads(trial["params"])
        assert low <= params["lr"] <= high and params["optimizer"] in ("sgd", "adam")


def test_a_file_elsewhere_names_folders_in_full(lab):
    (lab.folder / "deep").mkdir()
    lab.hone("refine", "s", "-o", "deep/new.yaml", "--quiet")
    text = (lab.folder / "deep/new.yaml").read_text()
    assert f'workdir: "{lab.folder.resolve()}"' in text
    lab.hone("check", "deep/new.yaml")


def test_an_existing_file_is_kept(lab):
    lab.write("mine.yaml", "mine")
    done = lab.hone("refine", "s", "-o", "mine.yaml", status=2)
    assert done.stderr == "hone: mine.yaml exists; to write it anew: --force\n"
    assert (lab.folder / "mine.yaml").read_text() == "mine"
    lab.hone("refine", "s", "-o", "mine.yaml", "--force")
    assert "study: s-2" in (lab.folder / "mine.yaml").read_text()


def test_too_few_trials_refine_nothing(tmp_path):
    lab = Lab(tmp_path)
    make(lab, 6)
    done = lab.hone("refine", "s", status=1)
    assert done.stderr == "hone: ranges are refined after 10 completed trials, there are 6\n"
