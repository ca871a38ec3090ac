"""Optuna CmaEsSampler, defaults (needs cmaes); categories are sampled at random by Optuna."""

import optuna
from _optuna import run

run(lambda study: optuna.samplers.CmaEsSampler(seed=study["seed"], warn_independent_sampling=False))
