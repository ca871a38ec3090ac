"""A study of Optuna's as the beginning of one of ours: storages that Optuna itself has written."""

import json
import sqlite3

import pytest

from lab import Lab

optuna = pytest.importorskip("optuna", reason="OPTUNA IS NOT INSTALLED: see requirements-test.txt")
optuna.logging.set_verbosity(optuna.logging.ERROR)

STUDY = """\
study: mine
command: ./train.sh
objective: {metric: loss, goal: minimize}
parameters:
  lr: log 1e-5..1e-1
  layers: 1..4
  opt: [adam, sgd, 'None']
  nesterov: {type: choice, values: ['True', 'False'], when: {opt: sgd}}
  batch: [16, 32]
max_trials: 3
seed: 1
"""


def suggest(trial):
    params = {"lr": trial.suggest_float("lr", 1e-5, 1e-1, log=True),
              "layers": trial.suggest_int("layers", 1, 4),
              "opt": trial.suggest_categorical("opt", ["adam", "sgd", None]),
              "batch": trial.suggest_categorical("batch", [16, 32])}
    if params["opt"] == "sgd":
        params["nesterov"] = trial.suggest_categorical("nesterov", [True, False])
    return params


def objective(trial):
    params = suggest(trial)
    if trial.number % 7 == 6:
        raise ValueError("broken")
    for step in range(4):
        trial.report(params["lr"] * (5 - step), step)
        if trial.number % 5 == 4 and step == 2:
            raise optuna.TrialPruned()
    trial.set_user_attr("latency", trial.number)
    return float("inf") if trial.number == 3 else params["lr"] * 2


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.script("echo loss=0.5\n")
    lab.write("mine.yaml", STUDY)
    return lab


def made(lab, name="theirs", n=20, **more):
    study = optuna.create_study(study_name=name, storage=f"sqlite:///{lab.folder}/optuna.db",
                                sampler=optuna.samplers.RandomSampler(seed=1), **more)
    study.optimize(objective, n_trials=n, catch=(ValueError,))
    return study


def exported(lab):
    return json.loads(lab.hone("export", "mine", "--format", "json").stdout)


def word(value):
    return value if value is not None and not isinstance(value, bool) else str(value)


def test_a_study_comes_over_with_all_that_it_knows(lab):
    study = made(lab)
    study.ask()  # one that runs
    done = lab.hone("import", "mine.yaml", "optuna.db")
    assert done.stdout.startswith("imported 20 trials into mine; left out 1 that was running")
    theirs, ours = study.get_trials(), exported(lab)
    states = {"COMPLETE": "completed", "PRUNED": "stopped", "FAIL": "failed"}
    for old, new in zip(theirs[:20], ours, strict=True):
        infinite = old.number == 3
        assert new["state"] == ("failed" if infinite else states[old.state.name])
        assert new["origin"] == "imported"
        assert new["why"] == f"trial {old.number} of Optuna's theirs"
        assert new["params"] == {name: word(value) for name, value in old.params.items()}
        if old.state.name == "COMPLETE" and not infinite:
            assert new["values"] == [old.value]
        assert new["started_at"][:19] == old.datetime_start.strftime("%Y-%m-%dT%H:%M:%S")
        shown = json.loads(lab.hone("show", "mine", str(new["trial"]), "--json").stdout)
        assert shown["curve"] == [[float(step), value]
                                  for step, value in sorted(old.intermediate_values.items())]
        if new["state"] == "stopped":
            assert shown["curve"][-1][0] == 2
    best = json.loads(lab.hone("best", "mine", "--json").stdout)
    assert best["trial"] == study.best_trial.number
    lab.hone("run", "mine.yaml", "--quiet")
    assert [t["origin"] for t in exported(lab)].count("search") == 3
    assert "are the same again" in lab.hone("replay", "mine").stdout


def test_what_was_imported_is_not_imported_again(lab):
    study = made(lab, n=6)
    lab.hone("import", "mine.yaml", "optuna.db")
    study.optimize(objective, n_trials=4, catch=(ValueError,))
    again = json.loads(lab.hone("import", "mine", "optuna.db", "--json").stdout)
    assert again == {"imported": 4, "known": 6, "left_out": 0}
    assert json.loads(lab.hone("import", "mine", "optuna.db", "--json").stdout)["imported"] == 0
    assert len(exported(lab)) == 10


def test_one_of_several_studies_is_named(lab):
    made(lab, "a", 2)
    made(lab, "b", 3)
    text = lab.hone("import", "mine.yaml", "optuna.db", status=2).stderr
    assert text == "hone: optuna.db has 2 studies, name one of them by --study: a, b\n"
    text = lab.hone("import", "mine.yaml", "optuna.db", "--study", "c", status=2).stderr
    assert text == "hone: optuna.db has no study \"c\"; there are a, b\n"
    assert lab.row("mine") is None
    lab.hone("import", "mine.yaml", "optuna.db", "--study", "b")
    assert len(exported(lab)) == 3


def test_several_objectives_and_a_constraint(lab):
    storage = f"sqlite:///{lab.folder}/optuna.db"
    study = optuna.create_study(study_name="two", storage=storage,
                                directions=["minimize", "maximize"])

    def two(trial):
        params = suggest(trial)
        trial.set_user_attr("latency", 10 + trial.number)
        return params["lr"], params["layers"]
    study.optimize(two, n_trials=5)
    lab.write("mine.yaml", STUDY.replace(
        "objective: {metric: loss, goal: minimize}",
        "objective: [{metric: loss, goal: minimize}, {metric: acc, goal: maximize}]\n"
        "constraints: {latency: {max: 12}}"))
    lab.hone("import", "mine.yaml", "optuna.db")
    assert [t["values"][:2] for t in exported(lab)] == [t.values for t in study.trials]
    front = json.loads(lab.hone("best", "mine", "--json").stdout)["front"]
    assert {t["trial"] for t in front} <= {0, 1, 2}


@pytest.mark.parametrize("change, text", [
    (("goal: minimize", "goal: maximize"), "is minimized, and here \"loss\" is maximized"),
    (("objective: {metric: loss, goal: minimize}",
      "objective: [{metric: loss, goal: minimize}, {metric: acc, goal: maximize}]"),
     "has a study with 1 objectives, and this one has 2"),
    (("  batch: [16, 32]\n", ""), "parameter \"batch\": the study has none of this name"),
    (("1e-5..1e-1", "1e-5..1e-4"), "\"lr\"")])
def test_what_does_not_fit_is_told(lab, change, text):
    made(lab, n=3)
    lab.write("mine.yaml", STUDY.replace(*change))
    done = lab.hone("import", "mine.yaml", "optuna.db", status=2)
    assert text in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert lab.row("mine") is None


def test_other_databases_are_refused_in_one_line(lab):
    db = sqlite3.connect(lab.folder / "other.db")
    db.execute("CREATE TABLE notes (text)")
    db.commit()
    db.close()
    done = lab.hone("import", "mine.yaml", "other.db", status=2)
    assert "is not read as a storage of Optuna 3 to 5: no such table" in done.stderr
    made(lab, n=2)
    whole = (lab.folder / "optuna.db").read_bytes()
    for size in (20, 4096, len(whole) // 2):
        (lab.folder / "cut.db").write_bytes(whole[:size])
        done = lab.hone("import", "mine.yaml", "cut.db", status=None)
        assert done.returncode in (1, 2, 3) and done.stderr.count("\n") == 1, done
    lab.write("x.csv", "lr,loss\n")
    assert "is no storage" in lab.hone("import", "mine.yaml", "x.csv", "--study", "a",
                                       status=2).stderr
