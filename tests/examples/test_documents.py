"""The pages that newcomers follow, followed to the letter.

A page's ```console blocks are a session: a line "$ COMMAND" is run and must end with 0; the lines
after it are what it prints, where a number stands for any number and "..." for any lines. A ```text
block after it is a picture of one run's output: others look alike, so nearly all its words must be
printed. A block that begins ```LANGUAGE file=NAME is a file that is written first. All of a page's
commands run in one shell; its folder holds a copy of examples/.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [page for page in ["README.md", "docs/simulate.md", "docs/tutorial/first-study.md",
                          "docs/tutorial/trade-offs.md",
                          "docs/tutorial/a-study-that-lives.md"] if (ROOT / page).exists()]
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.M | re.S)
END = "\x1e"


def session(text):
    """The page as steps: ("file", name, content), ("run", command, lines of output) or ("picture",
    None, text)."""
    steps = []
    for language, name, body in BLOCK.findall(text):
        if name:
            steps.append(("file", name, body))
        elif language == "console":
            for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
                command, *output = part.rstrip("\n").split("\n")
                while command.endswith("\\"):
                    command = command[:-1] + output.pop(0)
                steps.append(("run", command, output))
        elif language == "text":
            steps.append(("picture", None, body))
    return steps


def shape(line):
    """The line with numbers made alike and spaces made one."""
    line = re.sub(r"-?\d+([.,:]\d+)*(e[-+]?\d+)?", "#", line)
    return re.sub(r"[\s─━═-]{2,}|\s", " ", line).strip()


def matches(expected, printed):
    """Whether the output is what the page shows, where "..." stands for any lines."""
    pattern = "".join("(.*\n)*" if line.strip() == "..." else re.escape(shape(line)) + "\n"
                      for line in expected)
    return re.fullmatch(pattern, "".join(shape(line) + "\n" for line in printed))


def unlike(picture, printed):
    """The picture's words that were not printed, if they are more than two and than a tenth."""
    words = set(re.findall(r"[A-Za-z_]{3,}", picture))
    missing = words - set(re.findall(r"[A-Za-z_]{3,}", printed))
    return missing if len(missing) > max(2, len(words) / 10) else None


def script(steps):
    lines = ["exec 2>&1"]
    for kind, what, content in steps:
        if kind == "file":
            lines.append(f"cat >{what} <<'END OF FILE'\n{content}END OF FILE")
        elif kind == "run":
            lines.append(f"{what}\nprintf '\\n{END}%d\\n' $?")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", PAGES)
def test_page_can_be_followed(page, tmp_path):
    steps = session((ROOT / page).read_text(encoding="utf-8"))
    shutil.copytree(ROOT / "examples", tmp_path / "examples",
                    ignore=shutil.ignore_patterns(".hone", "__pycache__"))
    tools = [Path(os.environ["HONE"]).parent, ROOT / ".venv/bin"]
    path = ":".join([*map(str, tools), os.environ["PATH"]])
    (tmp_path / "session").write_text(script(steps), encoding="utf-8")
    run = subprocess.run(["bash", "session"], cwd=tmp_path, text=True, timeout=300,
                         env={**os.environ, "PATH": path, "NO_COLOR": "1"},
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    outputs = re.split(rf"\n{END}(\d+)\n", run.stdout)
    n = -1
    for kind, command, expected in steps:
        if kind == "run":
            n += 1
            printed, status = (outputs + ["", "not reached"])[2 * n:2 * n + 2]
            assert status == "0", f"$ {command}\n{printed}"
            if expected:
                assert matches(expected, printed.rstrip("\n").split("\n")), \
                    f"$ {command}\n{printed}\nis not like\n" + "\n".join(expected)
        elif kind == "picture":
            assert not unlike(expected, printed), f"{unlike(expected, printed)} not in\n{printed}"
    assert n >= 0
