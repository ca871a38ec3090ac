"""The same proposals, bit for bit, whatever the optimisation and the vector registers."""

import os
import subprocess


def test_builds_agree():
    programs = os.environ["HONE_BITS"].split(":")
    digests = {}
    for program in programs:
        run = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True)
        digests[os.path.basename(program)] = run.stdout
    assert len(digests) > 1
    assert len(set(digests.values())) == 1, digests
