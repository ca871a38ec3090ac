"""Optuna NSGAIISampler; population 20 instead of 50, since the budgets here are 50 to 100
evaluations."""

import optuna
from _optuna import run

run(lambda study: optuna.samplers.NSGAIISampler(seed=study["seed"], population_size=20))
