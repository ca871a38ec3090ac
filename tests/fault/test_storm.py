"""A dozen kills and freezes at random, with both kinds of store; bench/faults.py does more."""

import os

import pytest

from storm import Storm, storm
from database import Server

SEED = int(os.environ.get("HONE_TEST_SEED", "20261124"))


def test_a_study_in_a_file(tmp_path):
    print(storm(tmp_path, SEED, kills=6, trials=40))


def test_a_study_on_a_server(tmp_path):
    server = Server()
    reason = server.missing()
    if reason:
        pytest.skip(reason)
    try:
        print(storm(tmp_path, SEED + 1, kills=6, trials=40, server=server))
    finally:
        server.close()


def test_tuners_that_fight_for_a_study(tmp_path):
    """A lease is 1 s here, 60 s outside; 20 of them are 20 minutes there."""
    print(storm(tmp_path, SEED + 2, kills=10, trials=120, kinds=[Storm.freeze_tuner]))
