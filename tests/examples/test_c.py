"""The C example, built as its users build it: against what was installed, by pkg-config."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*words, **more):
    return subprocess.run([str(w) for w in words], check=True, text=True, stdout=subprocess.PIPE,
                          **more).stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with hone installed, and the environment in which pkg-config finds it."""
    root = tmp_path_factory.mktemp("installed")
    run("meson", "install", "-C", os.environ["HONE_BUILD"], "--no-rebuild", "--destdir", root)
    pc = next(root.rglob("hone.pc"))
    return {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(root),
            "LD_LIBRARY_PATH": str(pc.parent.parent)}


def flags(installed, *words):
    return run("pkg-config", *words, "hone", env=installed).split()


def best_value(printed):
    return float(re.search(r"best of 40 trials: x = \S+, y = \S+, value (\S+)\n", printed).group(1))


def compile_example(tmp_path, *options):
    program = tmp_path / "tune"
    run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", ROOT / "examples/c/tune.c", *options, "-o",
        program)
    return program


def test_the_example_tunes_with_the_shared_library(installed, tmp_path):
    program = compile_example(tmp_path, *flags(installed, "--cflags", "--libs"))
    assert "libhone.so.0" in run("ldd", program, env=installed)
    assert best_value(run(program, env=installed)) < 0.1


def test_the_example_tunes_with_the_static_library(installed, tmp_path):
    archive = next(Path(installed["PKG_CONFIG_SYSROOT_DIR"]).rglob("libhone.a"))
    program = compile_example(tmp_path, *flags(installed, "--cflags"), archive, "-lm")
    assert "libhone" not in run("ldd", program)
    assert best_value(run(program)) < 0.1


def test_a_program_may_use_any_name_of_ours_that_is_not_public(installed, tmp_path):
    clash = tmp_path / "clash.c"
    clash.write_text("#include <hone.h>\n"
                     "int mem_array(void) { return 1; }\nint linalg_cholesky(void) { return 2; }\n"
                     "int main(void)\n{\n"
                     "    hone_space *space = hone_space_new();\n"
                     "    hone_space_free(space);\n"
                     "    return space == NULL || mem_array() + linalg_cholesky() != 3;\n}\n")
    archive = next(Path(installed["PKG_CONFIG_SYSROOT_DIR"]).rglob("libhone.a"))
    program = tmp_path / "clash"
    run("cc", clash, *flags(installed, "--cflags"), archive, "-lm", "-o", program)
    run(program)


def test_hone_h_is_a_header_for_cplusplus(installed, tmp_path):
    source = tmp_path / "use.cc"
    source.write_text("#include <hone.h>\nint main() { return hone_version()[0] == 0; }\n")
    program = tmp_path / "use"
    run("c++", "-Wall", "-Werror", source, *flags(installed, "--cflags", "--libs"), "-o", program)
    run(program, env=installed)
