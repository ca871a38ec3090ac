"""The same proposals, bit for bit, whatever the compiler, its optimisation, the vector registers
and the processor. tests/data/bits.txt has what they are. When a strategy is changed on purpose it
changes too; `build/tests/property/bits >tests/data/bits.txt` writes it anew."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ["HONE_SOURCE"])
STORED = SOURCE / "tests" / "data" / "bits.txt"
# No fused multiply-add unless the source says so: all that the bits need of a compiler.
FLAGS = ["-std=c11", "-D_GNU_SOURCE", '-DHONE_VERSION="bits"', "-ffp-contract=off",
         "-fno-math-errno", "-I", str(SOURCE / "engine"), "-I", str(SOURCE / "include")]
PLAIN = "-DHONE_NO_CLONES"
AVX2, AVX512 = ["-mavx2", "-mfma"], ["-mavx512f", "-mfma"]

# compiler, options, what the processor must have, how to run it elsewhere
BUILDS = {
    "gcc-O0": ("gcc", ["-O0", PLAIN], [], []),
    "gcc-O3": ("gcc", ["-O3", PLAIN], [], []),
    "gcc-O3-clones": ("gcc", ["-O3"], [], []),
    "gcc-O3-avx2": ("gcc", ["-O3", PLAIN, *AVX2], ["avx2", "fma"], []),
    "gcc-O3-avx512": ("gcc", ["-O3", PLAIN, *AVX512], ["avx512f", "fma"], []),
    "clang-O0": ("clang", ["-O0"], [], []),
    "clang-O3": ("clang", ["-O3"], [], []),
    "clang-O3-avx2": ("clang", ["-O3", *AVX2], ["avx2", "fma"], []),
    "clang-O3-avx512": ("clang", ["-O3", *AVX512], ["avx512f", "fma"], []),
    "aarch64-O0": ("aarch64-linux-gnu-gcc", ["-O0", "-static"], [], ["qemu-aarch64"]),
    "aarch64-O3": ("aarch64-linux-gnu-gcc", ["-O3", "-static"], [], ["qemu-aarch64"]),
}


def processor():
    try:
        return Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return []


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    assert done.stdout.count("\n") > 10
    return done.stdout


def test_the_build_agrees_with_what_is_stored():
    digests = run([os.environ["HONE_BITS"]])
    assert digests == STORED.read_text(), "other proposals than before: see the top of test_bits.py"


@pytest.mark.parametrize("name", BUILDS)
def test_another_build_agrees_with_what_is_stored(name, tmp_path):
    compiler, options, needs, emulator = BUILDS[name]
    for program in [compiler, *emulator]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if not emulator and platform.machine() != "x86_64" and (needs or "clones" in name):
        pytest.skip(f"the processor is {platform.machine()}")
    for feature in needs:
        if feature not in processor():
            pytest.skip(f"the processor has no {feature}")
    program = tmp_path / name
    sources = [*sorted((SOURCE / "engine").rglob("*.c")), SOURCE / "tests" / "property" / "bits.c"]
    subprocess.run([compiler, *FLAGS, *options, *map(str, sources), "-lm", "-o", str(program)],
                   check=True)
    assert run([*emulator, str(program)]) == STORED.read_text()
