"""hone ask-tell speaks its protocol, and no bad line changes anything."""
import json
import os
import subprocess
from pathlib import Path

import pytest

HONE = os.environ["HONE"]
ROOT = Path(__file__).resolve().parent.parent.parent

SPACE = [
    {"name": "lr", "type": "float", "min": 1e-5, "max": 1e-1, "scale": "log"},
    {"name": "depth", "type": "int", "min": 1, "max": 12},
    {"name": "width", "type": "ordinal", "values": [64, 128, 256, 512]},
    {"name": "optimizer", "type": "choice", "values": ["sgd", "adam"]},
    {"name": "momentum", "type": "float", "min": 0, "max": 0.99, "scale": "reverse-log",
     "when": {"optimizer": ["sgd"]}},
]


class Client:
    """The program under test, a line at a time."""

    def __init__(self):
        self.process = subprocess.Popen([HONE, "ask-tell"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)

    def raw(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __call__(self, **request):
        return self.raw(json.dumps(request))

    def close(self):
        self.process.stdin.close()
        assert self.process.stdout.read() == ""
        return self.process.wait()


@pytest.fixture
def client():
    one = Client()
    yield one
    assert one.close() == 0


def error(reply):
    assert list(reply) == ["error"]
    assert set(reply["error"]) == {"code", "message"}
    return reply["error"]["message"]


def test_a_study_is_asked_and_told(client):
    reply = client(space=SPACE, objectives=[{"name": "loss", "goal": "minimize"}],
                   strategy="bayesian", seed=7, budget=50, parallel=4)
    assert reply["ok"] is True and reply["size"] is None and reply["version"]
    trials = client(ask=3)["trials"]
    assert [t["id"] for t in trials] == [0, 1, 2]
    for trial in trials:
        names = [p["name"] for p in SPACE if p["name"] in trial["params"]]
        assert list(trial["params"]) == names  # the order of declaration
        assert ("momentum" in names) == (trial["params"]["optimizer"] == "sgd")
        assert isinstance(trial["params"]["depth"], int)
    assert client(best=True) == {"trial": None}
    assert client(tell=[{"id": 1, "value": 0.5}, {"id": 0, "value": 0.25}]) == {"ok": True}
    best = client(best=True)["trial"]
    assert best == {**trials[0], "value": 0.25}
    assert client(tell=[{"id": 2, "state": "failed"}]) == {"ok": True}
    assert client(ask=1)["trials"][0]["id"] == 3


def test_the_manuals_session_is_what_happens(client):
    manual = (ROOT / "docs" / "ask-tell.md").read_text(encoding="utf-8")
    lines = manual.split("```")[1].strip().splitlines()
    for request, reply in zip(lines[::2], lines[1::2], strict=True):
        assert client.raw(request) == json.loads(reply)


def test_sizes_are_counted(client):
    three = [{"name": "a", "type": "int", "min": 1, "max": 6},
             {"name": "b", "type": "int", "min": 1, "max": 100}]
    assert client(space=three)["size"] == 600
    assert client(space=three, where=["a * b <= 10"])["size"] == 10 + 5 + 3 + 2 + 2 + 1


def test_the_same_requests_get_the_same_replies():
    replies = []
    for _ in range(2):
        one = Client()
        first = [one(space=SPACE, seed=5)]
        for i in range(12):
            first.append(one(ask=1))
            first.append(one(tell=[{"id": i, "value": (i * 7) % 5}]))
        assert one.close() == 0
        replies.append(first)
    assert replies[0] == replies[1]


@pytest.mark.parametrize(
    "strategy", ["bayesian", "tpe", "random", "grid", "sobol", "cmaes", "nsga2", "auto"])
def test_a_used_up_space_says_so(client, strategy):
    client(space=[{"name": "x", "type": "choice", "values": ["a", 1, "b"]}], strategy=strategy)
    reply = client(ask=5)
    assert reply["exhausted"] is True
    assert sorted(str(t["params"]["x"]) for t in reply["trials"]) == ["1", "a", "b"]
    assert client(ask=1) == {"trials": [], "exhausted": True}
    assert client(tell=[{"id": 1, "state": "cancelled"}]) == {"ok": True}
    again = client(ask=2)
    assert [t["params"] for t in again["trials"]] == [reply["trials"][1]["params"]]
    assert again["exhausted"] is True


def test_asha_stops_with_a_reason_before_anything_is_completed(client):
    client(space=SPACE, strategy="random",
           stopping={"rule": "asha", "min_resource": 2, "max_resource": 18, "eta": 2})
    client(ask=3)
    assert client(report=[{"id": 0, "step": 2, "value": 0.5}]) == {"stop": []}
    assert client(report=[{"id": 1, "step": 2, "value": 0.4}]) == {"stop": []}
    assert client(report=[{"id": 2, "step": 1, "value": 9}]) == {"stop": []}
    reply = client(report=[{"id": 2, "step": 2, "value": 0.6}])
    assert reply == {"stop": [2], "reasons": {
        "2": "value 0.6 at step 2 is number 3 of 3 trials at the rung of step 2, of which the best "
             "2 go on"}}
    assert client(report=[{"id": 0, "step": 3, "value": 0.7}]) == {"stop": []}
    assert client(report=[{"id": 0, "step": 4, "value": 0.7}]) == {"stop": []}


def test_values_that_are_not_finite_are_failures(client):
    client(space=SPACE, strategy="random")
    client(ask=5)
    for i, value in enumerate([None, "NaN", "Infinity", "-Infinity"]):
        assert client(tell=[{"id": i, "value": value}]) == {"ok": True}
    assert client(best=True) == {"trial": None}
    assert "told before" in error(client(tell=[{"id": 0, "value": 1}]))
    assert "not JSON" in error(client.raw('{"tell": [{"id": 4, "value": NaN}]}'))
    assert client(tell=[{"id": 4, "value": 1}]) == {"ok": True}


def test_the_median_rule_stops_with_a_reason(client):
    client(space=SPACE, strategy="random", stopping={"rule": "median", "warmup": 2})
    client(ask=5)
    for i in range(4):
        for step in range(1, 5):
            assert client(report=[{"id": i, "step": step, "value": i}]) == {"stop": []}
        client(tell=[{"id": i, "value": i}])
    assert client(report=[{"id": 4, "step": 2, "value": 9}]) == {"stop": []}
    reply = client(report=[{"id": 4, "step": 3, "value": None}, {"id": 4, "step": 4, "value": 9}])
    assert reply["stop"] == [4]
    assert "the median of the running means of 4 trials" in reply["reasons"]["4"]
    assert client(tell=[{"id": 4, "state": "stopped"}]) == {"ok": True}
    assert "told before" in error(client(report=[{"id": 4, "step": 5, "value": 9}]))


def test_earlier_studies_are_learned_from(client):
    client(space=[{"name": "x", "type": "float", "min": 0, "max": 1}], seed=3)
    old = [{"params": {"x": i / 20}, "value": (i / 20 - 0.3) ** 2} for i in range(21)]
    assert client(transfer=old + [{"params": {"x": 7}, "value": 0}]) == {"used": 21}
    trial = client(ask=1)["trials"][0]
    assert trial == {"id": 0, "params": {"x": 0.3}}
    assert client(best=True) == {"trial": None}


def test_added_and_enqueued_configurations(client):
    client(space=SPACE, strategy="bayesian")
    params = {"lr": 0.012345678901234567, "depth": 3, "width": 64, "optimizer": "adam"}
    added = [{"params": params, "value": -2}, {"params": params, "state": "failed"}]
    assert client(add=added) == {"ids": [0, 1]}
    assert client(best=True)["trial"] == {"id": 0, "params": params, "value": -2}
    assert client(enqueue=[{"lr": 0.02}, {"momentum": 0.5}]) == {"ok": True}
    first, second, third = client(ask=3)["trials"]
    assert first["params"]["lr"] == 0.02
    assert second["params"]["momentum"] == 0.5 and second["params"]["optimizer"] == "sgd"
    assert third["params"]["lr"] != 0.02
    assert "add[1]: parameter \"lr\" is missing" == error(client(add=[
        {"params": params, "value": 1}, {"params": {"depth": 3}, "value": 1}]))
    assert "enqueue[1]: parameter \"depht\" is not in the space" == error(client(enqueue=[
        {"lr": 0.05}, {"depht": 3}]))
    fourth = client(ask=1)["trials"][0]
    assert fourth["id"] == 5 and fourth["params"]["lr"] != 0.05  # neither line left a trace


def test_constraints_are_told_with_the_value(client):
    client(space=SPACE, objectives=[{"name": "loss"}], seed=1,
           constraints=[{"name": "latency", "max": 30}, {"name": "size", "min": 1, "max": 9}])
    client(ask=4)
    assert client(tell=[
        {"id": 0, "value": 0.1, "constraints": {"latency": 31, "size": 5}},
        {"id": 1, "value": 0.2, "constraints": {"latency": 30, "size": 9.5}},
        {"id": 2, "value": 0.3, "constraints": {"size": 1, "latency": 30}}]) == {"ok": True}
    best = client(best=True)["trial"]
    assert (best["id"], best["value"]) == (2, 0.3)
    assert best["constraints"] == {"latency": 30, "size": 1}
    assert '"constraints" must be an object' in error(client(tell=[{"id": 3, "value": 1}]))
    assert 'constraint "size" has no value' in error(client(tell=[
        {"id": 3, "value": 1, "constraints": {"latency": 3}}]))
    assert 'unknown key "sice"; did you mean "size"?' in error(client(tell=[
        {"id": 3, "value": 1, "constraints": {"latency": 3, "size": 2, "sice": 1}}]))
    assert "a failed trial has no value" in error(client(tell=[
        {"id": 3, "state": "failed", "constraints": {"latency": 3, "size": 2}}]))
    client(tell=[{"id": 3, "value": 0.1, "constraints": {"latency": None, "size": 2}}])
    assert client(best=True)["trial"]["id"] == 2
    params = client(ask=1)["trials"][0]["params"]
    assert client(add=[{"params": params, "value": 0.05,
                        "constraints": {"latency": 1, "size": 2}}]) == {"ids": [5]}
    assert client(best=True)["trial"]["id"] == 5


def test_the_model_seeks_a_front_within_constraints(client):
    space = [{"name": n, "type": "float", "min": 0, "max": 1} for n in "ab"]
    client(space=space, objectives=[{"name": "f"}, {"name": "g", "goal": "maximize"}], seed=3,
           strategy="bayesian", constraints=[{"name": "c", "max": 1}])
    for i in range(24):
        a, b = client(ask=1)["trials"][0]["params"].values()
        client(tell=[{"id": i, "values": [a * a + b, 1 - (1 - a) ** 2 - b],
                      "constraints": {"c": 1.25 * a + b}}])
    front = client(best=True)["front"]
    assert len(front) >= 8
    assert all(t["constraints"]["c"] <= 1 for t in front)
    assert max(t["params"]["a"] for t in front) > 0.75


def test_defaults_come_first(client):
    space = [dict(SPACE[0], default=0.003), SPACE[1]]
    client(space=space, strategy="sobol")
    assert client(ask=1)["trials"][0]["params"]["lr"] == 0.003


def test_several_objectives_have_a_front(client):
    client(space=SPACE, objectives=[{"name": "loss"}, {"name": "speed", "goal": "maximize"}],
           strategy="random")
    client(ask=4)
    for i, values in enumerate([[1, 5], [2, 9], [2, 5], [0.5, 1]]):
        assert client(tell=[{"id": i, "values": values}]) == {"ok": True}
    front = client(best=True)["front"]
    assert [(t["id"], t["values"]) for t in front] == [(3, [0.5, 1]), (0, [1, 5]), (1, [2, 9])]
    client(ask=1)
    assert "\"values\" is needed" in error(client(tell=[{"id": 4, "value": 1}]))
    assert "an array of 2 numbers" in error(client(tell=[{"id": 4, "values": [1]}]))


def test_reports_of_several_objectives_come_together(client):
    client(space=SPACE, objectives=[{"name": "loss"}, {"name": "speed", "goal": "maximize"}],
           strategy="random", stopping="median")
    client(ask=6)
    for i in range(4):
        for step in 1, 2:
            assert client(report=[{"id": i, "step": step, "values": [i, i]}]) == {"stop": []}
        client(tell=[{"id": i, "values": [i, i]}])
    assert client(report=[{"id": 4, "step": 2, "value": 9}]) == {"stop": []}
    reply = client(report=[{"id": 4, "step": 2, "values": [9, 2.5]},
                           {"id": 5, "step": 2, "values": [9, -1]}])
    assert reply == {"stop": [5], "reasons": {
        "5": "values 9, -1 at step 2 are dominated by the running means of 4 of 4 trials"}}
    assert "an array of 2 numbers" in error(client(report=[{"id": 4, "step": 3, "values": [1]}]))
    assert "not both" in error(client(report=[{"id": 4, "step": 3, "value": 1, "values": [1, 2]}]))


def test_a_reference_gives_the_volume_that_the_front_dominates(client):
    objectives = [{"name": "loss", "reference": 4},
                  {"name": "speed", "goal": "maximize", "reference": 2}]
    client(space=SPACE, objectives=objectives, strategy="random")
    client(ask=4)
    assert client(best=True) == {"front": [], "hypervolume": 0}
    for i, values in enumerate([[1, 5], [2, 9], [0.5, 1], [5, 10]]):
        client(tell=[{"id": i, "values": values}])
    assert client(best=True)["hypervolume"] == 3 * 3 + 2 * 4
    del objectives[1]["reference"]
    assert error(client(space=SPACE, objectives=objectives)) == \
        "all objectives have a reference, or none has one"
    objectives[1]["reference"] = "2"
    assert error(client(space=SPACE, objectives=objectives)) == \
        "objectives[1]: reference must be a number"


def test_the_search_cares_for_what_is_better_than_the_reference(client):
    space = [{"name": name, "type": "float", "min": 0, "max": 1} for name in "xy"]
    corner = {"f": 0.4, "g": 0.3}  # x of 0.45 to 0.63 is better at both
    share = []
    for reference in {}, corner:
        client(space=space, seed=5, objectives=[
            dict({"name": name}, **({"reference": reference[name]} if reference else {}))
            for name in "fg"])
        inside = 0
        for _ in range(30):
            trial = client(ask=1)["trials"][0]
            x, y = trial["params"]["x"], trial["params"]["y"]
            f, g = x * x + y, (1 - x) ** 2 + y
            inside += f < corner["f"] and g < corner["g"]
            client(tell=[{"id": trial["id"], "values": [f, g]}])
        share.append(inside)
    assert share[1] >= 2 * share[0] > 0


def test_grid_meets_every_combination_once(client):
    client(space=[SPACE[0], SPACE[3], SPACE[4]],
           strategy={"name": "grid", "points": 3, "shuffle": True})
    reply = client(ask=100)
    assert reply["exhausted"] and len(reply["trials"]) == 3 + 3 * 3
    assert len({json.dumps(t["params"]) for t in reply["trials"]}) == 12


def test_an_unknown_strategy_lists_what_there_is(client):
    text = error(client(space=SPACE, strategy="bohb"))
    assert '"bohb"' in text and "bayesian, tpe, random, grid, sobol" in text


def test_hyperband_as_a_strategy_has_its_own_rule(client):
    text = error(client(space=SPACE, strategy="hyperband", stopping="asha"))
    assert text == 'the strategy "hyperband" has its own stopping rule "hyperband", not "asha"'
    for stopping in ("hyperband", {"rule": "hyperband", "max_resource": 27}):
        assert client(space=SPACE, strategy="hyperband", stopping=stopping)["ok"]
    assert client(space=SPACE, strategy="hyperband")["ok"]
    stopped = []
    for i in range(20):
        client(ask=1)
        for step in range(1, 28):
            stop = client(report=[{"id": i, "step": step, "value": i}])["stop"]
            if stop:
                break
        stopped += stop
        client(tell=[{"id": i, "state": "stopped"} if stop else {"id": i, "value": i}])
    assert len(stopped) > 5


def test_an_unknown_rule_lists_what_there_is(client):
    text = error(client(space=SPACE, stopping={"rule": "pasha", "min_resource": 1}))
    assert '"pasha"; there are auto, none, median, asha, hyperband, curve' in text


X = {"name": "x", "type": "float", "min": 0, "max": 1}
BAD_STUDIES = [
    ({}, '"space" must be an array'),
    ({"space": []}, "the space has no parameter"),
    ({"space": {}}, '"space" must be an array'),
    ({"space": [3]}, "space[0] must be an object"),
    ({"space": [{"type": "float"}]}, 'space[0]: "name" is missing'),
    ({"space": [{"name": "x"}]}, 'space[0]: "type" is missing'),
    ({"space": [{"name": 3, "type": "float"}]}, 'space[0]: "name" must be a string'),
    ({"space": [dict(X, type="double")]},
     'parameter "x": type must be float, int, ordinal or choice, got "double"'),
    ({"space": [dict(X, maxx=3)]}, 'parameter "x": unknown key "maxx"; did you mean "max"?'),
    ({"space": [dict(X, values=[3])]}, 'parameter "x": unknown key "values"'),
    ({"space": [{"name": "x", "type": "float", "min": 0}]}, 'parameter "x": "max" is missing'),
    ({"space": [dict(X, min="0")]}, 'parameter "x": "min" must be a number'),
    ({"space": [dict(X, scale="ln")]}, 'scale must be linear, log, reverse-log or auto, got "ln"'),
    ({"space": [dict(X, scale="log")]}, 'parameter "x": log scale needs min > 0, got 0'),
    ({"space": [dict(X, min=2)]}, 'parameter "x": min 2 is above max 1'),
    ({"space": [dict(X, step=0)]}, 'parameter "x": step must be above 0'),
    ({"space": [dict(X, default=2)]}, 'parameter "x": 2 is not in [0, 1]'),
    ({"space": [dict(X, default=[2])]}, 'parameter "x": "default" is neither'),
    ({"space": [dict(X, type="int", max=1.5)]}, "must be whole numbers"),
    ({"space": [X, X]}, 'parameter "x" is declared twice'),
    ({"space": [dict(X, name="a b")]}, 'parameter "a b": a name is'),
    ({"space": [{"name": "c", "type": "choice", "values": []}]}, "needs at least one value"),
    ({"space": [{"name": "c", "type": "choice", "values": [True]}]},
     "value 1 is neither a number nor a string"),
    ({"space": [{"name": "c", "type": "choice"}]}, '"values" must be an array'),
    ({"space": [{"name": "c", "type": "ordinal", "values": [2, 1]}]}, "ordered numbers must rise"),
    ({"space": [dict(X, when={"y": [1]})]}, 'its parent "y" is not declared'),
    ({"space": [dict(X, when=3)]}, '"when" must be an object'),
    ({"space": [X], "where": "x < 1"}, '"where" must be an array'),
    ({"space": [X], "where": [3]}, "where[0] must be a string"),
    ({"space": [X], "where": ["x <"]}, "column 4: a value is expected at the end"),
    ({"space": [X], "where": ["x > 2"]}, "no configuration that satisfies `where` was found"),
    ({"space": [X], "objectives": []}, '"objectives" must be an array of 1 to 8'),
    ({"space": [X], "objectives": [{"goal": "min"}]}, "goal must be minimize or maximize"),
    ({"space": [X], "objectives": [{"name": "a"}, {"name": "a"}]}, 'the name "a" is used before'),
    ({"space": [X], "constraints": {"t": 3}}, "must be an array of objects"),
    ({"space": [X], "constraints": [3]}, "constraints[0] must be an object"),
    ({"space": [X], "constraints": [{"max": 3}]}, 'constraints[0]: "name" is missing'),
    ({"space": [X], "constraints": [{"name": "t"}]}, '"max" or "min" is missing'),
    ({"space": [X], "constraints": [{"name": "t", "most": 3}]}, 'unknown key "most"'),
    ({"space": [X], "constraints": [{"name": "t", "max": "3"}]}, '"max" must be a number'),
    ({"space": [X], "constraints": [{"name": "t", "max": 3}, {"name": "t", "min": 1}]},
     'the name "t" is used before'),
    ({"space": [X], "constraints": [{"name": f"t{i}", "min": 0, "max": 3} for i in range(5)]},
     "at most 8 constraints"),
    ({"space": [X], "strategy": "grid"}, "is continuous"),
    ({"space": [X], "strategy": 3}, '"strategy" must be a string'),
    ({"space": [X], "seed": -1}, '"seed" must be an integer of at least 0'),
    ({"space": [X], "seed": 1.5}, '"seed" must be an integer'),
    ({"space": [X], "budget": 0}, '"budget" must be an integer of at least 1'),
    ({"space": [X], "parallel": "2"}, '"parallel" must be an integer'),
    ({"space": [X], "stopping": {"rule": "median", "eta": 3}},
     'the stopping rule "median" takes no min_resource or eta'),
    ({"space": [X], "stopping": {"rule": "asha", "eta": 1}}, "eta must be in [1.5, 100], got 1"),
    ({"space": [X], "stopping": {"rule": "asha", "eta": "3"}}, '"eta" must be a number'),
    ({"space": [X], "stopping": {"rule": "asha", "max_resource": -1}},
     "max_resource must be above 0, got -1"),
    ({"space": [X], "stopping": {"rule": "asha", "min_resource": 9, "max_resource": 9}},
     "min_resource must be below max_resource 9, got 9"),
    ({"space": [X], "stopping": {"rule": "asha", "et": 3}}, 'unknown key "et"; did you mean "eta"'),
    ({"space": [X], "strateg": "grid"}, 'study: unknown key "strateg"; did you mean "strategy"?'),
]


@pytest.mark.parametrize("study, message", BAD_STUDIES[1:])
def test_a_bad_study_is_named_and_leaves_the_old_one(client, study, message):
    client(space=SPACE, strategy="random")
    client(ask=1)
    assert message in error(client(**study))
    assert client(tell=[{"id": 0, "value": 1}]) == {"ok": True}


BAD_LINES = [
    ("nonsense", "not JSON"),
    ("[1, 2]", "a line must be a JSON object"),
    ("{}", "a request needs one of its keys"),
    ('{"ask": 1} x', "not JSON"),
    ('{"ask": 1, "ask": 2}', "not JSON"),
    ('{"ask": 1, "best": true}', 'one request a line, got "ask" and "best"'),
    ('{"asks": 1}', 'unknown key "asks"; did you mean "ask"?'),
    ('{"ask": -1}', '"ask" must be an integer in [0, 10000]'),
    ('{"ask": 1.5}', '"ask" must be an integer'),
    ('{"ask": "1"}', '"ask" must be an integer'),
    ('{"tell": {"id": 0}}', '"tell" must be an array'),
    ('{"tell": [3]}', "tell[0] must be an object"),
    ('{"tell": [{"value": 3}]}', 'tell[0]: "id" must be a trial'),
    ('{"tell": [{"id": 0}]}', 'tell[0]: "value" is missing'),
    ('{"tell": [{"id": 77, "value": 1}]}', "tell[0]: there is no trial 77"),
    ('{"tell": [{"id": 0, "value": 1}, {"id": 0, "value": 1}]}', "tell[1]: trial 0 is told twice"),
    ('{"tell": [{"id": 0, "value": 1}, {"id": 1, "value": []}]}',
     "tell[1]: a value must be a number"),
    ('{"tell": [{"id": 0, "value": 1, "values": [1]}]}', "not both"),
    ('{"tell": [{"id": 0, "value": 1, "constraints": {"a": 1}}]}', "no constraints"),
    ('{"tell": [{"id": 0, "vale": 1}]}', 'unknown key "vale"; did you mean "value"?'),
    ('{"tell": [{"id": 0, "state": "done"}]}', "state must be completed"),
    ('{"tell": [{"id": 0, "state": "failed", "value": 1}]}', "a failed trial has no value"),
    ('{"report": [{"id": 0, "step": -1, "value": 1}]}', '"step" must be a number of at least 0'),
    ('{"report": [{"id": 0, "value": 1}]}', '"step" must be a number'),
    ('{"report": [{"id": 0, "step": 1}]}', '"value" must be a number'),
    ('{"report": [{"id": 9, "step": 1, "value": 1}]}', "there is no trial 9"),
    ('{"add": [{"value": 1}]}', '"params" must be an object'),
    ('{"add": [{"params": {"lr": true}, "value": 1}]}', "add[0]: "),
    ('{"transfer": 5}', '"transfer" must be an array'),
    ('{"transfer": [{"params": {}}]}',
     'transfer: result 0: needs "params", an object, and "value", a number'),
    ('{"enqueue": [{"lr": 5}]}', 'enqueue[0]: parameter "lr": 5 is not in [1e-05, 0.1]'),
    ('{"enqueue": [{"momentum": 0.5, "optimizer": "adam"}]}', "is inactive with this value"),
    ('{"best": 1}', '"best" must be true'),
    ('{"importance": true}', "importance needs 10 ended trials"),
    ('{"importance": 1}', '"importance" must be true'),
    ('{"predict": [{}]}', "a model needs 3 configurations"),
    ('{"predict": {}}', '"predict" must be an array'),
    ('{"a": ' * 100 + "1" + "}" * 100, "nested deeper"),
    ('{"ask": "\\u0000"}', "not JSON"),
    ('{"ask": 1e999}', "not JSON"),
]


@pytest.mark.parametrize("line, message", BAD_LINES)
def test_a_bad_line_is_named_and_changes_nothing(client, line, message):
    client(space=SPACE, strategy="random", seed=1)
    before = client(ask=2)
    assert message in error(client.raw(line))
    assert client(tell=[{"id": 0, "value": 1}]) == {"ok": True}
    other = Client()
    other(space=SPACE, strategy="random", seed=1)
    assert other(ask=2) == before
    other(tell=[{"id": 0, "value": 1}])
    assert other(ask=2) == client(ask=2)
    assert other.close() == 0


def test_before_the_study_there_is_nothing_to_ask(client):
    assert 'first line must have "space"' in error(client(ask=1))


def test_empty_lines_get_no_reply_and_a_last_line_needs_no_end():
    text = "\n  \r\n" + json.dumps({"space": SPACE}) + '\n\n{"ask": 1}'
    done = subprocess.run([HONE, "ask-tell"], input=text, capture_output=True, text=True)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2


def test_bytes_that_are_no_text_and_lines_without_bound_are_served_an_error():
    line = b'{"ask": "' + b"x" * (17 << 20) + b'"}\n'
    out = subprocess.run([HONE, "ask-tell"], input=b"\xff\xfe\x00\n" + line + b'{"best": true}\n',
                         capture_output=True, check=True).stdout.decode()
    first, second, third = (error(json.loads(reply)) for reply in out.splitlines())
    assert "not JSON" in first
    assert second == "a line has at most 16777216 bytes"
    assert "first line" in third


def test_a_new_study_starts_afresh(client):
    client(space=SPACE)
    client(ask=3)
    client(space=[X], strategy="random")
    assert client(ask=1)["trials"][0]["id"] == 0


def test_an_argument_is_a_wrong_use():
    assert subprocess.run([HONE, "ask-tell", "x"], capture_output=True).returncode == 2
