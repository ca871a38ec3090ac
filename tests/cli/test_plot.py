"""hone plot: drawings in the terminal and as SVG."""

import xml.dom.minidom

import pytest

from lab import Lab

KINDS = ["history", "slice", "parallel", "curves", "importance", "timeline"]
PARAMETERS = """\
  lr: {type: float, min: 1.0e-5, max: 1.0e-1, scale: log}
  kind: {type: choice, values: ['<a>', b]}
  inner: {type: float, min: 0, max: 1, when: {kind: b}}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("plot"))
    lab.script("for step in 1 2 3; do echo m=$2$step; done\n")
    lab.study(trials=14, parallel=2, parameters=PARAMETERS, objective="{metric: m, goal: minimize}")
    lab.hone("run", "s.yaml", "--quiet")
    return lab


def dots(text):
    """How many Braille characters there are."""
    return sum(0x2800 < ord(c) <= 0x28FF for c in text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("columns", [60, 100])
def test_each_kind_fits_the_terminal(lab, kind, columns):
    text = lab.hone("plot", "s", kind, env={"COLUMNS": str(columns)}).stdout
    lines = text.splitlines()
    assert lines[0].startswith("s") and len(lines) > 4
    assert max(map(len, lines)) <= columns
    assert kind == "importance" or dots(text) > 5


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_written_as_svg(lab, kind):
    done = lab.hone("plot", "s", kind, "-o", f"{kind}.svg")
    assert done.stdout == f"wrote {kind}.svg\n"
    svg = xml.dom.minidom.parse(str(lab.folder / f"{kind}.svg"))
    assert len(svg.getElementsByTagName("circle")) + len(svg.getElementsByTagName("path")) >= 2
    for node in svg.getElementsByTagName("path"):
        assert "nan" not in node.getAttribute("d")


def test_slice_has_a_panel_each_parameter(lab):
    lab.hone("plot", "s", "slice", "-o", "slice.svg")
    svg = xml.dom.minidom.parse(str(lab.folder / "slice.svg"))
    texts = [node.firstChild.data for node in svg.getElementsByTagName("text") if node.firstChild]
    assert {"lr", "kind", "inner", "<a>", "b", "1e-05", "0.1"} <= set(texts)


def test_history_draws_the_best_so_far(tmp_path):
    """Imported values: the line is a staircase over 5, 3, 4, 1; the diverged one is at the edge."""
    lab = Lab(tmp_path)
    lab.study(parameters="  x: {type: float, min: 0, max: 1}\n",
              objective="{metric: m, goal: minimize}")
    values = [5, 3, 4, 1, 1e9]
    rows = [f"{i},{i / 10},{value}" for i, value in enumerate(values)]
    lab.write("old.csv", "trial,x,m\n" + "\n".join(rows) + "\n")
    lab.hone("import", "s.yaml", "old.csv")
    lab.hone("plot", "s", "history", "-o", "h.svg")
    svg = xml.dom.minidom.parse(str(tmp_path / "h.svg"))
    line = svg.getElementsByTagName("path")[0].getAttribute("d")
    heights = [float(part.split()[1]) for part in line.replace("M", "L").split("L")[1:]]
    y = {v: 40 + 264 * (1 - (min(v, 13) - 1) / (13 - 1)) for v in values}  # 13 = 4 + 3 (4 - 1)
    assert heights == pytest.approx([y[5], y[5], y[3], y[3], y[3], y[3], y[1], y[1], y[1]], abs=0.1)
    circles = [float(c.getAttribute("cy")) for c in svg.getElementsByTagName("circle")]
    assert circles == pytest.approx([y[v] for v in values], abs=0.1)


def test_a_front_is_drawn(tmp_path):
    lab = Lab(tmp_path)
    lab.study(objective="[{metric: a, goal: minimize}, {metric: b, goal: minimize}]")
    rows = [f"{i},{i / 20},{i},{10 - i if i % 2 else 12}" for i in range(10)]
    lab.write("old.csv", "trial,x,a,b\n" + "\n".join(rows) + "\n")
    lab.hone("import", "s.yaml", "old.csv")
    assert dots(lab.hone("plot", "s", "pareto").stdout) > 5
    lab.hone("plot", "s", "pareto", "-o", "p.svg")
    svg = xml.dom.minidom.parse(str(tmp_path / "p.svg"))
    strong = [c for c in svg.getElementsByTagName("circle") if c.getAttribute("fill") == "#c2410c"]
    assert len(strong) == 6  # 0, and the odd ones


def test_what_cannot_be_drawn_is_said(lab, tmp_path):
    assert 'no plot "pie"; there are history, slice' in \
        lab.hone("plot", "s", "pie", status=2).stderr
    assert "has one objective" in lab.hone("plot", "s", "pareto", status=1).stderr
    assert '"x" is no objective' in lab.hone("plot", "s", "slice", "--metric", "x",
                                             status=2).stderr
    assert "create no/where.svg" in lab.hone("plot", "s", "slice", "-o", "no/where.svg",
                                             status=3).stderr
    empty = Lab(tmp_path)
    empty.script("exit 1\n")
    empty.study(trials=1)
    empty.hone("run", "s.yaml", "--quiet", status=1)
    for kind in "history", "slice", "parallel":
        assert "no trial of s has completed yet" in empty.hone("plot", "s", kind, status=1).stderr
    assert "has printed a value yet" in empty.hone("plot", "s", "curves", status=1).stderr
