"""requirements.txt: an environment for each, made once."""

import io
import json
import zipfile

import pytest

from work import Work, tar_of


def wheel(name, text):
    packed = io.BytesIO()
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(f"{name}.py", text)
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\n"
                                       "Tag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    return packed.getvalue()


@pytest.fixture
def work(tmp_path):
    work = Work(tmp_path)
    work.job["cache"] = str(tmp_path / "cache")
    path = tmp_path / "honetestpackage-1.0-py3-none-any.whl"
    path.write_bytes(wheel("honetestpackage", "answer = 42\n"))
    work.requirement = str(path)
    return work


def test_requirements_are_installed_once(work):
    work.code(requirements__txt=work.requirement + "\n",
              train__py="import honetestpackage\nprint('answer', honetestpackage.answer)\n")
    assert work.run() == 0, work.log()
    assert "answer 42" in work.log() and "installing" in work.log()
    assert work.start(attempt=2).end() == 0, work.log()
    assert "answer 42" in work.log() and "installing" not in work.log()


def test_two_at_once_make_one(tmp_path, work):
    other = Work(tmp_path, job="other")
    other.job["cache"] = work.job["cache"]
    for one in work, other:
        one.code(requirements__txt=work.requirement + "\n", train__py="import honetestpackage\n")
    work.start()
    other.start()
    assert [work.end(), other.end()] == [0, 0], work.log() + other.log()
    assert (work.log() + other.log()).count("installing") == 1


def test_what_pip_cannot_install_fails_the_job(work):
    work.code(requirements__txt="./nothing-1.0-py3-none-any.whl\n", train__py="print('ran')\n")
    assert work.run() == 1
    assert "requirements.txt can't be installed" in work.reason()
    assert "ran" not in work.log()


def test_without_a_home_nothing_is_shared(work, monkeypatch):
    """A folder below /tmp could be another person's."""
    del work.job["cache"]
    for name in "HOME", "XDG_CACHE_HOME":
        monkeypatch.delenv(name, raising=False)
    work.code(requirements__txt=work.requirement + "\n", train__py="import honetestpackage\n")
    assert work.run() == 0, work.log()
    assert list((work.attempt / "environments").glob("*/ready"))
