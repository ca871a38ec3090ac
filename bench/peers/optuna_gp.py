"""Optuna GPSampler, defaults (needs torch)."""

import optuna
import torch
from _optuna import run

torch.set_num_threads(1)
run(lambda study: optuna.samplers.GPSampler(seed=study["seed"]))
