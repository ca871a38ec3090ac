"""Optuna TPESampler, defaults (since version 5: multivariate, constant liar, without groups)."""

import optuna
from _optuna import run

run(lambda study: optuna.samplers.TPESampler(seed=study["seed"]))
