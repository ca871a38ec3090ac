"""What bash offers after a Tab, by the completion that is installed with hone."""

import os
import subprocess

import pytest

from lab import HONE, Lab

COMPLETION = os.path.join(os.environ["HONE_BUILD"], "docs/man/hone")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("completion"))
    subprocess.run([os.path.join(os.environ["HONE_BUILD"], "tests/cli/fill_store"),
                    ".hone/hone.db"], cwd=lab.folder, check=True)
    lab.write("segment.yaml", "")
    return lab


def offered(lab, *words):
    """What bash has for the last of these words."""
    script = ('source "$1"; shift; COMP_WORDS=(hone "$@"); COMP_CWORD=$#; _hone; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    path = f"{os.path.dirname(HONE)}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", script, "bash", COMPLETION, *words], cwd=lab.folder,
                          env={**lab.env, "PATH": path}, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return sorted(done.stdout.split())


@pytest.mark.parametrize("words, expected", [
    (["sta"], ["status"]),
    (["re"], ["refine", "replay", "resume", "retry"]),
    (["status", "se"], ["seg", "segment.yaml"]),
    (["status", "--w"], ["--watch"]),
    (["trials", "seg", "--"], ["--help", "--json", "--no-color", "--quiet", "--sort", "--store",
                               "--where"]),
    (["run", "seg"], ["seg", "segment.yaml"]),
])
def test_tab(lab, words, expected):
    assert offered(lab, *words) == expected
