"""hone importance, on studies that were imported: no trial has to run."""

import json
import math
import subprocess

import pytest

from lab import HONE, Lab

PARAMETERS = """\
  lr: {type: float, min: 1.0e-5, max: 1.0e-1, scale: log}
  units: {type: ordinal, values: [16, 32, 64, 128]}
  optimizer: {type: choice, values: [sgd, adam]}
  momentum: {type: float, min: 0, max: 0.99, when: {optimizer: sgd}}
"""


def rows(n):
    """Trials of which lr decides most, and large ones fail."""
    for i in range(n):
        u = [math.fmod((i + 1) * (j + 2) * 0.6180339887498949, 1.0) for j in range(4)]
        lr, units = 10 ** (-5 + 4 * u[0]), [16, 32, 64, 128][int(4 * u[1])]
        sgd = u[2] < 0.5
        value = 1 - 0.1 * abs(math.log10(lr) + 3) + 0.01 * math.log2(units)
        value -= 0.05 * (1 - u[3]) if sgd else 0.02
        failed = lr > 3e-2
        yield (f"{i},{'failed' if failed else 'completed'},{lr!r},{units},"
               f"{'sgd' if sgd else 'adam'},{repr(0.99 * u[3]) if sgd else ''},"
               f"{'' if failed else repr(value)}")


def make(lab, n, name="s", goal="maximize"):
    lab.study(name, parameters=PARAMETERS, objective=f"{{metric: m, goal: {goal}}}")
    lab.write("old.csv", "trial,state,lr,units,optimizer,momentum,m\n" + "\n".join(rows(n)) + "\n")
    lab.hone("import", f"{name}.yaml", "old.csv")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("importance"))
    make(lab, 80)
    return lab


def test_people_see_the_most_important_first(lab):
    lines = lab.hone("importance", "s", env={"COLUMNS": "80"}).stdout.splitlines()
    assert lines[0] == "s, m: share of what sets the best trials apart (ped-anova, 80 trials)"
    assert [line.split()[0] for line in lines[2:]] == ["lr", "units", "momentum", "optimizer"]
    assert "active in 50 %" in next(line for line in lines if "momentum" in line)
    assert all(len(line) <= 80 for line in lines)


def test_json_has_shares_intervals_and_activity(lab):
    found = json.loads(lab.hone("importance", "s", "--json").stdout)
    assert (found["study"], found["objective"], found["method"]) == ("s", "m", "ped-anova")
    assert found["trials"] == 80 and found["enough"] and found["fit"] is None
    assert list(found["importance"]) == [row["parameter"] for row in found["parameters"]]
    assert sum(found["importance"].values()) == pytest.approx(1)
    for row in found["parameters"]:
        assert row["interval"][0] <= row["interval"][1]
        assert row["share"] == found["importance"][row["parameter"]]
    assert {row["parameter"]: row["active"] for row in found["parameters"]}["momentum"] == 0.5


def test_other_methods_say_how_well_their_model_predicts(lab):
    for method in "sobol", "fanova":
        found = json.loads(lab.hone("importance", "s", "--method", method, "--json").stdout)
        assert found["method"] == method and 0.3 < found["fit"] <= 1 and found["enough"]
        assert next(iter(found["importance"])) == "lr"
        for row in found["parameters"]:
            assert (row["total"] is None) == (method == "fanova")
            assert (row["interval"] is None) == (method == "sobol")
        text = lab.hone("importance", "s", "--method", method, env={"COLUMNS": "80"}).stdout
        assert f"The model explains {100 * found['fit']:.0f} % of the variance" in text
        assert all(len(line) <= 80 for line in text.splitlines())


def test_the_same_study_has_the_same_importance(lab):
    assert lab.hone("importance", "s").stdout == lab.hone("importance", "s").stdout


def test_few_trials_are_said_to_be_few(tmp_path):
    lab = Lab(tmp_path)
    make(lab, 15)
    assert "Too little data: the shares of 15 trials say little." in \
        lab.hone("importance", "s").stdout
    assert not json.loads(lab.hone("importance", "s", "--json").stdout)["enough"]


def test_too_few_trials_have_none(tmp_path):
    lab = Lab(tmp_path)
    make(lab, 4)
    done = lab.hone("importance", "s", status=1)
    assert done.stdout == ""
    assert done.stderr.startswith("hone: importance needs 10 ended trials")


@pytest.mark.parametrize("words, part", [
    (["--method", "shap"], 'unknown method "shap"; there are ped-anova'),
    (["--metric", "loss"], '"loss" is no objective of s'),
])
def test_wrong_words_are_named(lab, words, part):
    assert part in lab.hone("importance", "s", *words, status=2).stderr


def test_ask_tell_gives_shares_and_predictions():
    request = [{"space": [{"name": "x", "type": "float", "min": 0, "max": 1},
                          {"name": "y", "type": "float", "min": 0, "max": 1}]}]
    for i in range(30):
        x, y = math.fmod(i * 0.618, 1), math.fmod(i * 0.414, 1)
        request.append({"add": [{"params": {"x": x, "y": y}, "value": (x - 0.3) ** 2}]})
    request += [{"importance": True}, {"predict": [{"x": 0.3, "y": 0.5}, {"x": 1, "y": 0}]}]
    done = subprocess.run([HONE, "ask-tell"], input="\n".join(map(json.dumps, request)),
                          capture_output=True, text=True, check=True)
    reply, predicted = map(json.loads, done.stdout.splitlines()[-2:])
    assert reply["method"] == "ped-anova" and list(reply["importance"]) == ["x", "y"]
    assert reply["importance"]["x"] > 0.8
    near, far = predicted["predictions"]
    assert near["mean"] == pytest.approx(0, abs=0.02)
    assert far["mean"] == pytest.approx(0.49, abs=0.05)
    assert 0 < near["sd"] <= near["sd_run"] and near["sd"] < far["sd"]
